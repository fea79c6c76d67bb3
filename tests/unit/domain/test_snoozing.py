"""Nobody is called while a lane is snoozed; who would have been is called at its end, if it still holds."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workers.contract import requests as ask
from workers.contract.drift import Level, Snooze
from workers.contract.envelope import stamp
from workers.contract.names import ArtifactName, EnvironmentName, Instant, VersionAsk
from workers.contract.outcomes import Able, Planned, Receipt
from workers.domain import decision as d

from .drifting import RULES, incident, measures, policy, told, watch, watched
from .worlds import ANA, BEN, BIOPSY, MIA, OLA, PROD, STAGING, Story, outcome, refused, version_of


def snoozes(
    story: Story, who: object = ANA, days: float = 2, environment: EnvironmentName | None = PROD, name: str = "biopsy"
) -> d.Decision:
    until = Instant.read(stamp(story.now + timedelta(days=days)))
    return story.says(who, ask.SnoozeDrift(ArtifactName.read(name), until, environment, "the new scanner"))  # type: ignore[arg-type]


def test_it_says_who_until_when_and_why() -> None:
    story = watched()
    decision = snoozes(story)
    assert decision.event == "drift_snoozed"
    assert watch(story).snooze == Snooze(ANA.id, stamp(story.now), Instant.read(stamp(story.now + timedelta(days=2))), "the new scanner")
    said = outcome(decision)
    assert isinstance(said, Receipt)
    assert ("measured all the same" in said.text, said.offers) == (True, ("unsnooze drift biopsy in prod",))
    assert story.folded() == story.world


def test_no_card_is_opened_and_who_would_have_been_called_is_called_at_the_end() -> None:
    story = watched()
    snoozes(story, days=2.5)
    for _ in range(2):
        assert measures(story, Level.ALERT).event == "measured"
    assert (story.world.incidents, story.ticks()) == ({}, [])
    story.later(hours=13)
    assert [one.event for one in story.ticks()] == ["drift_snooze_ended", "drift_alert"]
    assert (watch(story).snooze, told(story)) == (None, ["drift_alert"])


def test_on_the_card_and_in_the_thread_of_what_is_open() -> None:
    story = watched()
    for _ in range(2):
        measures(story, Level.ALERT)
    snoozes(story, days=1.5)
    assert incident(story).snooze == watch(story).snooze
    measures(story, Level.ALERT, "area")
    story.later(days=1)
    assert [one.event for one in story.ticks()] == ["drift_snooze_ended"]
    assert told(story) == ["drift_alert", "drift_snoozed", "drift_changed", "drift_still"]
    assert incident(story).snooze is None
    assert incident(story).events[1].because == "the new scanner"


def test_what_no_longer_holds_calls_nobody_at_the_end() -> None:
    story = watched()
    for _ in range(2):
        measures(story, Level.ALERT)
    snoozes(story, days=1.5)
    measures(story, Level.NONE)
    story.later(days=1).ticks()
    assert told(story)[-1] == "drift_snooze_ended"


def test_it_does_not_end_in_quiet_hours() -> None:
    story = watched("{rows: {type: parquet}, every: 1d, quiet: {from: '20:00', until: '09:00'}}")
    story.later(hours=(20 - story.now.hour) % 24)
    snoozes(story, days=0.1)
    assert story.later(hours=4).ticks() == []
    assert [one.event for one in story.later(hours=10).ticks()] == ["drift_snooze_ended"]


def test_unsnooze_calls_people_again() -> None:
    story = watched()
    snoozes(story)
    for _ in range(2):
        measures(story, Level.ALERT)
    assert story.says(BEN, ask.UnsnoozeDrift(BIOPSY)).event == "drift_unsnoozed"
    assert watch(story).snooze is None
    assert [one.event for one in story.ticks()] == ["drift_alert"]


def test_without_an_environment_it_is_every_one_where_the_model_is_watched() -> None:
    both = policy().replace("    run: [ops, ml-leads]\n", f"    run: [ops, ml-leads]\n    drift: {RULES}\n")
    story = Story(both).registers(version_of("v1.0.0"))
    story.live_in_prod("v1.0.0")
    decision = snoozes(story, environment=None)
    assert decision.detail["environments"] == [STAGING, PROD]
    assert all(story.world.drifts[where, BIOPSY].snooze for where in (STAGING, PROD))
    story.says(ANA, ask.UnsnoozeDrift(BIOPSY, STAGING))
    assert [story.world.drifts[where, BIOPSY].snooze is None for where in (STAGING, PROD)] == [True, False]


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"days": -1}, "past"),
        ({"days": 31}, "too-long"),
        ({"name": "unknown"}, "unknown-artifact"),
        ({"environment": STAGING}, "not-watched"),
        ({"environment": EnvironmentName.read("moon")}, "unknown-environment"),
    ],
)
def test_what_cannot_be_snoozed(wanted: dict[str, object], code: str) -> None:
    story = watched()
    assert refused(story, snoozes(story, **wanted)) == [code]  # type: ignore[arg-type]
    assert story.world.drifts == {}


def test_it_needs_the_right_to_request_there() -> None:
    story = Story(policy().replace('request: ["*"]', "request: [ml-leads]")).registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2).says(MIA, ask.Promote(VersionAsk.read("v1.0.0"), PROD, BIOPSY))
    assert refused(story, snoozes(story, OLA)) == ["right-request"]
    assert refused(story, story.says(OLA, ask.UnsnoozeDrift(BIOPSY, PROD))) == ["no-snooze"]
    snoozes(story, MIA)
    assert refused(story, story.says(OLA, ask.UnsnoozeDrift(BIOPSY, PROD))) == ["right-request"]
    can = story.says(OLA, ask.CanI(ask.Nested.of(ask.UnsnoozeDrift(BIOPSY, PROD), "unsnooze drift biopsy in prod")))
    found = outcome(can)
    assert isinstance(found, Able)
    assert found.answer == "no"


def test_nothing_to_lift() -> None:
    story = watched()
    assert refused(story, story.says(ANA, ask.UnsnoozeDrift(BIOPSY))) == ["no-snooze"]


def test_it_can_be_planned() -> None:
    story = watched()
    wanted = ask.SnoozeDrift(BIOPSY, Instant.read(stamp(story.now + timedelta(days=1))), PROD)
    found = outcome(story.says(ANA, ask.Plan(ask.Nested.of(wanted, "snooze drift biopsy in prod for 1d"))))
    assert isinstance(found, Planned)
    assert found.would == "It would be recorded: drift snoozed."
    assert story.world.drifts == {}
