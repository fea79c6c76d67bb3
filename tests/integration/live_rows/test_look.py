"""What the gate `drift` is told of a version: facts of a measurement, or that nobody can tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.live_rows.lane import PROD, Lane, table, times
from workers.contract.promotion import Result
from workers.domain.policy.rules import DriftRules, Rules
from workers.effects.drift_look import Drift
from workers.effects.gathering import Asked, Finding


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(tmp_path)


def look(lane: Lane) -> Finding:
    return Drift(lane.measuring())(Asked(lane.version, Rules(PROD, drift=DriftRules(lane.rows))))


def test_what_was_measured_says_what_it_is_worth(lane: Lane) -> None:
    lane.put("biopsy/a.parquet", {**table(3000, seed=2), "seen_at": times(3000)})
    found = look(lane)
    assert (found.result, found.source) == (Result.PASS, "biopsy")
    assert dict(found.facts) == {
        "verdict": "no drift",
        "rows": "3000",
        "from": "2026-11-19T10:00:00.000Z",
        "until": "2026-11-26T10:30:00.000Z",
    }
    lane.put("biopsy/a.parquet", {**table(3000, shift=4), "seen_at": times(3000)})
    found = look(lane)
    assert found.result is Result.FAIL
    facts = dict(found.facts)
    assert facts["verdict"] == "alert" and facts["worst"].startswith("size ")
    assert found.text.startswith("alert in prod: 1 of 2 columns drifted, most of all size")


def test_what_was_not_measured_cannot_be_told(lane: Lane) -> None:
    assert look(lane).result is Result.CANNOT_TELL
    lane.put("biopsy/a.parquet", b"PAR1")
    found = look(lane)
    assert (found.result, dict(found.facts)["verdict"]) == (Result.CANNOT_TELL, "broken input")
    without = Drift(lane.measuring())(Asked(lane.version, Rules(PROD)))
    assert (without.result, "has no `drift` there" in without.text) == (Result.CANNOT_TELL, True)
