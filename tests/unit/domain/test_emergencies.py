"""Break-glass: exactly what is named is passed over, it is told, and the debt stays until a second person settles it."""

from __future__ import annotations

import pytest

from workers.contract import requests as ask
from workers.contract.actors import Actor
from workers.contract.names import DebtId, GateName, Instant, PromotionId, VersionAsk
from workers.contract.outcomes import Announcement, Choose, Refused
from workers.contract.promotion import Result
from workers.contract.stopped import Debts
from workers.domain import decision as d

from .worlds import ANA, BEN, BIOPSY, MIA, OLA, POLICY, PROD, Story, outcome, reasons, refused, version_of

GLASS = POLICY.replace("    soak: 1h\n", "    soak: 1h\n    emergency: [ops, ml-leads]\n")
LATER = Instant("2026-12-01T00:00:00.000Z")


@pytest.fixture
def story() -> Story:
    """v1 live in prod (P-1, P-2); v2 new, v3 bad and new."""
    story = Story(GLASS).registers(version_of("v1.0.0"), version_of("v2.0.0"), version_of("v3.0.0", metrics={"auc": "0.5"}))
    story.live_in_prod("v1.0.0")
    return story


def breaks(story: Story, *skipping: str, version: str = "v2.0.0", who: Actor = OLA, because: str = "prod is down") -> d.Decision:
    named = tuple(GateName.read(one) for one in skipping)
    return story.says(who, ask.EmergencyPromote(VersionAsk.read(version), PROD, because, BIOPSY, skipping=named))


def test_what_is_named_is_passed_over_told_and_owed(story: Story) -> None:
    decision = breaks(story, "order", "approval")
    opened = story.promotion("P-3")
    assert (decision.event, opened.state.value, opened.skipped, opened.quorum) == ("emergency", "deploying", ("order", "approval"), None)
    assert [gate.result for gate in opened.gates if gate.gate == "order"] == [Result.PASSED_OVER]
    assert opened.events[0].text == "Passed over: order, approval. Deployment begins."
    (told,) = decision.announce
    assert isinstance(told, Announcement)
    assert told.is_emergency
    for part in ("passes over order, approval", "prod is down", "P-3", "biopsy v2.0.0"):
        assert part in told.text
    (debt,) = story.world.debts.values()
    assert debt.id == f"D-{story.world.seq}"
    assert (debt.promotion, debt.skipped, debt.by, debt.because) == ("P-3", ("order", "approval"), OLA.id, "prod is down")
    assert story.world == story.folded()
    story.deploys("P-3")
    story.verifies("P-3")
    assert story.live() == "v2.0.0"


def test_without_naming_approval_the_approvals_still_apply(story: Story) -> None:
    breaks(story, "order")
    assert story.state("P-3") == "waiting"
    story.says(BEN, ask.Approve(PromotionId("P-3")))
    assert story.state("P-3") == "deploying"


def test_what_is_not_named_still_stops_it_and_then_nothing_is_owed(story: Story) -> None:
    decision = breaks(story, "order", "approval", version="v3.0.0")
    assert (decision.event, story.state("P-3")) == ("refused", "refused")
    assert "0.5" in story.promotion("P-3").reasons[0]
    assert (story.world.debts, decision.announce) == ({}, ())
    assert breaks(story, "order", "approval", "metrics", version="v3.0.0").event == "emergency"


def test_a_freeze_and_a_lock_that_are_named_do_not_hold_it(story: Story) -> None:
    story.succeeds("v2.0.0", "staging")
    story.later(hours=2)
    story.says(BEN, ask.Freeze(PROD, LATER, "audit"))
    story.says(BEN, ask.Lock(BIOPSY, PROD, "mine"))
    assert breaks(story, "approval", "freeze").event == "emergency"
    assert story.state("P-4") == "queued"
    assert story.promotion("P-4").reasons[0].startswith("locked")
    story.says(BEN, ask.Cancel(PromotionId("P-4")))
    breaks(story, "approval", "freeze", "lock")
    assert story.state("P-5") == "deploying"


