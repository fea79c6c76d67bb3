"""`withdraw` before deployment, `dispute` after it, and what is judged again at the last decision."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.contract import requests as ask
from workers.contract.names import DebtId, PromotionId
from workers.contract.outcomes import Receipt, Refused
from workers.contract.stops import DebtKind
from workers.domain import decision as d

from .test_voting import adopted
from .worlds import ANA, BEN, MIA, OLA, POLICY, Story, outcome, refused, version_of

P1, P2, P3 = (PromotionId.read(f"P-{n}") for n in (1, 2, 3))


@pytest.fixture
def story() -> Story:
    """v1 and v2 of biopsy have soaked in staging; P-3 asks for v1 in prod, which needs two."""
    story = Story(POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 24h")).registers(version_of("v1.0.0"), version_of("v2.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.succeeds("v2.0.0", "staging")
    story.later(hours=2).promotes(ANA, "v1.0.0")
    return story


def queued(story: Story) -> None:
    """P-4, approved by two, waits behind P-3, which is under way."""
    for who in (BEN, MIA):
        story.says(who, ask.Approve(P3))
    story.promotes(ANA, "v2.0.0")
    for who in (BEN, MIA):
        story.says(who, ask.Approve(PromotionId.read("P-4")))
    assert story.state("P-4") == "queued"


def test_a_vote_is_withdrawn_and_can_be_given_again(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    assert story.says(BEN, ask.Withdraw(P3, "the wrong card")).event == "withdrawn"
    last = story.promotion("P-3").events[-1]
    assert (story.promotion("P-3").votes, last.text, last.because) == ((), "Approval withdrawn: 0 of 2.", "the wrong card")
    assert refused(story, story.says(BEN, ask.Withdraw(P3))) == ["no-vote"]
    for who in (MIA, BEN):
        story.says(who, ask.Approve(P3))
    assert story.state("P-3") == "deploying"


def test_what_was_queued_waits_again_with_a_new_end(story: Story) -> None:
    queued(story)
    decision = story.later(hours=20).says(BEN, ask.Withdraw(PromotionId.read("P-4")))
    assert decision.event == "withdrawn"
    waiting = story.promotion("P-4")
    assert (waiting.state.value, waiting.reasons, waiting.expires_at) == ("waiting", (), "2026-11-25T06:00:00.000Z")
    assert [vote.actor.user for vote in waiting.votes] == ["UMIA"]
    story.says(BEN, ask.Approve(PromotionId.read("P-4")))
    assert story.state("P-4") == "queued"


def test_too_late_to_withdraw_says_what_can_still_be_said(story: Story) -> None:
    for who in (BEN, MIA):
        story.says(who, ask.Approve(P3))
    decision = story.says(BEN, ask.Withdraw(P3))
    assert refused(story, decision) == ["too-late"]
    told = outcome(decision)
    assert isinstance(told, Refused)
    assert told.suggestions == ("dispute P-3 because ...",)


def test_a_dispute_opens_one_debt_and_stops_nothing(story: Story) -> None:
    for who in (BEN, MIA):
        story.says(who, ask.Approve(P3))
    decision = story.says(MIA, ask.Dispute("the holdout leaked", P3))
    debt = story.world.debts[DebtId.read(f"D-{story.world.seq}")]
    assert (debt.kind, debt.promotion, debt.by, debt.because) == (DebtKind.DISPUTE, P3, MIA.id, "the holdout leaked")
    assert (decision.event, decision.effects, story.state("P-3")) == ("disputed", (), "deploying")
    assert story.promotion("P-3").arrived.event == "approved"
    again = story.says(MIA, ask.Dispute("really", P3))
    assert isinstance(outcome(again), Receipt)
    story.says(BEN, ask.Dispute("I was tired", P3))
    assert len(story.world.debts) == 2
    assert story.folded() == story.world


def test_only_who_approved_disputes_and_only_what_went_on_its_way(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    assert refused(story, story.says(BEN, ask.Dispute("no", P3))) == ["not-live"]
    assert refused(story, story.says(OLA, ask.Dispute("no", P3))) == ["not-live", "no-vote"]
    story.says(MIA, ask.Approve(P3))
    assert refused(story, story.says(OLA, ask.Dispute("no", P3))) == ["no-vote"]
    assert story.world.debts == {}


def test_a_dispute_of_what_no_longer_runs_offers_no_way_back(story: Story) -> None:
    queued(story)
    story.deploys("P-3")
    story.verifies("P-3")
    story.ticks()
    story.deploys("P-4")
    story.verifies("P-4")
    assert story.says(BEN, ask.Dispute("it was wrong", P3)).event == "disputed_late"
    assert story.says(BEN, ask.Dispute("this as well", PromotionId.read("P-4"))).event == "disputed"


def test_who_turns_out_to_be_an_author_counts_no_more_at_the_last_decision(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    plan = story.promotion("P-3").plan
    adopted(story, POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 24h").replace("UDANA: {git", "UBEN: {git"))
    decision = story.says(MIA, ask.Approve(P3))
    assert (decision.event, story.state("P-3")) == ("approved", "waiting")
    assert story.promotion("P-3").plan == plan
    assert story.promotion("P-3").events[-1].text.startswith("Approved: 1 of 2. No longer counts: the approval of UBEN")
    assert [vote.actor.user for vote in story.promotion("P-3").votes] == ["UMIA"]


def test_what_is_queued_is_judged_again_before_it_starts(story: Story) -> None:
    queued(story)
    adopted(story, POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 24h").replace("UDANA: {git", "UBEN: {git"))
    story.ticks()
    waiting = story.promotion("P-4")
    assert waiting.state.value == "waiting"
    assert "No longer counts: the approval of UBEN" in waiting.events[-1].text
    assert [vote.actor.user for vote in waiting.votes] == ["UMIA"]


def test_approvers_are_reminded_once_at_half_of_their_time(story: Story) -> None:
    assert story.later(hours=11, minutes=59).ticks() == []
    (reminded,) = story.later(minutes=1).ticks()
    assert reminded.event == "reminded"
    assert story.promotion("P-3").reminded_at == "2026-11-23T22:00:00.000Z"
    assert story.later(hours=11).ticks() == []
    assert "2 more approvals are needed" in story.promotion("P-3").events[-1].text


def test_a_new_plan_is_reminded_of_anew(story: Story) -> None:
    story.later(hours=12).ticks()
    adopted(story, POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 12h"))
    assert story.says(BEN, ask.Approve(P3)).event == "stale"
    assert story.promotion("P-3").reminded_at is None
    assert story.later(hours=5).ticks() == []
    assert [one.event for one in story.later(hours=1).ticks()] == ["reminded"]


def test_a_withdrawal_does_not_put_the_reminder_off(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    story.later(hours=10).says(BEN, ask.Withdraw(P3))
    assert [one.event for one in story.later(hours=2).ticks()] == ["reminded"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("at_least: 0.90", "at_least: 0.91", "the rule gates.metrics.auc.at_least was 0.9, now is 0.91"),
        ("soak: 1h", "soak: 2h", "the rule soak was 1h, now is 2h"),
        ("users: [UBEN, UMIA, UDANA]", "users: [UBEN, UDANA]", "was UBEN, UDANA, UMIA, now is UBEN, UDANA"),
        ("9002\"}", "9005\"}", "the rule targets.eu.url was http://127.0.0.1:9002, now is http://127.0.0.1:9005"),
        ("      - metrics: {auc: {at_least: 0.90, not_worse_than_live_by: 0.005}}\n", "      - metrics: {f1: {at_least: 0}}\n", "now is 0"),
    ],
)  # fmt: skip
def test_a_stale_plan_says_what_was_and_what_is(story: Story, old: str, new: str, said: str) -> None:
    policy = POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 24h")
    story.says(BEN, ask.Approve(P3))
    adopted(story, policy.replace(old, new))
    assert story.says(BEN, ask.Approve(P3)).event in ("stale", "refused")
    text = story.promotion("P-3").events[-1].text
    assert said in text
    assert "Earlier approvals no longer count." in text


def test_another_live_version_is_told_with_its_digest(story: Story) -> None:
    story.promotes(ANA, "v2.0.0")
    for who in (BEN, MIA):
        story.says(who, ask.Approve(PromotionId.read("P-4")))
    story.deploys("P-4")
    story.verifies("P-4")
    story.says(BEN, ask.Approve(P3))
    now = version_of("v2.0.0").digest.short
    assert f"prod ran nothing, now runs v2.0.0 ({now})" in story.promotion("P-3").events[-1].text


def test_a_promotion_of_an_older_ledger_still_says_that_its_rules_are_others(story: Story) -> None:
    old = replace(story.promotion("P-3"), rules={})
    story.world = replace(story.world, promotions={**story.world.promotions, P3: old})
    adopted(story, POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 23h"))
    story.says(BEN, ask.Approve(P3))
    assert "the rules of the environment or its approvers are others" in story.promotion("P-3").events[-1].text


def test_a_withdrawal_beside_a_deployment_starts_nothing(story: Story) -> None:
    queued(story)
    decision = story.says(BEN, ask.Withdraw(PromotionId.read("P-4")))
    assert decision.effects == ()
    assert not [one for one in story.ticks() if any(isinstance(effect, d.Deploy) for effect in one.effects)]
