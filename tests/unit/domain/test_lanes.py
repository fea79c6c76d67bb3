"""One at a time: queues, soak, expiry, deadlines, and what reports of a step change."""

from __future__ import annotations

import pytest

from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.envelope import Sender, seal
from workers.contract.names import PromotionId
from workers.contract.promotion import State
from workers.contract.requests import Seen
from workers.domain import decision as d
from workers.domain import lane
from workers.domain.decide import decide

from .test_voting import adopted
from .worlds import ANA, BEN, BIOPSY, KEYS, MIA, OLA, POLICY, STAGING, Story, reasons, version_of


def pid(number: int) -> PromotionId:
    return PromotionId.read(f"P-{number}")


@pytest.fixture
def story() -> Story:
    """Four versions, all soaked in staging (P-1 to P-4)."""
    story = Story().registers(*(version_of(f"v{n}.0.0") for n in (1, 2, 3, 4)))
    for n in (1, 2, 3, 4):
        story.succeeds(f"v{n}.0.0", "staging")
    return story.later(hours=2)


def test_a_second_one_queues_behind_the_first_and_starts_at_its_turn(story: Story) -> None:
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(5)))
    story.promotes(ANA, "v2.0.0")
    story.says(BEN, ask.Approve(pid(6)))
    assert story.state("P-6") == "queued"
    assert story.promotion("P-6").reasons == ("behind P-5 (biopsy v1.0.0, deploying)",)
    assert story.promotion("P-6").live == story.promotion("P-5").to
    assert story.ticks() == []
    story.deploys("P-5")
    story.verifies("P-5")
    (started,) = story.ticks()
    assert started.effects == (d.Deploy(pid(6), 2, fresh=True),)
    assert story.state("P-6") == "deploying"
    assert story.promotion("P-6").votes != ()


def test_each_is_planned_against_the_one_ahead_so_no_approval_goes_stale(story: Story) -> None:
    for n in (1, 2, 3):
        story.promotes(ANA, f"v{n}.0.0")
        story.says(BEN, ask.Approve(pid(4 + n)))
    assert [story.state(f"P-{n}") for n in (5, 6, 7)] == ["deploying", "queued", "queued"]
    for n in (5, 6, 7):
        story.deploys(f"P-{n}")
        story.verifies(f"P-{n}")
        story.ticks()
    assert story.live() == "v3.0.0"
    assert not [event for n in (6, 7) for event in story.promotion(f"P-{n}").events if event.event == "stale"]


def test_when_the_one_ahead_ends_otherwise_the_approval_is_stale(story: Story) -> None:
    for n in (1, 2):
        story.promotes(ANA, f"v{n}.0.0")
        story.says(BEN, ask.Approve(pid(4 + n)))
    story.deploys("P-5", Seen.REFUSED, "wrong format")
    assert story.state("P-5") == "failed"
    (stale,) = story.ticks()
    assert stale.event == "stale"
    assert story.state("P-6") == "waiting"
    assert "now runs nothing" in story.promotion("P-6").events[-1].text
    assert story.ticks() == []


def test_a_queued_one_whose_approval_rule_fell_away_stays_queued(story: Story) -> None:
    for n in (1, 2):
        story.promotes(ANA, f"v{n}.0.0")
        story.says(BEN, ask.Approve(pid(4 + n)))
    adopted(story, POLICY.replace("    approve: {from: [ml-leads], count: 1, expires: 24h, exclude: [requester, author]}\n", ""))
    story.ticks()
    assert story.state("P-6") == "queued"
    story.deploys("P-5")
    story.verifies("P-5")
    story.ticks()
    assert story.state("P-6") == "deploying"


def test_a_queued_one_that_needs_approval_now_is_asked_for_it() -> None:
    story = Story().registers(version_of("v1.0.0"), version_of("v2.0.0"))
    story.promotes(ANA, "v1.0.0", "staging")
    story.promotes(ANA, "v2.0.0", "staging")
    assert story.state("P-2") == "queued"
    adopted(story, POLICY.replace("run: [ops, ml-leads]\n", "run: [ops, ml-leads]\n    approve: {from: [ml-leads]}\n"))
    story.deploys("P-1")
    story.verifies("P-1")
    story.ticks()
    assert story.state("P-2") == "waiting"


