"""What a beat of the clock found of a promotion, remembered while everything that it was judged by is the very same.

A state is never changed in place, so what is the same object is unchanged: a judge asked again would say the same. Nothing here is ever the only
place where something is known; without it a beat says the same and takes longer. See docs/adr/0039.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime
from operator import is_

from workers.contract.promotion import Promotion
from workers.domain.policy import Rules
from workers.domain.state import World

MOST = 1 << 15
Basis = tuple[object, ...]


class Memory:
    """For each key the objects by which something was judged, and until when it stays so; those that were asked for longest ago are forgotten."""

    def __init__(self) -> None:
        self._found: OrderedDict[Hashable, tuple[Basis, datetime | None]] = OrderedDict()

    def holds(self, key: Hashable, basis: Basis, now: datetime | None = None) -> bool:
        """Whether it was judged by these very objects, and the time is not over."""
        known = self._found.get(key)
        if known is None or len(known[0]) != len(basis):
            return False
        in_time = now is None or known[1] is None or now < known[1]
        return in_time and all(map(is_, known[0], basis))

    def keep(self, key: Hashable, basis: Basis, until: datetime | None = None) -> None:
        """It was judged by these."""
        self._found[key] = (basis, until)
        self._found.move_to_end(key)
        if len(self._found) > MOST:
            self._found.popitem(last=False)


_plans, _waits = Memory(), Memory()


def is_known(world: World, promotion: Promotion, rules: Rules) -> bool:
    """Whether the plan and the votes were found to hold on a state that is the same as far as this promotion goes. Of a bundle it is never known."""
    return not promotion.bundle and _plans.holds(promotion.id, _basis(world, promotion, rules))


def remember(world: World, promotion: Promotion, rules: Rules) -> None:
    """The plan and the votes hold on this state."""
    if not promotion.bundle:
        _plans.keep(promotion.id, _basis(world, promotion, rules))


def rests(world: World, promotion: Promotion, rules: Rules, now: datetime) -> bool:
    """Whether a queued promotion was found stopped, by what it was told, on a state that is the same, and time has changed nothing of it."""
    return not promotion.bundle and _waits.holds(promotion.id, (world.freezes, world.locks, *_basis(world, promotion, rules)), now)


def rest(world: World, promotion: Promotion, rules: Rules, until: datetime) -> None:
    """It is stopped by what it was told, and time alone changes nothing of that before `until`."""
    if not promotion.bundle:
        _waits.keep(promotion.id, (world.freezes, world.locks, *_basis(world, promotion, rules)), until)


def _basis(world: World, promotion: Promotion, rules: Rules) -> Basis:
    lane = (promotion.environment, promotion.artifact)
    others = () if world.is_alone(promotion) else (world.promotions[id_] for id_ in sorted(world.lanes[lane]))
    return (
        promotion, rules, world.policy, world.holds, world.versions.get(promotion.artifact), world.releases.get(lane),
        world.evidence.get((promotion.artifact, promotion.to.version)), *others,
    )  # fmt: skip
