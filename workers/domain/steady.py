"""What a beat of the clock found of a queued promotion, remembered while everything that it was judged by is the very same.

A state is never changed in place, so what is the same object is unchanged. Only time is looked at anew each time; it has no part in this.
"""

from __future__ import annotations

from collections import OrderedDict

from workers.contract.names import PromotionId
from workers.contract.promotion import Promotion
from workers.domain.policy import Rules
from workers.domain.state import World

MOST = 1 << 15
_found: OrderedDict[PromotionId, tuple[object, ...]] = OrderedDict()


def is_known(world: World, promotion: Promotion, rules: Rules) -> bool:
    """Whether the plan and the votes were found to hold on a state that is the same as far as this promotion goes. Of a bundle it is never known."""
    known = _found.get(promotion.id)
    if known is None or promotion.bundle:
        return False
    found = _basis(world, promotion, rules)
    return len(known) == len(found) and all(one is other for one, other in zip(known, found, strict=True))


def remember(world: World, promotion: Promotion, rules: Rules) -> None:
    """The plan and the votes hold on this state."""
    if not promotion.bundle:
        _found[promotion.id] = _basis(world, promotion, rules)
        _found.move_to_end(promotion.id)
        if len(_found) > MOST:
            _found.popitem(last=False)


def _basis(world: World, promotion: Promotion, rules: Rules) -> tuple[object, ...]:
    lane = (promotion.environment, promotion.artifact)
    return (
        promotion, rules, world.policy, world.holds, world.versions.get(promotion.artifact), world.releases.get(lane),
        world.evidence.get((promotion.artifact, promotion.to.version)), *(world.promotions[id_] for id_ in sorted(world.lanes.get(lane, ()))),
    )  # fmt: skip
