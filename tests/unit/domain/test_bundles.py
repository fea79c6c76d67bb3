"""`promote biopsy v1 and checkout v1 to prod`: opened, begun and ended together, whatever happens on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from workers.contract import requests as ask
from workers.contract.names import ArtifactName, PromotionId, VersionAsk
from workers.contract.outcomes import Planned, Unmet
from workers.contract.promotion import Kind, State
from workers.contract.requests import Seen
from workers.domain import bundle, reads
from workers.domain import decision as d
from workers.domain.states import TERMINAL

from .test_any_story import REPORTS, Watched
from .test_voting import adopted
from .worlds import ANA, BEN, BIOPSY, MIA, OLA, POLICY, PROD, STAGING, Story, reasons, refused, version_of

CHECKOUT = ArtifactName.read("checkout")
P3, P4 = PromotionId.read("P-3"), PromotionId.read("P-4")


def soaked(story: Story) -> Story:
    """v1 of biopsy and of checkout have soaked in staging (P-1 and P-2)."""
    story.registers(*(version_of(v) for v in ("v1.0.0", "v2.0.0")), version_of("v1.0.0", "checkout", Kind.SERVICE, {}))
    for name in ("biopsy", "checkout"):
        story.promotes(ANA, "v1.0.0", "staging", name)
        id_ = f"P-{story.world.last_promotion}"
        story.deploys(id_)
        story.verifies(id_)
    return story.later(hours=2)


def asks(story: Story, version: str = "v1", other: str = "v1") -> d.Decision:
    also = (ask.Item(CHECKOUT, VersionAsk.read(other)),)
    return story.says(ANA, ask.Promote(VersionAsk.read(version), PROD, BIOPSY, because="one schema", also=also))


@pytest.fixture
def story() -> Story:
    """P-3 (biopsy) leads P-4 (checkout)."""
    story = soaked(Story())
    asks(story)
    return story


def states(story: Story, *ids: str) -> list[str]:
    return [story.state(id_) for id_ in ids or ("P-3", "P-4")]


def test_all_are_opened_by_one_record_and_only_the_first_is_asked_about(story: Story) -> None:
    assert states(story) == ["waiting", "waiting"]
    lead, other = story.promotion("P-3"), story.promotion("P-4")
    assert lead.bundle == other.bundle == (P3, P4)
    assert lead.events[0].seq == other.events[0].seq == story.world.seq
    assert [one.artifact for one in lead.members] == ["biopsy", "checkout"]
    assert (other.quorum, other.expires_at) == (None, None)
    assert {gate.gate for gate in lead.gates} >= {"order (biopsy)", "order (checkout)", "metrics: auc (biopsy)"}
    assert story.folded() == story.world


def test_one_that_is_refused_opens_nothing_and_every_reason_is_told(story: Story) -> None:
    before = story.world.last_promotion
    decision = asks(story, "v2", "v9")
    assert [effect.version for effect in decision.effects if isinstance(effect, d.Inspect)] == ["v9"]
    story = soaked(Story())
    story.registers(version_of("v2.0.0", "checkout", Kind.SERVICE, {}))
    decision = asks(story, "v2", "v2")
    assert refused(story, decision) == ["order (biopsy)", "order (checkout)"]
    assert "checkout v2.0.0: v2.0.0 has not succeeded in staging yet" in reasons(decision)[1].text
    assert story.world.last_promotion == before - 2


def test_one_artifact_moves_once(story: Story) -> None:
    story.says(ANA, ask.Cancel(P3))
    twice = ask.Promote(VersionAsk.read("v1"), PROD, BIOPSY, also=(ask.Item(BIOPSY, VersionAsk.read("v1")),))
    assert refused(story, story.says(ANA, twice)) == ["twice"]


def test_an_approval_counts_for_all_and_all_begin_in_one_commit(story: Story) -> None:
    decision = story.says(BEN, ask.Approve(P4))
    assert states(story) == ["deploying", "deploying"]
    assert [effect.promotion for effect in decision.effects if isinstance(effect, d.Deploy)] == [P3, P4]
    assert [vote.actor for vote in story.promotion("P-3").votes] == [BEN.id]
    assert story.promotion("P-4").votes == ()
    assert [story.lane(artifact=name).in_flight for name in ("biopsy", "checkout")] == [P3, P4]


def test_they_succeed_together(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    for id_ in ("P-3", "P-4"):
        story.deploys(id_)
    story.verifies("P-4")
    assert states(story) == ["verifying", "verifying"]
    assert story.live(artifact="checkout") is None
    assert story.verifies("P-4").event is None
    assert story.later(minutes=3, seconds=5).ticks()[-1].event == "needs_attention"
    story.says(BEN, ask.Retry(P3))
    story.deploys("P-3")
    story.verifies("P-3")
    assert states(story) == ["succeeded", "succeeded"]
    assert [story.live(artifact=name) for name in ("biopsy", "checkout")] == ["v1.0.0", "v1.0.0"]
    assert [one.state for one in story.promotion("P-3").members] == [State.SUCCEEDED] * 2
    lines = reads.changes(story.world, {}, CHECKOUT, PROD)
    assert [(line.outcome, line.approvers) for line in lines] == [("succeeded", (BEN.id,))]


def test_one_that_fails_takes_the_other_back_without_a_hold(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    story.deploys("P-3")
    story.deploys("P-4", Seen.REFUSED, "no room")
    assert states(story) == ["rolling_back", "failed"]
    story.restores("P-3")
    assert states(story) == ["rolled_back", "failed"]
    assert story.world.holds == {}
    assert story.promotion("P-3").events[-1].event == "rolled_back"
    for name in ("biopsy", "checkout"):
        assert (story.lane(artifact=name).desired, story.lane(artifact=name).in_flight) == (None, None)


def test_one_that_is_still_being_deployed_is_waited_for_and_then_taken_back(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    story.deploys("P-3")
    story.verifies("P-3", Seen.MISMATCH, "another digest")
    assert states(story) == ["rolling_back", "deploying"]
    story.deploys("P-4")
    assert states(story) == ["rolling_back", "rolling_back"]
    story.restores("P-3")
    story.restores("P-4")
    assert [hold.artifact for hold in story.world.holds.values()] == ["biopsy"]
    assert story.promotion("P-3").events[-1].event == "bundle_ended"


@pytest.mark.parametrize(("who", "verb", "end"), [(BEN, ask.Reject, "rejected"), (ANA, ask.Cancel, "cancelled"), (None, None, "expired")])
def test_what_ends_one_before_deployment_ends_all(story: Story, who, verb, end: str) -> None:  # type: ignore[no-untyped-def]
    if who:
        story.says(who, verb(P4))
    else:
        story.later(hours=25).ticks()
    assert states(story) == [end, end]
    assert story.world.open == ()


def test_what_stops_one_keeps_all_and_a_withdrawal_brings_all_back(story: Story) -> None:
    story.says(ANA, ask.Cancel(P3))
    story.promotes(ANA, "v1.0.0", "prod", "checkout")
    story.says(BEN, ask.Approve(PromotionId.read("P-5")))
    story.says(ANA, ask.Promote(VersionAsk.read("v1"), PROD, BIOPSY, also=(ask.Item(CHECKOUT, VersionAsk.read("v1")),)))
    assert story.world.last_promotion == 5
    story.deploys("P-5", Seen.REFUSED)
    story.registers(version_of("v2.0.0", "checkout", Kind.SERVICE, {}))
    story.promotes(ANA, "v1.0.0", "prod", "checkout")
    story.says(BEN, ask.Approve(PromotionId.read("P-6")))
    assert story.state("P-6") == "deploying"


def test_a_bundle_queues_as_a_whole_behind_what_is_under_way_in_one_lane() -> None:
    story = soaked(Story())
    story.succeeds("v2.0.0", "staging")
    story.later(hours=2).promotes(ANA, "v2.0.0")
    story.says(BEN, ask.Approve(PromotionId.read("P-4")))
    asks(story)
    story.says(MIA, ask.Approve(PromotionId.read("P-6")))
    assert states(story, "P-4", "P-5", "P-6") == ["deploying", "queued", "queued"]
    assert story.ticks() == []
    story.says(MIA, ask.Withdraw(PromotionId.read("P-6")))
    assert states(story, "P-5", "P-6") == ["waiting", "waiting"]
    story.says(MIA, ask.Approve(PromotionId.read("P-5")))
    story.deploys("P-4")
    story.verifies("P-4")
    story.ticks()
    assert states(story, "P-5", "P-6") == ["deploying", "deploying"]


def test_a_change_under_one_makes_the_plan_of_all_stale() -> None:
    story = soaked(Story(POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 24h")))
    asks(story)
    story.says(BEN, ask.Approve(P3))
    story.promotes(ANA, "v1.0.0", "prod", "checkout")
    adopted(story, POLICY.replace("count: 1, expires: 24h", "count: 2, expires: 20h"))
    assert story.says(MIA, ask.Approve(P3)).event == "stale"
    assert "biopsy: approve.expires was 24h, now is 20h" in story.promotion("P-3").events[-1].text
    assert states(story) == ["waiting", "waiting"]


def test_a_rollback_of_one_lane_takes_the_other_back(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    for id_ in ("P-3", "P-4"):
        story.deploys(id_)
        story.verifies(id_)
    story.succeeds("v2.0.0", "staging")
    story.registers(version_of("v2.0.0", "checkout", Kind.SERVICE, {}))
    story.promotes(ANA, "v2.0.0", "staging", "checkout")
    story.deploys("P-6")
    story.verifies("P-6")
    story.later(hours=2)
    asks(story, "v2", "v2")
    story.says(BEN, ask.Approve(PromotionId.read("P-7")))
    story.deploys("P-7")
    story.deploys("P-8")
    story.says(BEN, ask.Rollback(PROD, CHECKOUT, VersionAsk.read("v1")))
    assert states(story, "P-7", "P-8", "P-9") == ["rolling_back", "superseded", "deploying"]


def test_without_approvals_it_begins_at_the_next_look() -> None:
    story = Story().registers(version_of("v1.0.0"), version_of("v1.0.0", "checkout", Kind.SERVICE, {}))
    story.says(OLA, ask.Promote(VersionAsk.read("v1"), STAGING, BIOPSY, also=(ask.Item(CHECKOUT, VersionAsk.read("v1")),)))
    assert states(story, "P-1", "P-2") == ["queued", "queued"]
    story.ticks()
    assert states(story, "P-1", "P-2") == ["deploying", "deploying"]


SEEN = st.sampled_from([Seen.DONE, Seen.DONE, Seen.DONE, Seen.REFUSED, Seen.MISMATCH, Seen.UNREACHABLE, Seen.UNCLEAR])
ACT = st.tuples(st.integers(0, 9), st.integers(3, 4), SEEN)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(st.lists(ACT, max_size=14))
def test_at_the_end_the_lanes_are_never_mixed(acts: list[tuple[int, int, Seen]]) -> None:
    story = Watched()
    soaked(story)
    asks(story)
    story.says(BEN, ask.Approve(P3))
    for kind, number, seen in acts:
        _act(story, kind, PromotionId.read(f"P-{number}"), seen)
    for _ in range(12):
        for id_ in (P3, P4):
            _act(story, 0, id_, Seen.DONE)
            if story.world.promotions[id_].state is State.NEEDS_ATTENTION:
                story.says(BEN, ask.Retry(id_))
    ends = [story.world.promotions[id_].state for id_ in (P3, P4)]
    assert set(ends) <= TERMINAL, ends
    assert all(state is State.SUCCEEDED for state in ends) or State.SUCCEEDED not in ends
    lanes = [story.lane(artifact=name) for name in ("biopsy", "checkout")]
    assert len({lane.desired is None for lane in lanes}) == 1
    assert all(lane.in_flight is None for lane in lanes)
    assert [one.state for one in story.promotion("P-3").members] == ends
    assert story.folded() == story.world
    assert bundle.leads(story.promotion("P-3"))


def _act(story: Story, kind: int, id_: PromotionId, seen: Seen) -> None:
    """Mostly a report on what is under way; now and then time passes, or a person says something."""
    promotion = story.world.promotions[id_]
    if kind == 9:
        story.now += timedelta(minutes=4)
        story.ticks()
    elif kind == 8:
        story.says(BEN, ask.Retry(id_))
    elif report := REPORTS.get(promotion.state):
        story.reports(report(id_, promotion.generation, seen, "eu", "seen"))


def accepts(story: Story, id_: PromotionId) -> d.Decision:
    """Ben accepts what the one target reports: the new version."""
    promotion = story.promotion(id_)
    found = (ask.Sighting("eu", promotion.to.label, promotion.to.digest),)
    return story.reports(ask.Observed(id_, promotion.generation, found, "sealed"), story.asks(BEN, ask.AcceptLive(id_)))


def test_one_that_is_accepted_as_it_is_waits_for_the_other_and_no_proof_is_made_up(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    for id_ in ("P-3", "P-4"):
        story.deploys(id_)
    story.later(minutes=3, seconds=5).ticks()
    assert states(story) == ["needs_attention", "needs_attention"]
    assert accepts(story, P3).event == "proved"
    assert states(story) == ["verifying", "needs_attention"]
    assert story.live() is None
    assert story.later(hours=1).ticks() == []
    assert accepts(story, P4).event == "succeeded"
    assert states(story) == ["succeeded", "succeeded"]
    assert story.folded() == story.world


def test_one_is_not_accepted_where_another_has_gone_back(story: Story) -> None:
    story.says(BEN, ask.Approve(P3))
    story.deploys("P-3")
    story.later(minutes=3, seconds=5).ticks()
    nothing = (ask.Sighting("eu"),)
    story.reports(ask.Observed(P4, story.promotion("P-4").generation, nothing, "sealed"), story.asks(BEN, ask.AcceptLive(P4)))
    assert story.state("P-4") == "failed"
    assert refused(story, accepts(story, P3)) == ["bundle"]


def test_a_plan_of_a_bundle_names_what_stops_any_of_it() -> None:
    story = soaked(Story())
    story.says(MIA, ask.Lock(CHECKOUT, PROD, "I compare"))
    wanted = ask.Promote(VersionAsk.read("v1"), PROD, BIOPSY, also=(ask.Item(CHECKOUT, VersionAsk.read("v1")),))
    (planned,) = story.says(ANA, ask.Plan(ask.Nested.of(wanted, "promote both"))).outcomes
    assert isinstance(planned, Planned)
    assert {"approval", "lock"} <= {one.code for one in planned.conditions}


def test_why_not_and_pause_by_the_id_of_one_are_about_all_of_it(story: Story) -> None:
    (unmet,) = story.says(ANA, ask.WhyNot(P4)).outcomes
    assert isinstance(unmet, Unmet)
    assert "approval" in {one.code for one in unmet.conditions}
    story.says(ANA, ask.Pause(P4))
    story.says(BEN, ask.Approve(P3))
    assert states(story) == ["queued", "queued"]
    assert "paused" in story.promotion("P-3").reasons[0]
