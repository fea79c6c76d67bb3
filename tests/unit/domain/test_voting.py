"""`approve`, `reject`, `cancel`: who counts, what a vote binds, and what makes it stale."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.contract import requests as ask
from workers.contract.actors import Origin, Standing
from workers.contract.names import PromotionId, VersionAsk
from workers.contract.outcomes import Receipt, Silence
from workers.contract.promotion import State
from workers.domain import decision as d

from .worlds import ANA, BEN, BIOPSY, CARL, DANA, MIA, OLA, POLICY, STAGING, Story, outcome, person, reasons, refused, version_of

P2, P3 = PromotionId.read("P-2"), PromotionId.read("P-3")


@pytest.fixture
def story() -> Story:
    """v1 of biopsy has soaked in staging; P-2 asks for prod."""
    story = Story().registers(version_of("v1.0.0"), version_of("v2.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2).promotes(ANA, "v1.0.0")
    assert story.state("P-2") == "waiting"
    return story


def adopted(story: Story, policy: str) -> None:
    story.reports(ask.PolicyProposed(version_of("v8.8.8").commit, policy))
    decision = story.says(BEN, ask.AdoptPolicy(str(version_of("v8.8.8").commit)[:12]))
    assert decision.event == "policy_changed", decision


def test_one_approval_starts_the_deployment(story: Story) -> None:
    decision = story.says(BEN, ask.Approve(P2, because="holds"))
    assert story.state("P-2") == "deploying"
    (vote,) = story.promotion("P-2").votes
    assert (vote.actor, vote.role, vote.because, vote.plan) == (BEN.id, "ml-leads", "holds", story.promotion("P-2").plan)
    assert d.Deploy(P2, 1, fresh=True) in decision.effects


def test_a_member_of_a_group_may_approve_and_an_unknown_membership_may_not(story: Story) -> None:
    decision = story.says(replace(CARL, groups=None), ask.Approve(P2))
    assert refused(story, decision) == ["right-approve"]
    assert "could not be looked up" in reasons(decision)[0].text
    story.says(CARL, ask.Approve(P2))
    assert story.state("P-2") == "deploying"


@pytest.mark.parametrize("request_", [ask.Approve(P2), ask.Reject(P2)])
def test_requester_author_and_strangers_to_the_role_do_not_decide(story: Story, request_: ask.Request) -> None:
    assert refused(story, story.says(OLA, request_)) == ["right-approve"]
    assert refused(story, story.says(ANA, request_)) == ["own-request", "right-approve"]
    assert refused(story, story.says(DANA, request_)) == ["own-version"]
    assert refused(story, story.says(person("UBEN", standing=Standing.UNKNOWN), request_)) == ["standing"]
    assert story.state("P-2") == "waiting"
    assert story.promotion("P-2").votes == ()


def test_the_requester_does_not_count_under_another_team_id_either() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2).promotes(BEN, "v1.0.0")
    assert refused(story, story.says(person("UBEN", team="EGRID"), ask.Approve(P2))) == ["own-request"]


def test_two_of_many_are_two_people() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.promotes(OLA, "v1.0.0", "vault")
    first = PromotionId.read("P-1")
    assert story.says(BEN, ask.Approve(first)).event == "approved"
    assert story.promotion("P-1").events[-1].text == "Approved: 1 of 2."
    for again in (BEN, person("UBEN", team="EGRID")):
        answer = story.says(again, ask.Approve(first))
        assert answer.event is None
        assert isinstance(outcome(answer), Receipt)
    assert len(story.promotion("P-1").votes) == 1
    story.says(MIA, ask.Approve(first))
    assert story.state("P-1") == "deploying"
    assert [vote.actor.user for vote in story.promotion("P-1").votes] == ["UBEN", "UMIA"]
    assert isinstance(outcome(story.says(MIA, ask.Approve(first))), Receipt)


def test_a_button_binds_the_plan_that_was_shown(story: Story) -> None:
    assert refused(story, story.says(BEN, ask.Approve(P2, plan="0123456789ab"))) == ["stale-plan"]
    shown = story.promotion("P-2").plan[7:19].upper()
    assert story.says(BEN, ask.Approve(P2, plan=shown)).event == "approved"


def test_in_a_thread_the_word_is_enough_and_elsewhere_it_is_not(story: Story) -> None:
    story.card("P-2", "22.1")
    assert refused(story, story.says(BEN, ask.Approve())) == ["which-promotion"]
    early = story.says(BEN, ask.Approve(), thread="99.9", origin=Origin.REPLY)
    assert [type(effect) for effect in early.effects] == [d.PutBack]
    assert isinstance(outcome(story.says(BEN, ask.Approve(), thread="99.9", origin=Origin.REPLY, looked=True)), Silence)
    assert refused(story, story.says(BEN, ask.Approve(PromotionId.read("P-99")))) == ["unknown-promotion"]
    assert story.says(BEN, ask.Approve(), thread="22.1", origin=Origin.REPLY).event == "approved"


def test_a_card_that_moved_leaves_its_old_thread(story: Story) -> None:
    story.card("P-2", "22.1")
    story.card("P-2", "33.1")
    assert refused(story, story.says(BEN, ask.Approve(), thread="22.1", looked=True)) == ["which-promotion"]
    assert story.world.threads == story.folded().threads
    assert story.card("P-2", "33.1").event is None


def test_another_live_version_makes_approvals_stale_and_says_so() -> None:
    story = Story(POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 24h")).registers(version_of("v1.0.0"), version_of("v2.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.succeeds("v2.0.0", "staging")
    story.later(hours=2).promotes(ANA, "v1.0.0")
    story.promotes(ANA, "v2.0.0")
    old = story.promotion("P-3").plan
    story.says(BEN, ask.Approve(P3))
    story.says(BEN, ask.Approve(P3))
    for who in (BEN, MIA):
        story.says(who, ask.Approve(PromotionId.read("P-4")))
    story.deploys("P-4")
    story.verifies("P-4")
    decision = story.says(MIA, ask.Approve(P3))
    assert decision.event == "stale"
    assert story.state("P-3") == "waiting"
    assert story.promotion("P-3").votes == ()
    assert story.promotion("P-3").plan != old
    text = story.promotion("P-3").events[-1].text
    assert "ran nothing, now runs v2.0.0" in text
    assert "no longer count" in text


def test_another_policy_makes_the_plan_stale_and_one_for_elsewhere_does_not(story: Story) -> None:
    plan = story.promotion("P-2").plan
    adopted(story, POLICY.replace("  vault:\n", "  attic: {}\n  vault:\n"))
    assert story.says(OLA, ask.Approve(P2)).event == "refused"
    assert story.promotion("P-2").plan == plan
    adopted(story, POLICY.replace("at_least: 0.90", "at_least: 0.91"))
    assert story.says(BEN, ask.Approve(P2)).event == "stale"
    assert story.promotion("P-2").plan != plan
    assert story.says(BEN, ask.Approve(P2)).event == "approved"


def test_who_has_left_the_role_no_longer_counts() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.promotes(OLA, "v1.0.0", "vault")
    story.says(MIA, ask.Approve(PromotionId.read("P-1")))
    adopted(story, POLICY.replace("users: [UBEN, UMIA, UDANA]", "users: [UBEN, UDANA]"))
    assert story.says(BEN, ask.Approve(PromotionId.read("P-1"))).event == "stale"
    assert story.promotion("P-1").votes == ()
    assert refused(story, story.says(MIA, ask.Approve(PromotionId.read("P-1")))) == ["right-approve"]


def test_a_gate_that_failed_meanwhile_stops_at_the_last_look(story: Story) -> None:
    story.succeeds("v2.0.0", "staging")
    story.says(OLA, ask.Rollback(STAGING, BIOPSY))
    story.deploys("P-4")
    story.verifies("P-4")
    story.says(OLA, ask.Unhold(BIOPSY, VersionAsk.read("v2"), STAGING, "not that bad"))
    story.says(OLA, ask.Rollback(STAGING, BIOPSY, VersionAsk.read("v2"), "v1 is worse"))
    decision = story.says(BEN, ask.Approve(P2))
    assert decision.event == "refused"
    assert story.state("P-2") == "refused"
    assert "on hold in staging: v1 is worse" in story.promotion("P-2").reasons[0]


def test_an_approval_after_the_end_counts_as_little_as_the_clock_says(story: Story) -> None:
    story.later(hours=25)
    decision = story.says(BEN, ask.Approve(P2))
    assert decision.event == "expired"
    assert story.state("P-2") == "expired"
    assert decision.effects == ()


def test_reject_ends_it_with_its_reason(story: Story) -> None:
    story.says(BEN, ask.Reject(P2, "the card names no limits"))
    assert story.state("P-2") == "rejected"
    assert story.promotion("P-2").events[-1].because == "the card names no limits"
    for request_ in (ask.Approve(P2), ask.Reject(P2)):
        assert refused(story, story.says(MIA, request_)) == ["not-waiting"]
    assert refused(story, story.says(ANA, ask.Cancel(P2))) == ["too-late"]


def test_cancel_is_for_the_requester_and_who_runs_the_place(story: Story) -> None:
    assert refused(story, story.says(OLA, ask.Cancel(P2))) == ["right-run"]
    story.says(ANA, ask.Cancel(P2, "not yet"))
    assert story.state("P-2") == "cancelled"
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Cancel(P3))
    assert story.state("P-3") == "cancelled"


def test_cancel_is_too_late_once_deployment_began(story: Story) -> None:
    story.says(BEN, ask.Approve(P2))
    decision = story.says(ANA, ask.Cancel(P2))
    assert refused(story, decision) == ["too-late"]
    assert story.promotion("P-2").state is State.DEPLOYING


def test_retry_is_for_what_needs_attention(story: Story) -> None:
    assert refused(story, story.says(BEN, ask.Retry(P2))) == ["no-need"]
    story.says(BEN, ask.Approve(P2))
    story.later(minutes=3, seconds=5).ticks()
    assert story.state("P-2") == "needs_attention"
    assert refused(story, story.says(ANA, ask.Retry(P2))) == ["right-run"]
    decision = story.says(BEN, ask.Retry(P2))
    assert story.state("P-2") == "deploying"
    assert decision.effects == (d.Deploy(P2, 2, fresh=False),)
    assert story.lane().generation == 2
