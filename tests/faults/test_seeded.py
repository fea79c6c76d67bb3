"""Seeded runs: a fault at any boundary between record, effect and answer, and everything comes to rest with nothing done twice and nothing lost.

More of them, or a single one again: `scripts/bench faults --runs 1000`, `scripts/bench faults --seed 17`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.faults.seeded.faults import FLUSHED_AND_KILLED, Fault
from tests.faults.seeded.ground import Ground
from tests.faults.seeded.run import Plan, Run
from tests.faults.seeded.stories import STAGED

RUNS = int(os.environ.get("SEEDED_RUNS", "30"))
"""A run costs more than a second of a core: a build server that has the time sets SEEDED_RUNS to 300 or more."""
EACH = 10


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with Ground(tmp_path_factory.mktemp("seeded") / "ground") as ground:
        yield ground


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(0, RUNS, EACH))
def test_whatever_is_killed_wherever_nothing_is_done_twice_and_nothing_is_lost(ground: Ground, first: int) -> None:
    for seed in range(first, min(first + EACH, RUNS)):
        Run(ground, Plan.of(seed)).play()


class Aimed(Run):
    """A run whose damage is done at the first boundary of that name."""

    def __init__(self, ground: Ground, plan: Plan, boundary: str, fault: Fault) -> None:
        super().__init__(ground, plan)
        self._aim: tuple[str, Fault] | None = (boundary, fault)

    def _at(self, who: str, where: str) -> None:
        if self._aim and where == self._aim[0]:
            self._left, self._aim = [(0, self._aim[1])], None
        super()._at(who, where)


@pytest.mark.parametrize("skew", [-300.0, 300.0])
@pytest.mark.parametrize("boundary", ["before Slack.call chat.postMessage", "after Slack.call chat.postMessage"])
def test_a_bot_killed_with_its_redis_emptied_finds_its_card_though_clocks_are_five_minutes_apart(
    ground: Ground, boundary: str, skew: float
) -> None:
    plan = replace(Plan.of(0), story=STAGED, faults=(), copies=1, any_order=False, skew=skew)
    assert Aimed(ground, plan, boundary, FLUSHED_AND_KILLED).play().struck


def test_a_seed_is_always_the_same_plan() -> None:
    assert [str(Plan.of(seed)) for seed in range(50)] == [str(Plan.of(seed)) for seed in range(50)]
    assert len({str(Plan.of(seed)) for seed in range(50)}) == 50
