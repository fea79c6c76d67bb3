"""Measure one model on the flights that no model has learned from: `python evaluate.py FOLDER` prints its metrics as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import flights

(model,) = sorted(Path(sys.argv[1]).rglob("model.onnx"))
_, held_out = flights.split(flights.newest())
print(json.dumps(flights.measured(model.read_bytes(), held_out) | {"rows": len(held_out)}))
