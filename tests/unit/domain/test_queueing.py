"""`show queue`, and new promotions that take the place of waiting ones where the policy says so."""

from __future__ import annotations

import pytest

from workers.contract import requests as ask
from workers.contract.names import ArtifactName, Instant, PromotionId
from workers.contract.outcomes import Refused
from workers.contract.stopped import Queue
from workers.domain import policy

from .test_voting import adopted
from .worlds import ANA, BEN, BIOPSY, MIA, POLICY, PROD, STAGING, Story, outcome, version_of

NEWEST_WINS = POLICY.replace("    soak: 1h\n", "    soak: 1h\n    supersede: true\n")


def soaked(story: Story) -> Story:
    """Three versions, soaked in staging (P-1 to P-3)."""
    story.registers(*(version_of(f"v{n}.0.0") for n in (1, 2, 3)))
    for n in (1, 2, 3):
        story.succeeds(f"v{n}.0.0", "staging")
    return story.later(hours=2)


def pid(number: int) -> PromotionId:
    return PromotionId.read(f"P-{number}")


@pytest.fixture
def story() -> Story:
    return soaked(Story())


def queue(story: Story, **asked: object) -> Queue:
    found = outcome(story.says(ANA, ask.ShowQueue(**asked)))  # type: ignore[arg-type]
    assert isinstance(found, Queue)
    return found


def test_the_queue_says_order_reasons_and_next_look(story: Story) -> None:
    for n in (1, 2, 3):
        story.promotes(ANA, f"v{n}.0.0")
        if n < 3:
            story.says(BEN, ask.Approve(pid(3 + n)))
    until = Instant("2026-11-24T00:00:00.000Z")
    story.says(BEN, ask.Freeze(PROD, until, "audit"))
    (lane,) = queue(story).lanes
    assert (lane.environment, lane.artifact, lane.live) == (PROD, BIOPSY, None)
    assert [(one.promotion, one.position, one.state.value) for one in lane.entries] == [
        ("P-4", 0, "deploying"), ("P-5", 1, "queued"), ("P-6", None, "waiting"),
    ]  # fmt: skip
    assert [reason.partition(" ")[0] for reason in lane.entries[1].reasons] == ["behind", "prod"]
    assert lane.entries[1].look_at == until
    assert lane.entries[2].expires_at == story.promotion("P-6").expires_at


def test_it_can_be_asked_for_one_place(story: Story) -> None:
    story.promotes(ANA, "v1.0.0")
    assert queue(story, environment=STAGING) == Queue()
    assert queue(story, artifact=BIOPSY, environment=PROD).total == 1
    assert queue(story, artifact=ArtifactName("biopsi")).note == "read biopsi as biopsy"
    assert isinstance(outcome(story.says(ANA, ask.ShowQueue(ArtifactName("zzz")))), Refused)


def test_by_default_a_newer_request_queues(story: Story) -> None:
    story.promotes(ANA, "v1.0.0")
    story.promotes(ANA, "v2.0.0")
    assert [story.state("P-4"), story.state("P-5")] == ["waiting", "waiting"]


def test_where_the_policy_says_so_it_takes_the_place_of_those_that_have_not_begun() -> None:
    story = soaked(Story(NEWEST_WINS))
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Freeze(PROD, Instant("2026-12-01T00:00:00.000Z"), "audit"))
    story.says(BEN, ask.Approve(pid(4)))
    assert story.state("P-4") == "queued"
    decision = story.promotes(MIA, "v2.0.0")
    assert (story.state("P-4"), story.state("P-5")) == ("superseded", "waiting")
    assert story.promotion("P-4").events[-1].text == "P-5 (biopsy v2.0.0) takes its place: it was asked for later."
    assert story.promotion("P-4") in decision.documents
    assert story.promotion("P-5").live is None


def test_one_that_the_gates_refuse_takes_nobodys_place() -> None:
    story = soaked(Story(NEWEST_WINS))
    story.promotes(ANA, "v1.0.0")
    story.registers(version_of("v4.0.0"))
    assert story.promotes(MIA, "v4.0.0").event == "refused"
    assert story.state("P-4") == "waiting"


def test_what_has_begun_is_left_alone() -> None:
    story = soaked(Story(NEWEST_WINS))
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(pid(4)))
    story.promotes(ANA, "v2.0.0")
    assert [story.state("P-4"), story.state("P-5")] == ["deploying", "waiting"]


def test_the_rule_comes_with_the_policy_and_is_off_by_default(story: Story) -> None:
    assert not story.world.policy.environments[PROD].supersede
    adopted(story, NEWEST_WINS)
    assert story.world.policy.environments[PROD].supersede
    with pytest.raises(policy.BadPolicy, match="supersede"):
        policy.read(NEWEST_WINS.replace("supersede: true", "supersede: sometimes"))
