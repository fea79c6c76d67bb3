"""`pause`, `continue`, `abort`, `accept live`, and promotions that begin at an instant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workers.contract import requests as ask
from workers.contract.actors import Actor
from workers.contract.envelope import stamp
from workers.contract.names import Instant, PromotionId, VersionAsk
from workers.contract.outcomes import Late, Receipt
from workers.contract.promotion import State
from workers.contract.requests import Seen, Sighting
from workers.domain import decision as d

from .test_voting import adopted
from .worlds import ANA, BEN, BIOPSY, MIA, OLA, POLICY, PROD, Story, outcome, reasons, refused, version_of

P6 = PromotionId.read("P-6")
WANTED = VersionAsk.read("v3.0.0")


@pytest.fixture
def story() -> Story:
    """v1, then v2 live in prod (P-1 to P-4); v3 soaked in staging (P-5)."""
    story = Story().registers(*(version_of(f"v{n}.0.0") for n in (1, 2, 3, 4)))
    story.live_in_prod("v1.0.0")
    story.live_in_prod("v2.0.0")
    story.succeeds("v3.0.0", "staging")
    return story.later(hours=2)


@pytest.fixture
def running(story: Story) -> Story:
    """P-6 deploys v3 to prod."""
    story.promotes(ANA, "v3.0.0")
    story.says(BEN, ask.Approve(P6))
    return story


@pytest.fixture
def stuck(running: Story) -> Story:
    """Nobody can tell what became of P-6."""
    running.deploys("P-6", Seen.UNCLEAR, "the answer was lost")
    return running


def at(story: Story, **later: float) -> Instant:
    return Instant.read(stamp(story.now + timedelta(**later)))


def looked(story: Story, *found: Sighting, who: Actor = BEN, aged: timedelta = timedelta(0), generation: int | None = None) -> d.Decision:
    """What an effect reports that looked for somebody who asked to accept it."""
    asked = story.asks(who, ask.AcceptLive(P6, "I looked"), aged)
    at_generation = story.promotion("P-6").generation if generation is None else generation
    return story.reports(ask.Observed(P6, at_generation, found, "sealed"), asked)


def runs(story: Story, version: str, name: str = "eu", told: str = "digest") -> Sighting:
    found = next(one for one in story.world.versions[BIOPSY].values() if one.version == version)
    label = f"{found.version}-{found.digest.short}"
    return Sighting(name, label, found.digest if told == "digest" else None)


# pause and continue


def test_a_paused_one_is_approved_and_does_not_begin_until_it_is_continued(story: Story) -> None:
    story.promotes(ANA, "v3.0.0")
    assert story.says(ANA, ask.Pause(P6, "the campaign")).event == "paused"
    story.says(BEN, ask.Approve(P6))
    assert story.state("P-6") == "queued"
    assert story.promotion("P-6").reasons == (f"paused by {ANA.id} since {stamp(story.now)}: the campaign",)
    assert story.ticks() == []
    assert isinstance(outcome(story.says(BEN, ask.Pause(P6))), Receipt)
    assert story.says(BEN, ask.Continue(P6)).event == "continued"
    assert [one.event for one in story.ticks()] == ["deploying"]
    assert story.folded() == story.world


def test_only_the_requester_or_who_runs_it_may_pause_or_continue(story: Story) -> None:
    story.promotes(ANA, "v3.0.0")
    assert refused(story, story.says(OLA, ask.Pause(P6))) == ["right-run"]
    story.says(BEN, ask.Pause(P6))
    assert refused(story, story.says(OLA, ask.Continue(P6))) == ["right-run"]
    story.says(ANA, ask.Continue(P6))
    assert refused(story, story.says(ANA, ask.Continue(P6))) == ["not-paused"]


def test_what_was_paused_is_judged_again_before_it_begins(story: Story) -> None:
    story.promotes(ANA, "v3.0.0")
    story.says(BEN, ask.Pause(P6))
    story.says(BEN, ask.Approve(P6))
    story.says(BEN, ask.Deprecate(BIOPSY, WANTED, "wrong labels"))
    story.says(BEN, ask.Continue(P6))
    story.ticks()
    assert story.state("P-6") == "refused"


def test_a_paused_one_lets_others_pass(story: Story) -> None:
    story.promotes(ANA, "v3.0.0")
    story.says(BEN, ask.Pause(P6))
    story.says(BEN, ask.Approve(P6))
    story.registers(version_of("v5.0.0"))
    story.succeeds("v5.0.0", "staging")
    story.later(hours=2).promotes(ANA, "v5.0.0")
    story.says(BEN, ask.Approve(PromotionId.read("P-8")))
    assert (story.state("P-6"), story.state("P-8")) == ("queued", "deploying")
    story.ticks()
    assert story.state("P-6") == "waiting"
    assert "stale" in {event.event for event in story.promotion("P-6").events}


def test_a_deployment_under_way_cannot_be_paused_and_says_what_can_be_done(running: Story) -> None:
    decision = running.says(ANA, ask.Pause(P6))
    assert refused(running, decision) == ["too-late", "all-at-once"]
    assert outcome(decision).suggestions == ("abort P-6",)  # type: ignore[union-attr]


# abort


@pytest.mark.parametrize("who", [ANA, BEN])
@pytest.mark.parametrize("step", ["deploying", "verifying"])
def test_an_abort_brings_back_what_was_live_at_a_new_generation_and_holds_nothing(running: Story, who: Actor, step: str) -> None:
    if step == "verifying":
        running.deploys("P-6")
    decision = running.says(who, ask.Abort(P6, "the wrong version"))
    assert decision.effects == (d.Restore(P6, 4),)
    assert (running.state("P-6"), running.lane().generation) == ("rolling_back", 4)
    assert running.reports(ask.Deployed(P6, 3, Seen.DONE, "eu", "too late")) == d.NOTHING
    assert isinstance(outcome(running.says(BEN, ask.Abort(P6))), Receipt)
    running.restores("P-6")
    assert (running.state("P-6"), running.live(), running.world.holds) == ("rolled_back", "v2.0.0", {})
    assert running.lane().desired == running.lane().live
    assert running.folded() == running.world


def test_an_abort_that_does_not_work_needs_a_person(running: Story) -> None:
    running.says(ANA, ask.Abort(P6))
    assert [one.event for one in running.later(minutes=3).ticks()] == ["needs_attention"]


def test_who_may_not_abort_and_what_cannot_be_aborted(running: Story) -> None:
    assert refused(running, running.says(OLA, ask.Abort(P6))) == ["right-run"]
    running.deploys("P-6", Seen.UNCLEAR)
    assert refused(running, running.says(BEN, ask.Abort(P6))) == ["not-running"]
    running.says(BEN, ask.Rollback(PROD, BIOPSY))
    assert refused(running, running.says(BEN, ask.Abort(PromotionId.read("P-7")))) == ["rollback"]


def test_after_an_abort_a_failed_proof_of_the_same_promotion_still_holds_the_bytes(running: Story) -> None:
    running.says(ANA, ask.Abort(P6))
    running.restores("P-6", Seen.REFUSED, "gone")
    running.says(BEN, ask.Retry(P6))
    running.deploys("P-6")
    running.verifies("P-6", Seen.MISMATCH, "another digest")
    running.restores("P-6")
    assert [hold.because for hold in running.world.holds.values()] == ["another digest"]


# accept live


def test_accepting_has_the_targets_looked_at_first(stuck: Story) -> None:
    decision = stuck.says(BEN, ask.AcceptLive(P6))
    assert decision.event is None
    (effect,) = decision.effects
    assert isinstance(effect, d.Observe)
    assert (effect.promotion, effect.generation) == (P6, 3)
    assert refused(stuck, stuck.says(ANA, ask.AcceptLive(P6))) == ["right-run"]


@pytest.mark.parametrize("told", ["digest", "label"])
def test_every_target_runs_the_new_one_so_it_has_succeeded_without_the_golden_proof(stuck: Story, told: str) -> None:
    decision = looked(stuck, runs(stuck, "v3.0.0", "eu", told), runs(stuck, "v3.0.0", "us", told))
    assert decision.event == "succeeded"
    event = stuck.promotion("P-6").events[-1]
    assert "without the golden proof: eu reports v3.0.0" in event.text
    assert (event.actor, event.because) == (BEN.id, "I looked")
    assert decision.detail["golden"] == "not asked"
    assert (stuck.live(), stuck.lane().in_flight) == ("v3.0.0", None)
    assert stuck.folded() == stuck.world


def test_every_target_runs_the_former_one_so_it_has_failed(stuck: Story) -> None:
    looked(stuck, runs(stuck, "v2.0.0"), runs(stuck, "v2.0.0", "us"))
    assert (stuck.state("P-6"), stuck.live(), stuck.lane().in_flight) == ("failed", "v2.0.0", None)
    assert stuck.lane().desired == stuck.lane().live


@pytest.mark.parametrize("other", ["v2.0.0", "nothing", "unreachable", "same label, other digest"])
def test_anything_else_is_told_and_still_needs_a_person(stuck: Story, other: str) -> None:
    label = runs(stuck, "v3.0.0").label
    found = {
        "v2.0.0": runs(stuck, "v2.0.0", "us"),
        "nothing": Sighting("us"),
        "unreachable": Sighting("us", trouble="nobody answers"),
        "same label, other digest": Sighting("us", label, "sha256:" + "0" * 64),
    }[other]
    decision = looked(stuck, runs(stuck, "v3.0.0"), found)
    assert refused(stuck, decision) == ["mixed", "seen", "seen"]
    assert "us " in reasons(decision)[2].text
    assert stuck.state("P-6") == "needs_attention"


def test_a_look_is_judged_as_the_ledger_is_when_it_comes(stuck: Story) -> None:
    new = runs(stuck, "v3.0.0")
    assert isinstance(outcome(looked(stuck, new, aged=timedelta(minutes=16))), Late)
    assert refused(stuck, looked(stuck, new, who=ANA)) == ["right-run"]
    assert refused(stuck, looked(stuck, new, generation=2)) == ["moved-on"]
    stuck.says(BEN, ask.Retry(P6))
    assert refused(stuck, looked(stuck, new)) == ["no-need"]
    assert stuck.reports(ask.Observed(P6, 4, (new,), "nobody")) == d.NOTHING
    assert stuck.state("P-6") == "deploying"


# at an instant


def test_it_begins_at_its_instant_when_it_was_approved_before(story: Story) -> None:
    start = at(story, hours=3)
    story.says(ANA, ask.Promote(WANTED, PROD, BIOPSY, at=start))
    story.says(BEN, ask.Approve(P6))
    assert story.promotion("P-6").reasons == (f"scheduled for {start}",)
    assert story.promotion("P-6").look_at == start
    assert story.later(hours=2, minutes=59).ticks() == []
    assert [one.event for one in story.later(minutes=1).ticks()] == ["deploying"]


def test_approved_after_its_instant_it_begins_at_once(story: Story) -> None:
    story.says(ANA, ask.Promote(WANTED, PROD, BIOPSY, at=at(story, hours=3)))
    story.later(hours=4).says(BEN, ask.Approve(P6))
    assert story.state("P-6") == "deploying"


def test_its_gates_are_judged_again_at_its_instant(story: Story) -> None:
    story.says(ANA, ask.Promote(WANTED, PROD, BIOPSY, at=at(story, hours=3)))
    story.says(BEN, ask.Approve(P6))
    story.says(BEN, ask.Deprecate(BIOPSY, WANTED, "wrong labels"))
    story.later(hours=3).ticks()
    assert story.state("P-6") == "refused"


def test_what_could_not_begin_around_its_time_needs_a_word_and_never_begins_by_surprise(story: Story) -> None:
    story.says(ANA, ask.Promote(WANTED, PROD, BIOPSY, at=at(story, hours=3)))
    story.says(BEN, ask.Approve(P6))
    (missed,) = story.later(hours=4, minutes=1).ticks()
    assert missed.promotion and (missed.event, missed.promotion.state) == ("paused", State.QUEUED)
    assert "continue P-6" in missed.promotion.events[-1].text and missed.promotion.paused
    assert story.later(hours=9).ticks() == [], "nothing starts at night"
    assert refused(story, story.says(OLA, ask.Continue(P6))) == ["right-run"]
    story.says(ANA, ask.Continue(P6))
    assert [one.event for one in story.ticks()] == ["deploying"]


def test_a_policy_may_let_it_begin_later_and_its_approvers_count_as_a_word(story: Story) -> None:
    story.says(ANA, ask.Promote(WANTED, PROD, BIOPSY, at=at(story, hours=3)))
    story.says(BEN, ask.Approve(P6))
    longer = POLICY.replace("    soak: 1h\n", "    soak: 1h\n    start_within: 8h\n")
    adopted(story, longer)
    story.ticks()
    story.says(BEN, ask.Approve(P6))
    assert [one.event for one in story.later(hours=10).ticks()] == ["deploying"]


def test_approved_long_after_its_time_the_time_counts_from_there(story: Story) -> None:
    story.says(ANA, ask.Promote(WANTED, PROD, BIOPSY, at=at(story, hours=1)))
    story.later(hours=9)
    story.says(BEN, ask.Freeze(PROD, at(story, minutes=30), "stock-taking"))
    story.says(BEN, ask.Approve(P6))
    assert story.state("P-6") == "queued"
    assert "deploying" in [one.event for one in story.later(minutes=31).ticks()]


def test_after_an_outage_of_towpath_itself_a_step_has_another_deadline(running: Story) -> None:
    (waited,) = running.later(hours=2).ticks()
    assert waited.promotion and (waited.event, waited.promotion.state) == ("waited_for", State.DEPLOYING)
    assert waited.promotion.look_at == at(running, minutes=3)
    assert running.later(minutes=2).ticks() == []
    assert [one.event for one in running.later(minutes=1, seconds=5).ticks()] == ["needs_attention"]


@pytest.mark.parametrize(("later", "code"), [({"minutes": -1}, "past"), ({"days": 31}, "too-far")])
def test_a_time_that_cannot_be_is_refused(story: Story, later: dict[str, float], code: str) -> None:
    assert refused(story, story.says(ANA, ask.Promote(WANTED, PROD, BIOPSY, at=at(story, **later)))) == [code]


def test_a_rollback_passes_over_what_waits_for_its_time_and_leaves_it_there(story: Story) -> None:
    story.says(ANA, ask.Promote(WANTED, PROD, BIOPSY, at=at(story, hours=20)))
    story.says(BEN, ask.Approve(P6))
    story.says(MIA, ask.Rollback(PROD, BIOPSY, because="slow"))
    assert story.promotion("P-7").state is State.DEPLOYING
    assert story.promotion("P-6").state is State.QUEUED
