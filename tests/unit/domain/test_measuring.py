"""What becomes of a measurement: evidence, the watch, an incident after two windows in a row, and never anything done by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from workers.contract import requests as ask
from workers.contract.drift import MOST_COLUMNS, ColumnDrift, IncidentState, Level, Realised
from workers.contract.envelope import Envelope
from workers.contract.evidence import Evidence
from workers.contract.names import ArtifactName, Duration, EnvironmentName, Version
from workers.contract.promotion import Result
from workers.contract.retraining import How, Recipe
from workers.contract.wire import canonical
from workers.domain.policy import read
from workers.domain.state import World

from .drifting import RULES, auc, incident, measures, owned, report, told, watch, watched
from .worlds import ANA, BEN, BIOPSY, CHANNEL, POLICY, PROD, STAGING, Story, version_of


def asks_drift(story: Story, last: str | None = None) -> Envelope:
    return story.asks(ANA, ask.ShowDrift(BIOPSY, PROD, Duration.read(last) if last else None))


def evidence_of(world: World, version: str = "v1.0.0") -> Evidence | None:
    return world.seen(BIOPSY, Version.read(version), "drift", PROD)


def test_it_is_evidence_with_its_digest_and_summary() -> None:
    story = watched()
    decision = measures(story, Level.WARNING, "radius")
    found = story.world.seen(BIOPSY, Version.read("v1.0.0"), "drift", PROD)
    assert found is not None
    assert (found.result, found.digest, dict(found.facts)["rows"]) == (Result.PASS, report(Level.WARNING, "radius").digest, "300")
    assert decision.detail["drift"]["digest"] == found.digest
    assert story.folded() == story.world


def test_people_are_called_at_the_second_window_in_a_row_and_once() -> None:
    story = watched()
    assert measures(story, Level.ALERT).event == "measured"
    assert story.world.incidents == {}
    decision = measures(story, Level.ALERT)
    assert decision.event == "drift_alert"
    opened = incident(story)
    assert (opened.state, opened.channel, opened.owners, opened.in_a_row) == (IncidentState.DRIFT, CHANNEL, ("UANA", "UDANA"), 2)
    assert opened.id == f"I-{story.world.seq}"
    assert (told(story), opened.offers) == (["drift_alert"], ())
    assert decision.effects == ()
    for _ in range(3):
        assert measures(story, Level.ALERT).event == "measured"
    assert (told(story), incident(story).in_a_row, len(story.world.incidents)) == (["drift_alert"], 5, 1)
    assert story.live() == "v1.0.0"


@pytest.mark.parametrize("between", [Level.NONE, Level.WARNING])
def test_a_window_without_an_alert_breaks_the_row(between: Level) -> None:
    story = watched()
    for level in (Level.ALERT, between, Level.ALERT, between):
        measures(story, level)
    assert story.world.incidents == {}
    assert watch(story).in_a_row == 0


def test_a_window_with_too_few_rows_neither_counts_nor_breaks_the_row() -> None:
    story = watched()
    for level in (Level.ALERT, Level.TOO_FEW, Level.TOO_FEW):
        measures(story, level)
    assert (story.world.incidents, watch(story).in_a_row) == ({}, 1)
    assert measures(story, Level.ALERT).event == "drift_alert"


def test_the_policy_says_how_many_windows() -> None:
    story = watched("{rows: {type: parquet}, every: 1d, in_a_row: 1}")
    assert measures(story, Level.ALERT).event == "drift_alert"
    assert incident(story).events[0].text.startswith("One window. ")


def test_only_what_changed_is_told_in_the_thread() -> None:
    story = watched()
    for alerts in (("radius",), ("radius",), ("radius",), ("radius", "area"), ("radius", "area")):
        measures(story, Level.ALERT, *alerts)
    assert told(story) == ["drift_alert", "drift_changed"]
    measures(story, Level.WARNING)
    assert told(story)[2:] == ["drift_changed"]
    assert incident(story).state is IncidentState.DRIFT
    measures(story, Level.ALERT)
    assert (told(story)[3:], incident(story).ended_at) == (["drift_changed"], None)


def test_two_calm_windows_end_it_and_the_next_one_is_another() -> None:
    story = watched()
    for level in (Level.ALERT, Level.ALERT, Level.NONE):
        measures(story, level)
    assert measures(story, Level.WARNING).event == "drift_over"
    over = incident(story)
    assert (over.state, over.ended_at is not None, over.report.verdict) == (IncidentState.OVER, True, Level.WARNING)
    assert watch(story).incident is None
    for _ in range(2):
        measures(story, Level.ALERT)
    assert len(story.world.incidents) == 2


def test_in_the_thread_of_its_card_nobody_needs_to_name_the_model() -> None:
    story = watched(RULES, "v2.0.0")
    story.registers(version_of("v1.0.0", "other"))
    story.live_in_prod("v2.0.0")
    for _ in range(2):
        measures(story, Level.ALERT, version="v2.0.0")
    assert story.card(incident(story).id, "7.1", "CELSEWHERE").event == "card_posted"
    assert story.card(incident(story).id, "7.1", "CELSEWHERE").event is None
    assert told(story) == ["drift_alert", "card_posted"]
    assert story.folded() == story.world
    said = story.says(BEN, ask.Rollback(PROD), thread="7.1", channel="CELSEWHERE")
    assert said.promotion is not None
    assert (said.promotion.artifact, said.promotion.rollback) == (BIOPSY, True)


def test_only_what_can_be_done_is_offered() -> None:
    story = watched(RULES, "v2.0.0")
    story.registers(replace(owned("v3.0.0"), retrain=Recipe(How.COMMAND, ("python", "train.py"))))
    story.live_in_prod("v2.0.0")
    for _ in range(2):
        measures(story, Level.ALERT, version="v2.0.0")
    assert incident(story).offers == ("retrain", "rollback")
    measures(story, Level.BROKEN, version="v2.0.0")
    assert incident(story).offers == ()


def test_broken_input_opens_one_of_its_own_kind() -> None:
    story = watched()
    measures(story, Level.BROKEN)
    assert measures(story, Level.BROKEN).event == "drift_alert"
    assert (incident(story).state, incident(story).offers) == (IncidentState.BROKEN, ())
    assert "The live rows cannot be compared: the column radius is gone. Nothing is trained" in incident(story).events[0].text
    measures(story, Level.ALERT)
    assert (incident(story).state, told(story)) == (IncidentState.DRIFT, ["drift_alert", "drift_changed"])


def test_a_question_counts_only_as_a_window_of_its_own() -> None:
    story = watched()
    measures(story, Level.ALERT)
    for _ in range(5):
        assert measures(story.later(minutes=5), Level.ALERT, asked=asks_drift(story)).event == "measured"
    assert watch(story).in_a_row == 1
    assert measures(story.later(hours=12), Level.ALERT, asked=asks_drift(story)).event == "drift_alert"


def test_the_same_window_measured_twice_counts_once() -> None:
    story = watched()
    measures(story, Level.ALERT)
    story.later(minutes=6)
    story.reports(ask.Measured(report(Level.ALERT, "area")))
    assert (watch(story).in_a_row, watch(story).before) == (1, None)
    assert watch(story).report is not None
    assert next(one.column for one in watch(story).report.columns) == "area"  # type: ignore[union-attr]


def test_where_nobody_watches_it_is_evidence_alone() -> None:
    story = watched("{rows: {type: parquet}}")
    for _ in range(4):
        measures(story, Level.ALERT)
    assert story.world.incidents == {}
    assert evidence_of(story.world)


def test_an_answer_about_another_window_is_kept_nowhere() -> None:
    story = watched()
    assert measures(story.later(days=1), Level.NONE, asked=asks_drift(story, "1h")).event is None
    assert (story.world.drifts, evidence_of(story.world)) == ({}, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"artifact": ArtifactName.read("other")},
        {"version": Version.read("v9.0.0")},
        {"environment": STAGING},
        {"environment": EnvironmentName.read("moon")},
        {"version": Version.read("v2.0.0")},
    ],
)
def test_what_nobody_asked_for_and_is_of_nothing_watched_is_dropped(changed: dict[str, object]) -> None:
    story = watched(RULES, "v2.0.0")
    found = report(Level.ALERT)
    decision = story.later(days=1).reports(ask.Measured(replace(found, **changed)))  # type: ignore[arg-type]
    assert decision.event is None


def test_a_version_that_is_not_live_is_evidence_when_somebody_asked() -> None:
    story = watched(RULES, "v2.0.0")
    assert measures(story, Level.NONE, version="v2.0.0", asked=asks_drift(story)).event == "measured"
    assert evidence_of(story.world, "v2.0.0")
    assert story.world.drifts == {}


def test_a_late_report_changes_nothing() -> None:
    story = watched()
    assert story.reports(ask.Measured(report(Level.ALERT)), aged=timedelta(hours=1)).event is None


def test_a_new_version_ends_it_and_begins_anew() -> None:
    story = watched(RULES, "v2.0.0")
    for _ in range(2):
        measures(story, Level.ALERT)
    story.succeeds("v2.0.0", "staging")
    story.later(hours=2)
    story.succeeds("v2.0.0", "prod", BEN)
    (ended,) = story.ticks()
    assert (ended.event, incident(story).events[-1].text) == ("drift_over", "v2.0.0 is live now.")
    assert (watch(story).incident, watch(story).in_a_row) == (None, 0)
    measures(story, Level.ALERT, version="v2.0.0")
    assert (watch(story).in_a_row, watch(story).before, watch(story).former_version) == (1, None, "v1.0.0")
    assert measures(story, Level.ALERT, version="v2.0.0").event == "drift_alert"


def test_a_measurement_of_the_new_version_ends_the_old_ones_incident_too() -> None:
    story = watched(RULES, "v2.0.0")
    for _ in range(2):
        measures(story, Level.ALERT)
    story.live_in_prod("v2.0.0")
    assert measures(story, Level.ALERT, version="v2.0.0").event == "drift_over"
    assert (watch(story).incident, watch(story).in_a_row) == (None, 1)


def test_a_metric_that_falls_after_a_promotion_is_told_and_nothing_is_done() -> None:
    story = watched(RULES, "v2.0.0")
    measures(story, Level.NONE, realised=auc("0.94"))
    p = story.live_in_prod("v2.0.0")
    measures(story, Level.NONE, version="v2.0.0", realised=auc("0.90"))
    decision = measures(story, Level.NONE, version="v2.0.0", realised=auc("0.90"))
    found = incident(story)
    assert (decision.event, found.state) == ("drift_alert", IncidentState.FALLING)
    assert found.fallen is not None
    assert (found.fallen.before, found.fallen.now, found.fallen.version, found.fallen.promotion) == ("0.94", "0.90", "v1.0.0", p)
    assert "Nothing is rolled back by itself." in found.events[0].text
    assert (decision.effects, story.live(), found.offers) == ((), "v2.0.0", ("rollback",))
    for _ in range(2):
        measures(story, Level.NONE, version="v2.0.0", realised=auc("0.95"))
    assert incident(story).state is IncidentState.OVER


@pytest.mark.parametrize(
    ("realised", "days"),
    [
        (auc("0.936"), 0),
        (auc("0.80", rows=199), 0),
        ((Realised("auc", "0.80", 300, "0.95", estimated=True),), 0),
        ((Realised("auc", "no number", 300, "0.95"),), 0),
        ((Realised("profit", "8", 300, "900"),), 0),
        (auc("0.80"), 15),
    ],
    ids=["within the policy's bound", "few rows", "an estimate", "no number", "nobody knows how much is much", "long after"],
)
def test_what_is_no_fall_after_a_promotion(realised: tuple[Realised, ...], days: int) -> None:
    story = watched(RULES, "v2.0.0")
    measures(story, Level.NONE, realised=auc("0.94"))
    story.live_in_prod("v2.0.0")
    story.later(days=days)
    for _ in range(3):
        measures(story, Level.NONE, version="v2.0.0", realised=realised)
    assert story.world.incidents == {}


@pytest.mark.parametrize(("metric", "now", "falls"), [("brier", "0.30", True), ("brier", "0.10", False), ("accuracy", "0.10", True)])
def test_lower_is_better_for_errors_where_the_policy_is_silent(metric: str, now: str, falls: bool) -> None:
    story = watched(RULES, "v2.0.0")
    story.live_in_prod("v2.0.0")
    for _ in range(2):
        measures(story, Level.NONE, version="v2.0.0", realised=(Realised(metric, now, 300, "0.20"),))
    assert bool(story.world.incidents) is falls


def test_where_there_is_no_way_back_a_fall_is_not_told_as_one() -> None:
    story = watched()
    for _ in range(2):
        measures(story, Level.NONE, realised=auc("0.50"))
    assert story.world.incidents == {}


def test_a_rollback_is_not_to_blame() -> None:
    story = watched(RULES, "v2.0.0")
    story.live_in_prod("v2.0.0")
    story.says(BEN, ask.Rollback(PROD, BIOPSY))
    p = max(story.world.promotions, key=lambda id_: id_.number)
    story.restores(p) if story.state(p) == "rolling_back" else story.deploys(p)
    story.verifies(p)
    assert story.live() == "v1.0.0"
    for _ in range(2):
        measures(story, Level.NONE, realised=auc("0.50"))
    assert story.world.incidents == {}


def test_at_night_nobody_is_called_and_in_the_morning_if_it_still_holds() -> None:
    story = watched("{rows: {type: parquet}, every: 1d, quiet: {from: '20:00', until: '09:00', timezone: Europe/Amsterdam}}")
    story.later(hours=(22 - story.now.hour) % 24)
    for _ in range(2):
        assert measures(story, Level.ALERT).event == "measured"
    assert story.ticks() == []
    story.later(hours=(9 - story.now.hour) % 24)
    (decision,) = story.ticks()
    assert (decision.event, told(story)) == ("drift_alert", ["drift_alert"])
    assert story.ticks() == []


def test_what_is_over_by_morning_calls_nobody() -> None:
    story = watched("{rows: {type: parquet}, every: 2h, quiet: {from: '20:00', until: '09:00'}}")
    story.later(hours=(20 - story.now.hour) % 24)
    for level in (Level.ALERT, Level.ALERT, Level.NONE):
        story.later(hours=2).reports(ask.Measured(report(level)))
    story.later(hours=(10 - story.now.hour) % 24)
    assert (story.ticks(), story.world.incidents) == ([], {})


def test_a_policy_that_no_longer_watches_ends_it() -> None:
    story = watched()
    for _ in range(2):
        measures(story, Level.ALERT)
    story.world = replace(story.world, policy=read(POLICY))
    (ended,) = story.ticks()
    assert (ended.event, "no longer watches" in incident(story).events[-1].text) == ("drift_over", True)


def test_a_measurement_is_cut_to_what_the_ledger_keeps() -> None:
    story = watched()
    column = ColumnDrift("x\n" * 900, "number", Level.ALERT, psi="9" * 900, notes=("n" * 900,) * 9)
    measures(story, Level.ALERT, columns=(column,) * 50, text="t\n" * 900, problems=("p" * 900,) * 50, source="s" * 900)
    kept = watch(story).report
    assert kept is not None
    assert len(kept.columns) == MOST_COLUMNS
    assert len(canonical(watch(story))) < 100_000
    assert "\n" not in kept.text + kept.columns[0].column


def test_nothing_registered_is_measured_of_a_service() -> None:
    story = watched()
    story.registers(version_of("v1.0.0", "checkout"))
    assert measures(story, Level.ALERT, artifact=ArtifactName.read("checkout")).event is None
