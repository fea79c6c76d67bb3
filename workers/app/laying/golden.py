"""A golden prediction to fill in: the tensors that an ONNX model takes and gives by name, type and shape, read from its bytes; values are missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workers.adapters.git.onnx_graph import OnnxGraph
from workers.adapters.git.reading import Unreadable
from workers.contract.promotion import Column

FILES = {"golden/input.json": "inputs", "golden/output.json": "outputs"}
_PIECE = 1 << 20
_TENSOR = re.compile(r"(\w+)\[(.*)\]")
_NAMES = {"float16": "FP16", "float32": "FP32", "float64": "FP64", "bfloat16": "BF16", "string": "BYTES", "bool": "BOOL"}
_WHOLE = re.compile(r"u?int(8|16|32|64)")
_UNKNOWN = {"name": "fill in", "shape": [1, 1], "datatype": "FP32", "data": []}


def skeleton(model: Path) -> dict[str, bytes]:
    """Both files by path, as the Open Inference Protocol V2 writes them. Registering refuses them until each tensor has as many values as its shape."""
    found = _graph(model) if model.suffix.lower() == ".onnx" else ((), ())
    tensors = ([one for column in columns if (one := _tensor(column))] for columns in found)
    return {
        path: (json.dumps({which: several or [_UNKNOWN]}, indent=2, ensure_ascii=False) + "\n").encode()
        for (path, which), several in zip(FILES.items(), tensors, strict=True)
    }


def _graph(model: Path) -> tuple[Iterable[Column], Iterable[Column]]:
    graph = OnnxGraph()
    try:
        with model.open("rb") as file:
            while piece := file.read(_PIECE):
                graph.feed(piece)
        return graph.finish()
    except Unreadable:
        return (), ()


def _tensor(column: Column) -> dict[str, Any] | None:
    """What is no tensor of the protocol (a map, a sequence) is left out; a size that the model leaves open is 1."""
    match = _TENSOR.fullmatch(column.type)
    word = match[1] if match else ""
    name = _NAMES.get(word) or (word.upper() if _WHOLE.fullmatch(word) else None)
    if match is None or name is None:
        return None
    sizes = [part.strip() for part in match[2].split(",") if part.strip()]
    return {"name": column.name, "shape": [int(size) if size.isdigit() else 1 for size in sizes], "datatype": name, "data": []}
