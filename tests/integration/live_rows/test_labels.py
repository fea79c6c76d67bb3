"""Once labels are there, a measurement says how good the predictions were; before, what the scores lead to expect."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from tests.integration.live_rows.lane import Lane, content, table, times
from workers.contract.drift import DriftReport, Realised
from workers.domain.drift import estimating, realised

SAID = (
    "drift: {reference: drift/reference.parquet, prediction: told, score: p, positive: 1, label: truth, labelled_at: known, ignore: [id]}\n"
)


def outputs(rows: int, seed: int = 4) -> dict[str, Any]:
    chance = np.random.default_rng(seed)
    score = chance.beta(2, 3, rows)
    return {"p": score, "told": (score > 0.5).astype(np.int64), "truth": (chance.random(rows) < score).astype(np.int64)}


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    columns = table(5000) | outputs(5000)
    del columns["label"]
    return Lane(tmp_path, said=SAID, reference=content(columns))


def metric(found: DriftReport, name: str, *, estimated: bool = False) -> Realised:
    (one,) = [one for one in found.realised if (one.metric, one.estimated) == (name, estimated)]
    return one


@pytest.mark.parametrize("empty", [None, float("nan")])
def test_rows_with_labels_say_how_good_predictions_were(lane: Lane, empty: float | None) -> None:
    rows, seen = 4000, times(4000)
    said = outputs(rows, 9)
    known = np.arange(rows) < 3000
    late = pa.array([int(one.as_py().timestamp() * 1e6) + 7_200_000_000 for one in seen], pa.int64()).cast(pa.timestamp("us", "UTC"))
    labels = [float(value) if is_known else empty for value, is_known in zip(said["truth"], known, strict=True)]
    lane.put("biopsy/a.parquet", table(rows, seed=2) | said | {"truth": pa.array(labels), "known": late, "seen_at": seen})
    found = lane.measure()
    accuracy = metric(found, "accuracy")
    assert (accuracy.now, accuracy.rows) == (f"{np.mean(said['told'][:3000] == said['truth'][:3000]):.4f}".rstrip("0"), 3000)
    assert accuracy.delay_hours is not None and float(accuracy.delay_hours) == pytest.approx(2, rel=0.15)
    exact = realised.of_scores(said["truth"][:3000] == 1, said["p"][:3000])
    for name in ("auc", "log_loss"):
        assert float(metric(found, name).now) == pytest.approx(exact[name], abs=0.002)
    assert metric(found, "auc").then == "0.9478", "as the version's evidence says"
    expected = estimating.expected(said["p"])
    for name in ("accuracy", "f1", "auc", "log_loss"):
        assert float(metric(found, name, estimated=True).now) == pytest.approx(expected[name], abs=0.005)
        assert metric(found, name, estimated=True).rows == rows
    assert {column.column for column in found.columns} == {"size", "kind"}
    assert found.prediction is not None and found.prediction.column == "p", "the score says more than what was made of it"
    assert lane.measure().digest == found.digest, "kept profiles say the same"


def test_no_labels_leave_what_scores_lead_to_expect(lane: Lane) -> None:
    said = outputs(1000, 9)
    del said["truth"]
    lane.put("biopsy/a.parquet", table(1000) | said | {"seen_at": times(1000)})
    found = lane.measure()
    assert found.realised and all(one.estimated for one in found.realised)


def test_fewer_labels_than_a_verdict_needs_say_nothing(lane: Lane) -> None:
    said = outputs(1000, 9)
    labels = pa.array([int(one) if i < 100 else None for i, one in enumerate(said["truth"])])
    lane.put("biopsy/a.parquet", table(1000) | said | {"truth": labels, "seen_at": times(1000)})
    assert all(one.estimated for one in lane.measure().realised)


def test_quantities_are_measured_by_distance(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    declared = "drift: {reference: drift/reference.parquet, prediction: told, label: truth, ignore: [id]}\n"
    reference = content({"size": chance.normal(size=3000), "told": chance.normal(5, 1, 3000), "truth": chance.normal(5, 1, 3000)})
    lane = Lane(tmp_path, said=declared, reference=reference)
    told, truth = chance.normal(5, 1, 2000), chance.normal(5, 1, 2000)
    lane.put("biopsy/a.parquet", {"size": chance.normal(size=2000), "told": told, "truth": truth, "seen_at": times(2000)})
    found = lane.measure()
    assert float(metric(found, "mae").now) == pytest.approx(np.mean(np.abs(told - truth)), abs=1e-3)
    assert float(metric(found, "rmse").now) == pytest.approx(np.sqrt(np.mean((told - truth) ** 2)), abs=1e-3)
    assert stats.ks_2samp(told, chance.normal(5, 1, 3000)).pvalue > 0.001, "nothing else has changed"


def test_labels_and_scores_of_a_strange_kind_say_nothing(lane: Lane) -> None:
    strange = {"p": np.full(1000, 7.5), "told": ["?"] * 1000, "truth": [[1]] * 1000, "known": ["never"] * 1000}
    lane.put("biopsy/a.parquet", table(1000) | strange | {"seen_at": times(1000)})
    assert [one for one in lane.measure().realised if one.estimated] == []
