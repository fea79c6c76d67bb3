"""The flights to learn from, as the data set's folder beside this model has them; and what a model answers for them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

NUMBERS = (
    "hour", "weekday", "distance", "temperature", "dew_point", "humidity", "wind", "rain", "pressure", "visibility", "late_before",
)  # fmt: skip
NAMES = ("origin", "carrier")
LABEL = "left_late"
DAYS = 45
EVERY_NTH_DAY = 4
DATA = Path(__file__).parents[2] / "datasets" / "flights" / "data"


def newest() -> pa.Table:
    """The flights of the newest 45 days that the data set has."""
    table = pq.read_table(DATA / "flights.parquet")
    last = np.datetime64(pc.max(table["day"]).as_py())
    return table.filter(pc.greater(table["day"], pa.scalar((last - DAYS).astype(object))))


def split(table: pa.Table) -> tuple[pa.Table, pa.Table]:
    """What to learn from, and what to measure on: every fourth day as a whole, because the flights of one day are late together."""
    days = table["day"].to_numpy()
    held = np.isin(days, np.unique(days)[EVERY_NTH_DAY - 1 :: EVERY_NTH_DAY])
    return table.filter(~held), table.filter(held)


def inputs(table: pa.Table) -> dict[str, Any]:
    """The columns that the model takes, each `[n, 1]`: numbers as FP32, names as text."""
    numbers = {name: table[name].to_numpy().astype(np.float32).reshape(-1, 1) for name in NUMBERS}
    return numbers | {name: table[name].to_numpy().astype(object).reshape(-1, 1) for name in NAMES}


def answers(model: bytes, table: pa.Table) -> tuple[Any, Any]:
    """What an ONNX file answers: `late` (0 or 1) and `score`, the chance that it is 1, each `[n]`."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    late, score = session.run(["late", "score"], inputs(table))
    return late.ravel(), score.ravel().astype(np.float64)


def measured(model: bytes, table: pa.Table) -> dict[str, float]:
    """AUC, accuracy and log loss of an ONNX file on flights whose end is known."""
    truth = table[LABEL].to_numpy()
    late, score = answers(model, table)
    sure = np.clip(np.where(truth == 1, score, 1 - score), 1e-7, 1)
    return {
        "auc": round(_auc(truth, score), 4),
        "accuracy": round(float(np.mean(late == truth)), 4),
        "log_loss": round(float(-np.mean(np.log(sure))), 4),
    }


def _auc(truth: Any, score: Any) -> float:
    """The share of pairs of a late and a punctual flight in which the late one has the higher score; ties count half."""
    _, place, times = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(times) - (times - 1) / 2)[place]
    late = int(truth.sum())
    return float((rank[truth == 1].sum() - late * (late + 1) / 2) / (late * (len(truth) - late)))


def release() -> tuple[str, str]:
    """The data set's version as it says itself, and its digest: SHA-256 over a line `<sha256> <size> <path>` for each file."""
    files = sorted((path.name, path.read_bytes()) for path in DATA.iterdir())
    lines = "".join(f"{hashlib.sha256(content).hexdigest()} {len(content)} {name}\n" for name, content in files)
    return json.loads(dict(files)["schema.json"])["release"], f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
