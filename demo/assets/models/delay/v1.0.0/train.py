"""Train the delay model on the newest flights of the data set, and write everything that a version of it holds: `python train.py`.

A logistic regression in numpy alone, found by Newton's method. Each number counts as it is and from each of its quartiles on, so that
a steeper slope above 70 degrees is possible; the names of airports and carriers count one by one. The same data give the same bytes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import card
import flights
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from flights import NAMES, NUMBERS
from graph import onnx_of

HERE = Path(__file__).parent
QUARTILES = (0.25, 0.5, 0.75)
PENALTY = 1.0
ENOUGH = 1e-9
MOST_STEPS = 50
SEED = 13
REFERENCE_ROWS = 3000
GOLDEN_ROWS = 4


@dataclass(frozen=True)
class Fitted:
    """`knots` is `[3, numbers]`; `known` has the names of each column of names; `weights` has one for each feature, the last is constant."""

    knots: Any
    known: dict[str, list[str]]
    weights: Any


def main() -> None:
    """Train, measure on whole days that were held out, write."""
    table = flights.newest()
    days = sorted({str(day) for day in table["day"].to_pylist()})
    print(f"Read {len(table)} flights of {len(days)} days, {days[0]} to {days[-1]}", flush=True)
    learned, held_out = flights.split(table)
    fitted, steps = fit(learned)
    print(f"Learned from {len(learned)} of them in {steps} steps", flush=True)
    model = onnx_of(fitted.knots, fitted.known, fitted.weights)
    release, digest = flights.release()
    told = {"rows": len(held_out), "dataset": f"flights@{release}", "dataset_digest": digest}
    metrics = flights.measured(model, held_out) | told
    print(f"Measured on the {len(held_out)} of other days: auc {metrics['auc']}, log loss {metrics['log_loss']}", flush=True)
    write("model/model.onnx", model)
    write("metrics.json", as_json(metrics))
    write("README.md", card.text(metrics, len(learned), days[0], days[-1]).encode())
    write_golden(model, held_out)
    write_reference(model, table)
    declared = (HERE / "artifact.yaml").read_text()
    write("artifact.yaml", re.sub(r"(dataset: flights, version: )\S+(?=})", rf"\g<1>{release}", declared).encode())
    print(f"Wrote a model of {len(model)} bytes", flush=True)


def features(table: pa.Table, knots: Any, known: dict[str, list[str]]) -> Any:
    """What the regression weighs, `[n, features]`: numbers, what they are above each knot, names, and a constant."""
    numbers = np.column_stack([table[name].to_numpy().astype(np.float64) for name in NUMBERS])
    names = [table[name].to_numpy().astype(object)[:, None] == np.array(known[name], dtype=object) for name in NAMES]
    above = [np.maximum(numbers - knot, 0) for knot in knots]
    return np.column_stack([numbers, *above, *names, np.ones(len(table))]).astype(np.float64)


def fit(table: pa.Table) -> tuple[Fitted, int]:
    """The weights that make the flights most likely, less a penalty on their squares, and how many steps that took."""
    numbers = np.column_stack([table[name].to_numpy() for name in NUMBERS])
    knots = np.quantile(numbers.astype(np.float64), QUARTILES, axis=0)
    known = {name: sorted(set(table[name].to_pylist())) for name in NAMES}
    raw = features(table, knots, known)
    centre, spread = raw.mean(axis=0), raw.std(axis=0)
    centre[-1], spread = 0, np.where(spread > 0, spread, 1)
    weights, steps = newton((raw - centre) / spread, table[flights.LABEL].to_numpy())
    weights = weights / spread
    weights[-1] -= weights @ centre
    return Fitted(knots, known, weights), steps


def newton(rows: Any, truth: Any) -> tuple[Any, int]:
    """Logistic regression by Newton's method (iteratively reweighted least squares); the last column is constant and pays no penalty."""
    weights, penalty, steps = np.zeros(rows.shape[1]), np.full(rows.shape[1], PENALTY), 0
    penalty[-1], move = 0, np.ones(1)
    while np.abs(move).max() > ENOUGH and steps < MOST_STEPS:
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chance - truth) + penalty * weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(penalty)
        move = np.linalg.solve(bend, slope)
        weights, steps = weights - move, steps + 1
    return weights, steps


def write_golden(model: bytes, table: pa.Table) -> None:
    """Flights that the model calls punctual and flights that it calls late, as an inference request, and what answers it."""
    said, _ = flights.answers(model, table)
    rows = np.concatenate([np.flatnonzero(said == late)[: GOLDEN_ROWS // 2] for late in (0, 1)])
    chosen = table.take(pa.array(rows))
    columns = flights.inputs(chosen)
    given = [tensor(name, "FP32", [float(f"{value:.9g}") for value in columns[name].ravel()]) for name in NUMBERS]
    given += [tensor(name, "BYTES", columns[name].ravel().tolist()) for name in NAMES]
    late, score = flights.answers(model, chosen)
    expected = [tensor("late", "INT64", late.tolist()), tensor("score", "FP32", [round(float(value), 6) for value in score])]
    write("golden/input.json", as_json({"inputs": given}))
    write("golden/output.json", as_json({"outputs": expected}))


def write_reference(model: bytes, table: pa.Table) -> None:
    """Rows that stand for what the model learned, with what it answers for them: what live rows are compared with."""
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(table))[:REFERENCE_ROWS])
    rows = table.take(pa.array(chosen)).select([*NUMBERS, *NAMES, flights.LABEL])
    late, score = flights.answers(model, rows)
    rows = rows.append_column("late", pa.array(late)).append_column("score", pa.array(score.astype(np.float32)))
    (HERE / "drift").mkdir(exist_ok=True)
    pq.write_table(rows, HERE / "drift" / "reference.parquet", compression="zstd")


def tensor(name: str, datatype: str, values: list[Any]) -> dict[str, Any]:
    """One column in the JSON of the Open Inference Protocol V2."""
    return {"name": name, "shape": [len(values), 1], "datatype": datatype, "data": values}


def as_json(content: dict[str, Any]) -> bytes:
    """Indented JSON, in the given order."""
    return (json.dumps(content, indent=2) + "\n").encode()


def write(path: str, content: bytes) -> None:
    """Write one file of the version."""
    (HERE / path).parent.mkdir(exist_ok=True)
    (HERE / path).write_bytes(content)


if __name__ == "__main__":
    main()
