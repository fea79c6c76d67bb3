"""A step of a deployment under its lease: it calls itself fresh only while nothing can have been sent; and a drain that always ends."""

from __future__ import annotations

import pytest

from workers.adapters.redis.inbox import CONSUMER, GROUP
from workers.contract import lanes
from workers.contract.names import PromotionId
from workers.effects.deployment import Attempt, LookAgain
from workers.ports.errors import Unclear, Unreachable
from workers.tasks import effects
from workers.tasks.changes import step_name

from .town import Town

P1 = PromotionId.read("P-1")


def freshness(town: Town, attempt: Attempt, ends: Exception | None) -> bool:
    """Run a step that ends so; whether it was told that nothing can have been sent before."""
    seen: list[bool] = []

    def run(given: Attempt) -> None:
        seen.append(given.fresh)
        if ends:
            raise ends

    if isinstance(ends, LookAgain | Unreachable | Unclear | None):
        assert (effects.step(town.wiring, run, attempt) is None) == (ends is None)
    else:
        with pytest.raises(type(ends)):
            effects.step(town.wiring, run, attempt)
    return seen[0]


@pytest.mark.parametrize(
    ("ends", "still"),
    [
        (LookAgain(1, "refused"), True),
        (Unreachable("git is away"), True),
        (Unclear("the answer was lost"), False),
        (KeyError("killed"), False),
        (None, False),
    ],
)
def test_a_second_run_is_fresh_only_when_the_first_knows_that_nothing_was_sent(town: Town, ends: Exception | None, still: bool) -> None:
    assert freshness(town, Attempt(P1, 1, fresh=True, number=1), ends)
    assert freshness(town, Attempt(P1, 1, fresh=True, number=2), None) is still
    assert freshness(town, Attempt(P1, 2, fresh=True), None)


def test_after_a_run_that_was_begun_again_by_the_sweep_none_is_fresh(town: Town) -> None:
    assert not freshness(town, Attempt(P1, 1, fresh=False), LookAgain(1, "x"))
    assert not freshness(town, Attempt(P1, 1, fresh=True, number=2), None)


def test_what_somebody_else_is_at_is_left_alone(town: Town) -> None:
    ran: list[Attempt] = []
    with town.wiring.leases.hold(step_name(P1, 1), 5) as ours:
        assert ours
        assert effects.step(town.wiring, ran.append, Attempt(P1, 1, fresh=True)) is None
    assert ran == []
    effects.step(town.wiring, ran.append, Attempt(P1, 1, fresh=True))
    assert [attempt.fresh for attempt in ran] == [True]


def test_an_entry_that_was_acknowledged_and_not_deleted_does_not_keep_the_drain_running(town: Town) -> None:
    town.drain()
    town.promotes()
    town.loop.perform()
    town.client.xadd(lanes.INBOX, {"envelope": "x"})
    found = town.client.xreadgroup(GROUP, CONSUMER, {lanes.INBOX: ">"})
    assert found
    (pending,) = town.client.xpending_range(lanes.INBOX, GROUP, "-", "+", 10)
    town.client.xack(lanes.INBOX, GROUP, pending["message_id"])
    assert town.wiring.inbox.waits()
    assert town.drain() == 0