def test_it_goes_before_what_waits_in_its_lane(story: Story) -> None:
    story.registers(version_of("v4.0.0"))
    story.succeeds("v4.0.0", "staging")
    story.promotes(ANA, "v4.0.0")
    story.says(BEN, ask.Approve(PromotionId("P-4")))
    assert story.state("P-4") == "queued"
    breaks(story, "order", "approval")
    assert story.state("P-5") == "deploying"


def test_it_takes_the_place_of_the_same_request_that_waits(story: Story) -> None:
    story.succeeds("v2.0.0", "staging")
    story.promotes(ANA, "v2.0.0")
    assert story.state("P-4") == "waiting"
    breaks(story, "soak", "approval")
    assert (story.state("P-4"), story.state("P-5")) == ("superseded", "deploying")
    assert "P-5" in story.promotion("P-4").events[-1].text


def test_holds_digest_safety_and_the_lane_are_never_passed_over(story: Story) -> None:
    story.says(BEN, ask.Hold(BIOPSY, VersionAsk("v2"), PROD, "bad"))
    decision = breaks(story, "holds", "digest", "artifact-safety", "lane", "deprecated")
    assert refused(story, decision) == ["never-skipped"] * 5
    assert breaks(story, "order", "approval").event == "refused"
    assert "on hold" in " ".join(story.promotion("P-3").reasons)


def test_what_is_unknown_or_not_in_the_way_is_refused_with_what_is(story: Story) -> None:
    decision = breaks(story, "order", "metrics", "sunshine")
    assert refused(story, decision) == ["not-in-the-way"] * 2
    assert all("In the way are: order, approval." in reason.text for reason in reasons(decision))
    assert refused(story, breaks(story)) == ["nothing-named"]
    assert refused(story, breaks(story, "order", because=" ")) == ["because"]


def test_where_nothing_is_in_the_way_the_plain_sentence_is_offered() -> None:
    story = Story(GLASS.replace("    targets: [{name: stage", "    emergency: [ops]\n    targets: [{name: stage")).registers(
        version_of("v1.0.0")
    )
    decision = story.says(OLA, ask.EmergencyPromote(VersionAsk("v1"), type(PROD).read("staging"), "hurry", BIOPSY))
    found = outcome(decision)
    assert isinstance(found, Refused)
    assert found.suggestions == ("promote biopsy v1.0.0 to staging because hurry",)


def test_it_needs_its_own_right(story: Story) -> None:
    assert refused(story, breaks(story, "order", "approval", who=ANA)) == ["right-emergency"]


def test_a_menu_stays_one_for_an_emergency(story: Story) -> None:
    story.registers(version_of("v2.1.0"))
    found = outcome(breaks(story, "order", "approval", version="v2"))
    assert isinstance(found, Choose)
    assert found.options[0].sentence == "emergency promote biopsy v2.1.0 to prod skipping order approval because prod is down"


def test_the_plan_that_approvals_bind_says_what_is_passed_over(story: Story) -> None:
    breaks(story, "order")
    first = story.promotion("P-3")
    story.says(OLA, ask.Cancel(first.id))
    story.succeeds("v2.0.0", "staging")
    story.promotes(OLA, "v2.0.0")
    assert story.promotion("P-5").plan != first.plan


def test_a_debt_is_closed_by_a_second_person_who_runs_the_place_with_a_reason(story: Story) -> None:
    breaks(story, "order", "approval", who=BEN)
    (debt,) = story.world.debts
    assert outcome(story.says(ANA, ask.AuditDebts())) == Debts(tuple(story.world.debts.values()), 1)
    assert refused(story, story.says(BEN, ask.CloseDebt(debt, "mine"))) == ["own-debt"]
    assert refused(story, story.says(OLA, ask.CloseDebt(debt, "x"))) == ["right-run"]
    assert refused(story, story.says(MIA, ask.CloseDebt(debt, " "))) == ["because"]
    assert refused(story, story.says(MIA, ask.CloseDebt(DebtId("D-1"), "x"))) == ["no-debt"]
    closed = story.says(MIA, ask.CloseDebt(debt, "it was approved since"))
    assert (closed.event, closed.about) == ("debt_closed", (BIOPSY, "v2.0.0", PROD))
    assert story.world.debts == {}
    assert outcome(story.says(ANA, ask.AuditDebts())) == Debts()
