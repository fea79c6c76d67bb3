"""What the gates of an open promotion need to know and nobody has seen, or not lately: Towpath has it looked at without being asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from workers.contract.evidence import Evidence
from workers.contract.promotion import Promotion, RegisteredVersion, State
from workers.domain import bundle, gates, lane
from workers.domain.gates.gate import Dossier, Need
from workers.domain.policy import Rules
from workers.domain.state import World

Seen = Mapping[str, Evidence]


def of(promotion: Promotion, rules: Rules, version: RegisteredVersion, seen: Seen, now: datetime) -> tuple[tuple[str, Need], ...]:
    """Each gate of one promotion that waits for a look, with its need; those that an emergency passes over need none."""
    dossier = Dossier(version, rules.name, rules.after, evidence=seen, now=now)
    return tuple(one for one in gates.unseen(rules.gates, dossier, promotion.requested_at) if one[0] not in promotion.skipped)


def is_awaited(world: World, promotion: Promotion, rules: Rules, now: datetime) -> bool:
    """Whether a look may let the promotion pass (of a bundle, all of it): every gate that stops it waits for one, and there is such a gate."""
    found = [_stopping(world, one, its, now) for one, its in lane.items(world, promotion, rules)]
    return any(stopping for stopping, _ in found) and all(stopping <= waiting for stopping, waiting in found)


def _stopping(world: World, promotion: Promotion, rules: Rules, now: datetime) -> tuple[set[str], set[str]]:
    """The gates that stop one, and those of its gates that wait for a look."""
    fresh = lane.alone(world, promotion, rules, now)
    return {lane.gate_of(gate) for gate in gates.stops(fresh.gates)}, set(names(world, promotion, rules, now))


def names(world: World, promotion: Promotion, rules: Rules, now: datetime) -> tuple[str, ...]:
    """The gates of one promotion that wait for a look."""
    seen = world.evidence.get((promotion.artifact, promotion.to.version), {})
    return tuple(name for name, _ in of(promotion, rules, lane.version_of(world, promotion), seen, now))


def to_refresh(world: World, now: datetime) -> Iterator[Promotion]:
    """The promotions that have something to be looked at now: those that wait for nothing else, and those that people are asked about."""
    for id_ in world.open:
        promotion = world.promotions[id_]
        if promotion.evidence_by is not None:
            yield promotion
        elif promotion.state is State.WAITING and _has_aged(world, promotion, now):
            yield bundle.leader(world, promotion)


def _has_aged(world: World, promotion: Promotion, now: datetime) -> bool:
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    return rules is not None and rules.looks and bool(names(world, promotion, rules, now))
