"""`rollback` and `unhold`: back at once, what is left behind on hold, and never in a circle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.contract import requests as ask
from workers.contract.names import PromotionId, VersionAsk
from workers.contract.outcomes import Choose
from workers.contract.requests import Seen
from workers.contract.stops import Lock
from workers.domain import decision as d

from .worlds import ANA, BEN, BIOPSY, MIA, OLA, PROD, Story, outcome, reasons, refused, version_of

BACK = ask.Rollback(PROD, BIOPSY, because="it times out")


def pid(number: int) -> PromotionId:
    return PromotionId.read(f"P-{number}")


@pytest.fixture
def story() -> Story:
    """v1, then v2 live in prod (P-1 to P-4); v3 soaked in staging (P-5)."""
    story = Story().registers(*(version_of(f"v{n}.0.0") for n in (1, 2, 3)))
    story.live_in_prod("v1.0.0")
    story.live_in_prod("v2.0.0")
    story.succeeds("v3.0.0", "staging")
    return story.later(hours=2)


def test_back_to_the_last_good_one_at_once_with_what_was_passed_over(story: Story) -> None:
    decision = story.says(BEN, BACK)
    back = story.promotion("P-6")
    assert (back.state.value, back.rollback, back.to.version, back.quorum) == ("deploying", True, "v1.0.0", None)
    assert back.live is not None
    assert back.live.version == "v2.0.0"
    assert back.events[0].text.endswith("Passed over: approval.")
    assert decision.effects == (d.Deploy(pid(6), 3, fresh=True),)
    (hold,) = story.world.holds.values()
    assert (hold.version, hold.because, hold.by) == ("v2.0.0", "it times out", BEN.id)
    story.deploys("P-6")
    story.verifies("P-6")
    assert story.live() == "v1.0.0"


def test_everything_that_stands_in_its_way_is_passed_over_by_name_and_the_owner_of_a_lock_is_told(story: Story) -> None:
    story.says(BEN, ask.Deprecate(BIOPSY, VersionAsk.read("v1.0.0"), "old labels"))
    lock = Lock(BIOPSY, PROD, MIA.id, "an experiment", "2026-11-23T08:00:00.000Z")
    story.world = replace(story.world, locks={(PROD, BIOPSY): lock})
    story.says(BEN, BACK)
    back = story.promotion("P-6")
    assert "Passed over: approval; " in back.events[0].text
    assert "the gate deprecated (deprecated since" in back.events[0].text
    assert back.concerns == (MIA.id,)


def test_it_needs_the_right_to_run_and_something_good(story: Story) -> None:
    assert refused(story, story.says(ANA, BACK)) == ["right-run"]
    story.says(BEN, BACK)
    story.deploys("P-6")
    story.verifies("P-6")
    assert refused(story, story.says(BEN, BACK)) == ["nothing-good"]
    fresh = Story()
    assert refused(fresh, fresh.says(BEN, BACK)) == ["unknown-artifact"]
    fresh.registers(version_of("v1.0.0"))
    assert refused(fresh, fresh.says(BEN, BACK)) == ["nothing-good"]


def test_to_a_version_that_is_named(story: Story) -> None:
    for version, code in (("v2", "already-live"), ("v3", "never-succeeded")):
        assert refused(story, story.says(BEN, ask.Rollback(PROD, BIOPSY, VersionAsk.read(version)))) == [code]
    story.says(BEN, BACK)
    story.deploys("P-6")
    story.verifies("P-6")
    assert refused(story, story.says(BEN, ask.Rollback(PROD, BIOPSY, VersionAsk.read("v2")))) == ["hold"]


def test_a_running_deployment_is_stopped_and_its_version_held(story: Story) -> None:
    story.promotes(ANA, "v3.0.0")
    story.says(BEN, ask.Approve(pid(6)))
    decision = story.says(MIA, BACK)
    assert story.state("P-6") == "superseded"
    assert story.state("P-7") == "deploying"
    assert story.promotion("P-7").to.version == "v2.0.0"
    assert (story.lane().in_flight, story.lane().generation) == ("P-7", 4)
    assert decision.effects == (d.Deploy(pid(7), 4, fresh=False),)
    assert [hold.version for hold in story.world.holds.values()] == ["v3.0.0"]
    assert "P-6, which was deploying" in story.promotion("P-7").events[0].text
    assert story.deploys("P-6") == d.NOTHING


@pytest.mark.parametrize("seen", [Seen.REFUSED, Seen.UNREACHABLE])
def test_after_stopping_another_a_no_leaves_unknown_what_runs(story: Story, seen: Seen) -> None:
    story.promotes(ANA, "v3.0.0")
    story.says(BEN, ask.Approve(pid(6)))
    story.says(MIA, BACK)
    story.deploys("P-7", seen, "does not answer")
    assert story.state("P-7") == "needs_attention"
    assert story.lane().in_flight == "P-7"


def test_a_plain_one_that_is_refused_fails_and_the_live_version_stays(story: Story) -> None:
    story.says(BEN, BACK)
    story.deploys("P-6", Seen.REFUSED, "no room")
    assert story.state("P-6") == "failed"
    assert story.live() == "v2.0.0"
    desired = story.lane().desired
    assert desired is not None
    assert desired.version == "v2.0.0"


@pytest.mark.parametrize("step", ["deploys", "verifies"])
def test_a_rollback_is_never_rolled_back(story: Story, step: str) -> None:
    story.says(BEN, BACK)
    if step == "verifies":
        story.deploys("P-6")
    decision = getattr(story, step)("P-6", Seen.MISMATCH, "another digest")
    assert story.state("P-6") == "needs_attention"
    assert decision.effects == ()


def test_back_from_a_rollback_under_way_goes_further_back_and_never_to_what_was_left(story: Story) -> None:
    story.says(BEN, BACK)
    decision = story.says(MIA, BACK)
    assert refused(story, decision) == ["nothing-good"]
    assert story.state("P-6") == "deploying"


def test_the_first_deployment_goes_back_to_nothing() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.promotes(ANA, "v1.0.0", "staging")
    assert refused(story, story.says(OLA, ask.Rollback(story.lane("staging").environment, BIOPSY))) == ["nothing-good"]
    story.deploys("P-1", Seen.MISMATCH)
    story.restores("P-1")
    assert story.state("P-1") == "rolled_back"
    assert (story.lane("staging").desired, story.live("staging")) == (None, None)


def test_another_version_may_queue_behind_a_rollback(story: Story) -> None:
    story.says(BEN, BACK)
    story.promotes(ANA, "v3.0.0")
    story.says(BEN, ask.Approve(pid(7)))
    assert story.state("P-7") == "queued"
    story.deploys("P-6")
    story.verifies("P-6")
    story.ticks()
    assert story.state("P-7") == "deploying"


def test_what_was_approved_before_its_digest_was_put_on_hold_is_refused_at_the_last_look(story: Story) -> None:
    story.registers(version_of("v3.0.1", content="biopsy v3.0.0"))
    for number, version in ((6, "v3.0.0"), (7, "v3.0.1")):
        story.promotes(ANA, version)
        story.says(BEN, ask.Approve(pid(number)))
    assert story.state("P-7") == "queued"
    story.says(BEN, BACK)
    story.ticks()
    assert story.state("P-7") == "refused"
    assert "on hold in prod" in story.promotion("P-7").reasons[0]


def test_a_hold_is_lifted_by_a_named_person_with_a_reason(story: Story) -> None:
    story.says(BEN, BACK)
    v2 = VersionAsk.read("v2")
    assert refused(story, story.says(ANA, ask.Unhold(BIOPSY, v2, PROD, "x"))) == ["right-run"]
    assert refused(story, story.says(BEN, ask.Unhold(BIOPSY, v2, PROD))) == ["because"]
    assert refused(story, story.says(BEN, ask.Unhold(BIOPSY, VersionAsk.read("v3"), PROD, "x"))) == ["no-hold"]
    decision = story.says(BEN, ask.Unhold(BIOPSY, v2, PROD, "it was the proxy"))
    assert decision.event == "hold_lifted"
    assert not story.world.holds
    assert story.folded() == story.world


def test_several_holds_are_never_lifted_by_a_guess(story: Story) -> None:
    story.registers(version_of("v3.1.0"))
    story.succeeds("v3.1.0", "staging")
    story.later(hours=2)
    for number, version in ((7, "v3.0.0"), (8, "v3.1.0")):
        story.promotes(ANA, version)
        story.says(BEN, ask.Approve(pid(number)))
        story.deploys(f"P-{number}")
        story.verifies(f"P-{number}", Seen.MISMATCH)
        story.restores(f"P-{number}")
    menu = outcome(story.says(BEN, ask.Unhold(BIOPSY, VersionAsk.read("v3"), PROD, "fixed")))
    assert isinstance(menu, Choose)
    assert [option.sentence for option in menu.options] == [f"unhold biopsy v3.{n}.0 in prod because fixed" for n in (0, 1)]
    assert len(story.world.holds) == 2
    story.says(BEN, ask.Unhold(BIOPSY, VersionAsk.read("v3.1.0"), PROD, "fixed"))
    assert [hold.version for hold in story.world.holds.values()] == ["v3.0.0"]


def test_a_version_on_hold_in_the_environment_before_does_not_pass(story: Story) -> None:
    story.says(OLA, ask.Rollback(story.lane("staging").environment, BIOPSY, because="slow"))
    story.promotes(ANA, "v3.0.0")
    assert "on hold in staging: slow" in story.promotion("P-7").reasons[0]
    assert reasons(story.says(ANA, BACK))[0].clears == "may: ml-leads"
