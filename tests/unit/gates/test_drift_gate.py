"""The gate over what was measured of live rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.domain.worlds import version_of
from workers.contract.drift import ColumnDrift, DriftReport, Level, Window
from workers.contract.envelope import stamp
from workers.contract.evidence import Evidence
from workers.contract.promotion import Kind, RegisteredVersion, Result
from workers.domain.gates import drift

from .dossiers import NOW, PROD, STAGING, VERSION, judged, seen

LIVE = version_of("v1.0.0")
DRIFT = "[{drift: {}}]"


def report(level: Level, **changed: object) -> DriftReport:
    bare = DriftReport(
        VERSION.artifact, VERSION.version, PROD, level, f"It is {level.value}.", Window(None, None, 400),
        Window("2026-11-16T12:00:00.000Z", "2026-11-23T12:00:00.000Z", 300), stamp(NOW), VERSION.digest,
        columns=(ColumnDrift("radius", "number", level, psi="0.31"),), total=30, drifted=1,
    )  # fmt: skip
    return replace(bare, **changed)  # type: ignore[arg-type]


def measured(level: Level, age: timedelta = timedelta(0), **changed: object) -> tuple[Evidence, ...]:
    return (drift.evidence(report(level, **changed), stamp(NOW - age)),)


@pytest.mark.parametrize(
    ("level", "settings", "result"),
    [
        (Level.NONE, "{}", Result.PASS),
        (Level.WARNING, "{}", Result.PASS),
        (Level.ALERT, "{}", Result.FAIL),
        (Level.NONE, "{at_most: none}", Result.PASS),
        (Level.WARNING, "{at_most: none}", Result.FAIL),
        (Level.ALERT, "{at_most: alert}", Result.PASS),
        (Level.TOO_FEW, "{at_most: alert}", Result.CANNOT_TELL),
        (Level.BROKEN, "{at_most: alert}", Result.CANNOT_TELL),
    ],
)
def test_the_verdict_against_the_limit(level: Level, settings: str, result: Result) -> None:
    found = judged(f"[{{drift: {settings}}}]", live=LIVE, evidence=measured(level))
    assert found.result is result, found.text
    if result is Result.FAIL:
        assert "300 live rows until 2026-11-23T12:00:00.000Z (radius 0.31); at most" in found.text


def test_nobody_measured_or_too_long_ago() -> None:
    assert judged(DRIFT, live=LIVE).result is Result.CANNOT_TELL
    old = measured(Level.NONE, timedelta(hours=25))
    assert "too old, it may be 1d old" in judged(DRIFT, live=LIVE, evidence=old).text
    assert judged("[{drift: {at_most_age: 2d}}]", live=LIVE, evidence=old).result is Result.PASS


def test_rows_of_another_environment_prove_nothing_here() -> None:
    assert judged(DRIFT, live=LIVE, evidence=measured(Level.NONE, environment=STAGING)).result is Result.CANNOT_TELL


def test_where_nothing_runs_nothing_can_have_drifted() -> None:
    assert "nothing runs in prod yet" in judged(DRIFT).text
    assert judged(DRIFT).result is Result.PASS
    assert judged(DRIFT, evidence=measured(Level.TOO_FEW)).result is Result.PASS
    assert judged(DRIFT, evidence=measured(Level.ALERT)).result is Result.FAIL


@pytest.mark.parametrize("facts", [{}, {"verdict": "fine"}, {"rows": "300"}])
def test_what_could_not_be_looked_at_is_told_in_its_own_words(facts: dict[str, str]) -> None:
    found = judged(DRIFT, live=LIVE, evidence=(seen("drift", Result.PASS, facts, PROD),))
    assert (found.result, found.text.startswith("drift said pass; ask again")) == (Result.CANNOT_TELL, True)


def test_an_approval_binds_the_verdict_and_not_the_rows() -> None:
    one, other = (judged(DRIFT, live=LIVE, evidence=measured(Level.WARNING, digest=version.digest)) for version in (VERSION, LIVE))
    assert one.evidence == other.evidence != ()
    for other_level in (Level.NONE, Level.TOO_FEW, Level.ALERT):
        assert judged(DRIFT, live=LIVE, evidence=measured(other_level)).evidence != one.evidence


def test_it_is_for_models() -> None:
    service: RegisteredVersion = version_of("v1.0.0", "checkout", Kind.SERVICE)
    assert judged(DRIFT, service).result is Result.NOT_APPLICABLE
