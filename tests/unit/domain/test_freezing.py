"""`freeze`, `lock` and their ends: nothing begins meanwhile, what was approved starts by itself afterwards."""

from __future__ import annotations

import pytest

from workers.contract import requests as ask
from workers.contract.actors import Actor
from workers.contract.names import Duration, Instant, PromotionId
from workers.contract.outcomes import Announcement, Receipt, Refused
from workers.contract.stopped import Freezes, Locks
from workers.domain import decision as d
from workers.domain import layout, policy

from .worlds import ANA, BEN, BIOPSY, MIA, OLA, POLICY, PROD, STAGING, VAULT, Story, outcome, reasons, refused, version_of

NOON, EVENING = Instant("2026-11-23T12:00:00.000Z"), Instant("2026-11-23T20:00:00.000Z")


@pytest.fixture
def story() -> Story:
    """v1 and v2 soaked in staging (P-1, P-2); it is ten."""
    story = Story().registers(version_of("v1.0.0"), version_of("v2.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.succeeds("v2.0.0", "staging")
    return story.later(hours=2)


def freezes(story: Story, until: Instant = NOON, who: Actor = BEN, because: str = "audit week") -> d.Decision:
    return story.says(who, ask.Freeze(PROD, until, because))


def locks(story: Story, who: Actor = BEN, lasts: str | None = None, because: str = "I compare") -> d.Decision:
    return story.says(who, ask.Lock(BIOPSY, PROD, because, Duration(lasts) if lasts else None))


def approved(story: Story, version: str = "v1.0.0") -> str:
    asked = story.promotes(ANA, version)
    assert asked.promotion is not None
    story.says(BEN, ask.Approve(asked.promotion.id))
    return str(asked.promotion.id)


def told(decision: d.Decision) -> Announcement:
    (found,) = decision.announce
    assert isinstance(found, Announcement)
    return found


def test_what_is_approved_in_a_freeze_is_queued_with_the_reason_and_starts_at_its_end(story: Story) -> None:
    decision = freezes(story)
    assert (decision.event, decision.about) == ("frozen", (None, None, PROD))
    assert told(decision).offers == ("unfreeze prod",)
    id_ = approved(story)
    assert story.state(id_) == "queued"
    assert story.promotion(id_).reasons == (f"prod is frozen until {NOON} by {BEN.id}: audit week",)
    assert story.promotion(id_).look_at == NOON
    assert story.ticks() == []
    assert [one.event for one in story.later(hours=2).ticks()] == ["freeze_ended", "deploying"]
    assert story.state(id_) == "deploying"
    assert not story.world.freezes
    assert story.world == story.folded()


def test_a_freeze_that_is_lifted_lets_the_queue_go(story: Story) -> None:
    freezes(story)
    id_ = approved(story)
    assert refused(story, story.says(ANA, ask.Unfreeze(PROD))) == ["right-run"]
    lifted = story.says(MIA, ask.Unfreeze(PROD, "it is over"))
    assert lifted.event == "unfrozen"
    assert "it is over" in told(lifted).text
    assert [one.event for one in story.ticks()] == ["deploying"]
    assert story.state(id_) == "deploying"
    assert refused(story, story.says(MIA, ask.Unfreeze(PROD))) == ["no-freeze"]


def test_a_second_freeze_takes_the_place_of_the_first_and_says_so(story: Story) -> None:
    freezes(story)
    again = freezes(story, EVENING, MIA, "incident")
    assert f"takes the place of the freeze until {NOON}" in told(again).text
    (only,) = story.world.freezes.values()
    assert (only.until, only.by) == (EVENING, MIA.id)
    assert "replaced" in again.detail


def test_a_freeze_stops_no_deployment_that_runs_and_no_rollback(story: Story) -> None:
    first = approved(story)
    decision = freezes(story)
    assert f"It does not stop {first} (biopsy v1.0.0, deploying)" in told(decision).text
    story.deploys(first)
    story.verifies(first)
    assert story.live() == "v1.0.0"
    second = approved(story, "v2.0.0")
    assert story.state(second) == "queued"
    story.says(BEN, ask.Unfreeze(PROD))
    story.ticks()
    story.deploys(second)
    story.verifies(second)
    freezes(story, EVENING)
    story.says(BEN, ask.Rollback(PROD, BIOPSY))
    assert story.promotion("P-5").state.value == "deploying"


def test_a_queued_one_is_told_once_that_its_reasons_are_others(story: Story) -> None:
    story.registers(version_of("v3.0.0"))
    story.succeeds("v3.0.0", "staging")
    id_ = approved(story, "v3.0.0")
    assert story.promotion(id_).reasons[0].startswith("soaking in staging")
    freezes(story)
    (told_anew,) = story.ticks()
    assert (told_anew.event, story.state(id_)) == ("queued", "queued")
    assert len(story.promotion(id_).reasons) == 2
    assert story.promotion(id_).look_at == NOON
    assert story.ticks() == []


def test_a_freeze_needs_the_right_to_run_a_reason_and_a_time_to_come(story: Story) -> None:
    assert refused(story, freezes(story, who=ANA)) == ["right-run"]
    assert refused(story, freezes(story, Instant("2026-11-23T10:00:00.000Z"), because=" ")) == ["past", "because"]
    assert freezes(story).event == "frozen"


def test_an_environment_that_is_not_there_cannot_be_frozen(story: Story) -> None:
    decision = story.says(BEN, ask.Freeze(type(PROD).read("prodd"), NOON, "x"))
    assert refused(story, decision) == ["unknown-environment"]


def test_only_the_owners_promotions_begin_under_a_lock(story: Story) -> None:
    decision = locks(story, ANA, "2h")
    assert (decision.event, decision.about) == ("locked", (BIOPSY, None, PROD))
    assert approved(story) == "P-3"
    assert story.state("P-3") == "deploying"
    story.deploys("P-3")
    story.verifies("P-3")
    story.promotes(OLA, "v2.0.0")
    story.says(BEN, ask.Approve(PromotionId("P-4")))
    assert story.promotion("P-4").reasons == (f"locked until {NOON} by {ANA.id}: I compare",)
    assert [one.event for one in story.later(hours=2).ticks()] == ["lock_ended", "deploying"]
    assert story.world == story.folded()


def test_a_lock_without_end_is_for_those_who_run_the_environment(story: Story) -> None:
    assert refused(story, locks(story, ANA)) == ["lock-length"]
    assert refused(story, locks(story, ANA, "2d")) == ["lock-length"]
    assert locks(story, BEN).event == "locked"
    assert refused(story, story.says(ANA, ask.Lock(BIOPSY, VAULT, "x", Duration("1h")))) == ["right-request"]


def test_a_lock_belongs_to_one_person_until_it_is_lifted_or_stolen(story: Story) -> None:
    locks(story, ANA, "2h")
    other = locks(story, BEN)
    assert refused(story, other) == ["locked"]
    found = outcome(other)
    assert isinstance(found, Refused)
    assert found.suggestions == ("steal lock biopsy in prod because I compare",)
    assert refused(story, story.says(OLA, ask.Unlock(BIOPSY, PROD))) == ["right-run"]
    assert refused(story, story.says(OLA, ask.StealLock(BIOPSY, PROD, "x"))) == ["right-run"]
    stolen = story.says(BEN, ask.StealLock(BIOPSY, PROD, "Ana is away"))
    assert (stolen.event, told(stolen).calls) == ("lock_stolen", (ANA.id,))
    (lock,) = story.world.locks.values()
    assert (lock.by, lock.until, lock.because) == (BEN.id, NOON, "Ana is away")
    assert isinstance(outcome(story.says(BEN, ask.StealLock(BIOPSY, PROD, "again"))), Receipt)
    unlocked = story.says(MIA, ask.Unlock(BIOPSY, PROD))
    assert (unlocked.event, told(unlocked).calls) == ("unlocked", (BEN.id,))
    assert refused(story, story.says(MIA, ask.Unlock(BIOPSY, PROD))) == ["no-lock"]
    assert refused(story, story.says(MIA, ask.StealLock(BIOPSY, PROD, "x"))) == ["no-lock"]


def test_ones_own_lock_can_be_renewed_and_an_old_one_does_not_count(story: Story) -> None:
    locks(story, ANA, "1h")
    assert "this is the new reason and end" in told(locks(story, ANA, "2h", "longer")).text
    story.later(hours=3)
    assert locks(story, BEN).event == "locked"


def test_what_is_locked_and_frozen_can_be_seen(story: Story) -> None:
    freezes(story)
    locks(story, BEN)
    assert outcome(story.says(ANA, ask.ShowFreezes())) == Freezes(tuple(story.world.freezes.values()))
    assert outcome(story.says(ANA, ask.ShowLocks(BIOPSY))) == Locks(tuple(story.world.locks.values()))
    assert outcome(story.says(ANA, ask.ShowLocks(None, STAGING))) == Locks()
    story.later(hours=3)
    assert outcome(story.says(ANA, ask.ShowFreezes(PROD))) == Freezes()


def test_channels_about_the_artifact_and_those_told_of_all_hear_of_it() -> None:
    channels = "  CBIOPSY: {artifact: biopsy}\n  COPS: {announce: true}\n  COTHER: {artifact: digits}\n"
    found = policy.read(POLICY.replace("  CBIOPSY: {artifact: biopsy, announce: true}\n", channels))
    assert found.told_of(BIOPSY) == ("COPS", "CBIOPSY")
    assert found.told_of(None) == ("COPS",)


def test_each_document_lies_in_its_place(story: Story) -> None:
    freezes(story)
    locks(story)
    assert {"freezes/prod.yaml", "locks/prod/biopsy.yaml"} <= set(story.files)
    assert layout.read(type(next(iter(story.world.locks.values()))), story.files["locks/prod/biopsy.yaml"]).by == BEN.id


def test_refusals_say_who_could(story: Story) -> None:
    (reason,) = reasons(freezes(story, who=ANA))
    assert reason.clears == "may: ml-leads"


def test_what_the_policy_freezes_now_is_shown_beside_what_people_froze() -> None:
    text = POLICY.replace(
        "    after: staging\n", "    after: staging\n    freeze: [{from: Mon, until: Tue 08:00, because: the audit}]\n", 1
    )
    story = Story(text)
    found = outcome(story.says(ANA, ask.ShowFreezes()))
    assert isinstance(found, Freezes)
    assert [(one.environment, one.until) for one in found.closed] == [(PROD, "2026-11-24T08:00:00.000Z")]
    assert "the audit" in found.closed[0].period
    assert outcome(story.says(ANA, ask.ShowFreezes(STAGING))) == Freezes()