def test_an_environment_that_the_policy_dropped_ends_what_waits_there() -> None:
    story = Story().registers(*(version_of(f"v{n}.0.0") for n in (1, 2, 3)))
    for n in (1, 2, 3):
        story.promotes(OLA, f"v{n}.0.0", "vault")
        for who in (BEN, MIA) if n < 3 else ():
            story.says(who, ask.Approve(pid(n)))
    assert [story.state(f"P-{n}") for n in (1, 2, 3)] == ["deploying", "queued", "waiting"]
    adopted(story, POLICY[: POLICY.index("  vault:")])
    story.ticks()
    assert [story.state(f"P-{n}") for n in (2, 3)] == ["refused", "refused"]
    assert all("no longer has the environment" in story.promotion(f"P-{n}").reasons[0] for n in (2, 3))
    assert "no longer has the environment" in reasons(story.says(BEN, ask.Approve(pid(3))))[0].text


def test_soak_counts_from_the_success_before_and_then_starts_by_itself(story: Story) -> None:
    story.registers(version_of("v5.0.0"))
    story.succeeds("v5.0.0", "staging")
    story.promotes(ANA, "v5.0.0")
    story.says(BEN, ask.Approve(pid(6)))
    assert story.state("P-6") == "queued"
    assert story.promotion("P-6").look_at == "2026-11-23T11:00:00.000Z"
    assert story.later(minutes=59).ticks() == []
    assert [one.event for one in story.later(minutes=1).ticks()] == ["deploying"]


def test_the_same_bytes_under_another_version_soak_as_long(story: Story) -> None:
    story.registers(version_of("v5.0.0"), version_of("v5.0.1", content="biopsy v5.0.0"))
    story.succeeds("v5.0.0", "staging")
    story.promotes(ANA, "v5.0.1")
    story.says(BEN, ask.Approve(pid(6)))
    assert story.state("P-6") == "queued"
    assert "soaking in staging" in story.promotion("P-6").reasons[0]


def test_nobody_decided_in_time(story: Story) -> None:
    story.promotes(ANA, "v1.0.0")
    assert [one.event for one in story.later(hours=23, minutes=59).ticks()] == ["reminded"]
    assert [one.event for one in story.later(minutes=1).ticks()] == ["expired"]
    assert story.state("P-5") == "expired"
    assert story.ticks() == []


@pytest.mark.parametrize("step", ["deploying", "verifying", "rolling_back"])
def test_a_step_without_an_answer_needs_a_person(story: Story, step: str) -> None:
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(5)))
    if step != "deploying":
        story.deploys("P-5")
    if step == "rolling_back":
        story.verifies("P-5", Seen.MISMATCH, "another digest")
    assert story.state("P-5") == step
    assert story.later(minutes=2).ticks() == []
    assert [one.event for one in story.later(minutes=1).ticks()] == ["needs_attention"]
    assert story.lane().in_flight == "P-5"
    assert any("retry P-5" in reason for reason in story.promotion("P-5").reasons)
    generation = story.lane().generation
    story.deploys("P-5")
    assert story.state("P-5") == "needs_attention"
    story.says(BEN, ask.Retry(pid(5)))
    assert story.lane().generation == generation + 1


def test_reports_of_another_generation_or_step_change_nothing(story: Story) -> None:
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(5)))
    before = story.world
    for report in (
        ask.Deployed(pid(5), 2, Seen.DONE, "eu", ""),
        ask.Deployed(pid(5), 0, Seen.REFUSED, "eu", ""),
        ask.Verified(pid(5), 1, Seen.DONE, "eu", ""),
        ask.Restored(pid(5), 1, Seen.DONE, "eu", ""),
        ask.Deployed(pid(99), 1, Seen.DONE, "eu", ""),
    ):
        assert story.reports(report) == d.NOTHING
    assert story.world is before


@pytest.mark.parametrize("seen", [Seen.REFUSED, Seen.UNREACHABLE])
def test_a_no_of_the_world_changes_nothing_live(story: Story, seen: Seen) -> None:
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(5)))
    story.deploys("P-5", seen, "out of memory")
    assert story.state("P-5") == "failed"
    assert (story.lane().desired, story.lane().in_flight, story.live()) == (None, None, None)
    assert story.promotion("P-5").events[-1].text == "out of memory"
    assert not story.world.holds


