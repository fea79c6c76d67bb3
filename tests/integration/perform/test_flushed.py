"""FLUSHALL at any instant loses nothing that is recorded, and what Redis shows is again what Git says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from workers.adapters.redis.board import CHANGES, HEAD, RedisBoard
from workers.adapters.redis.projection import NoProjection
from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.names import PromotionId, VersionAsk
from workers.contract.outcomes import Delivery, Moved
from workers.contract.promotion import Promotion
from workers.domain.recents import Recents
from workers.domain.state import World
from workers.tasks import changes

from .town import BEN, Town, projected

MOMENTS = ["received", "judged", "pushed", "shown", "delivered", "started", "done"]


class Flushing(RedisBoard):
    """The real board of a town whose Redis is emptied at one moment of the next batch."""

    def __init__(self, town: Town, moment: str) -> None:
        super().__init__(town.client, lambda task, fields: town.sent.append((task, fields)))
        self._town, self._moment = town, moment

    def at(self, moment: str) -> None:
        if self._moment == moment:
            self._moment = ""
            self._town.client.flushall()
            self._town.sent.clear()

    def show(self, world: World, files: Mapping[str, bytes | None], changed: Sequence[Promotion], commits: Mapping[int, str]) -> None:
        self.at("pushed")
        super().show(world, files, changed, commits)
        self.at("shown")

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        super().deliver(deliveries)
        self.at("delivered")

    def start(self, effects: Any) -> None:
        super().start(effects)
        self.at("started")


@pytest.mark.parametrize("moment", MOMENTS)
def test_at_every_moment_of_a_decision(town: Town, moment: str) -> None:
    changes.rebuild_now(town.wiring)
    board = Flushing(town, moment)
    town.loop._board = board
    sealed = town.promotes()
    board.at("received")
    town.ledger.before_push = lambda: board.at("judged")
    town.loop.perform()
    board.at("done")
    if town.events().count("requested") == 0:
        assert moment == "received"
        town.wiring.inbox.put(sealed)
    town.wiring.inbox.put(sealed)
    town.ticks()
    town.later(seconds=10)
    town.client.delete(*(town.client.keys("towpath:once:step:*") or ["none"]))  # the pause before a lost step is begun again
    town.ticks()
    town.works()
    town.ticks()
    assert town.events().count("requested") == 1
    assert town.state("P-1") == "succeeded"
    assert projected(town) == replace(town.world(), recent=Recents())
    (document,) = [town.client.get(lanes.document("promotion:P-1"))]
    assert isinstance(document, bytes)
    last = [moved for moved in town.told(Moved) if moved.promotion.id == "P-1"][-1]
    assert last.promotion == town.promotion("P-1")


def test_the_projection_follows_every_step(town: Town) -> None:
    changes.rebuild_now(town.wiring)
    steps: list[Callable[[], object]] = [
        lambda: town.promotes("v1.0.0"),
        lambda: town.card("P-1", "1.1"),
        town.works,
        lambda: town.promotes("v2.0.0"),
        town.works,
        lambda: town.says(BEN, ask.Rollback(town.promotion("P-1").environment, town.promotion("P-1").artifact)),
        lambda: town.card("P-3", "3.1"),
        town.works,
        lambda: town.card("P-3", "3.2"),
        lambda: town.says(BEN, ask.Cancel(PromotionId.read("P-1"))),
        lambda: town.says(BEN, ask.Unhold(town.promotion("P-1").artifact, VersionAsk.read("v2"), town.promotion("P-1").environment, "x")),
    ]
    for step in steps:
        step()
        town.loop.perform()
        assert projected(town) == replace(town.world(), recent=Recents())
    assert town.client.get(lanes.document("thread:CBIOPSY:3.2")) == b"P-3"


def test_a_reader_that_missed_a_rebuild_does_not_follow_over_the_gap(town: Town) -> None:
    changes.rebuild_now(town.wiring)
    other = town.beside("two")
    town.promotes("v1.0.0")
    town.loop.perform()
    assert projected(town) == replace(town.world(), recent=Recents())
    town.client.flushall()
    town.promotes("v2.0.0")
    town.loop.perform()
    assert town.client.get(HEAD) is None
    with pytest.raises(NoProjection):
        other.wiring.projection.read()
    changes.rebuild_now(town.wiring)
    town.card("P-1", "1.1")
    town.loop.perform()
    assert town.client.xlen(CHANGES) == 1
    assert projected(town) == replace(town.world(), recent=Recents())


def test_changes_are_never_put_on_a_state_that_they_were_not_made_on(town: Town) -> None:
    changes.rebuild_now(town.wiring)
    shown = town.client.get(HEAD)
    real = town.loop._board
    town.loop._board = Silent(town)
    town.promotes("v1.0.0")
    town.loop.perform()
    town.loop._board = real
    town.card("P-1", "1.1")
    town.loop.perform()
    assert town.client.get(HEAD) == shown
    town.ticks()
    assert projected(town) == replace(town.world(), recent=Recents())


class Silent(Flushing):
    """A board whose Redis did not hear of the change."""

    def __init__(self, town: Town) -> None:
        super().__init__(town, "")

    def show(self, world: World, files: Mapping[str, bytes | None], changed: Sequence[Promotion], commits: Mapping[int, str]) -> None:
        return


def test_the_next_decision_after_a_flush_makes_the_projection_at_once(town: Town) -> None:
    town.client.flushall()
    town.promotes()
    town.drain()
    assert projected(town).head == town.head()
    assert [moved.promotion.id for moved in town.told(Moved)] == ["P-1", "P-1"]