@pytest.mark.parametrize("seen", [Seen.REFUSED, Seen.UNREACHABLE])
def test_after_a_deployment_whose_end_nobody_saw_a_no_is_not_the_whole_truth(story: Story, seen: Seen) -> None:
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(5)))
    story.deploys("P-5", Seen.UNCLEAR, "the answer was lost")
    assert story.state("P-5") == "needs_attention"
    story.says(BEN, ask.Retry(pid(5)))
    story.deploys("P-5", seen, "no")
    assert story.state("P-5") == "needs_attention"
    assert story.lane().in_flight == "P-5"


def test_a_no_while_it_is_deployed_goes_back_and_holds_nothing_against_its_bytes(story: Story) -> None:
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(5)))
    assert story.deploys("P-5", Seen.MISMATCH, "us does not answer, after eu had switched").effects == (d.Restore(pid(5), 2),)
    story.restores("P-5")
    assert (story.state("P-5"), story.world.holds) == ("rolled_back", {})
    assert story.promotion("P-5").was_disproved is False
    story.promotes(ANA, "v1.0.0")
    assert story.state("P-6") == "waiting"


def test_a_proof_that_does_not_hold_goes_back_and_holds_the_digest(story: Story) -> None:
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(5)))
    story.deploys("P-5")
    decision = story.verifies("P-5", Seen.MISMATCH, "the golden prediction differs")
    assert decision.effects == (d.Restore(pid(5), 2),)
    assert story.lane().generation == 2
    story.restores("P-5")
    assert story.state("P-5") == "rolled_back"
    (hold,) = story.world.holds.values()
    assert (hold.version, hold.because, hold.promotion) == ("v1.0.0", "the golden prediction differs", "P-5")
    assert (story.lane().desired, story.lane().in_flight) == (None, None)
    story.promotes(ANA, "v1.0.0")
    assert story.state("P-6") == "refused"
    assert "on hold" in story.promotion("P-6").reasons[0]


def test_going_back_that_does_not_work_needs_a_person(story: Story) -> None:
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(5)))
    story.deploys("P-5", Seen.MISMATCH)
    story.restores("P-5", Seen.REFUSED, "gone")
    assert story.state("P-5") == "needs_attention"


def test_lanes_are_apart(story: Story) -> None:
    story.registers(version_of("v1.0.0", "wine"))
    story.promotes(ANA, "v1.0.0", "staging", "wine")
    story.registers(version_of("v9.0.0"))
    story.promotes(ANA, "v9.0.0", "staging")
    assert [one.id for one in story.world.in_lane(STAGING, BIOPSY)] == ["P-6"]
    assert story.state("P-5") == story.state("P-6") == "deploying"


def test_what_succeeded_is_kept_for_ten(story: Story) -> None:
    story.registers(*(version_of(f"v0.{n}.0") for n in range(lane.KEPT + 2)))
    for n in range(lane.KEPT + 2):
        story.succeeds(f"v0.{n}.0", "staging")
    assert [one.version for one in story.lane("staging").succeeded] == [f"v0.{n}.0" for n in range(2, lane.KEPT + 2)]
    assert story.promotion("P-1").state is State.SUCCEEDED


def test_a_beat_of_the_clock_goes_on_behind_what_it_decided_last(story: Story) -> None:
    for number in (1, 2, 3, 4):
        story.promotes(ANA, f"v{number}.0.0")
    story.later(hours=25)
    decided: list[PromotionId] = []
    while len(decided) < 10:
        envelope = story._envelope(PROCESSES["clock"], ask.Tick(), None, issued=story.now)
        case = d.Case(envelope, seal(envelope, Sender.CLOCK, KEYS["clock"]), story.now, after=decided[-1] if decided else None)
        decision = story.judge(case)
        if decision.promotion is None:
            break
        assert decision.event == "expired"
        decided.append(decision.promotion.id)
    assert decided == [pid(number) for number in (5, 6, 7, 8)]
    assert decide(story.world, d.Case(envelope, case.sealed, story.now, after=pid(5))) == d.NOTHING
