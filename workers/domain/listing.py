"""The answers to `show queue`, `show locks`, `show freezes`, `show holds` and `audit debts`. Pure; `reads` finds out which names are meant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from workers.contract.envelope import read_stamp, stamp
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.promotion import Promotion, State
from workers.contract.stopped import Closed, Debts, Freezes, Holds, Locks, Queue, Queued, QueueLane
from workers.domain import affected, calendar, lane, plan, states
from workers.domain.state import World

MOST = 20


def queue(world: World, artifact: ArtifactName | None, environment: EnvironmentName | None, now: datetime) -> Queue:
    """The lanes in which something is on its way, in the policy's order of environments."""
    order = {name: at for at, name in enumerate(world.policy.environments)}
    fitting = [key for key in world.lanes if environment in (None, key[0]) and artifact in (None, key[1])]
    found = sorted(fitting, key=lambda key: (order.get(key[0], len(order)), key[1]))
    return Queue(tuple(_lane(world, *key, now) for key in found[:MOST]), len(found))


def _lane(world: World, environment: EnvironmentName, artifact: ArtifactName, now: datetime) -> QueueLane:
    release, here = world.release(environment, artifact), world.in_lane(environment, artifact)
    under_way = [one for one in here if one.state in states.IN_FLIGHT]
    queued = sorted((one for one in here if one.state is State.QUEUED), key=plan.turn)
    others = [one for one in here if one.state in states.BEFORE_DEPLOYMENT and one.state is not State.QUEUED]
    entries = [
        *(_entry(world, one, 0, now) for one in under_way),
        *(_entry(world, one, at, now) for at, one in enumerate(queued, 1)),
        *(_entry(world, one, None, now) for one in others),
    ]
    return QueueLane(environment, artifact, release.live.version if release and release.live else None, tuple(entries[:MOST]))


def _entry(world: World, one: Promotion, position: int | None, now: datetime) -> Queued:
    reasons, look = one.reasons, one.look_at
    rules = world.policy.rules_for(one.environment, one.artifact, one.kind)
    if position and rules:
        found = lane.waits(world, one, rules, now)
        reasons, look = found.reasons or (reasons if one.evidence_by else ()), found.look_at
    return Queued(one.id, one.to.version, one.state, one.requester, position, reasons, look if position else None, one.expires_at)


def locks(world: World, artifact: ArtifactName | None, environment: EnvironmentName | None, now: datetime) -> Locks:
    """The locks that count now, by environment and artifact."""
    fitting = (one for key, one in world.locks.items() if environment in (None, key[0]) and artifact in (None, key[1]))
    return Locks(tuple(sorted((one for one in fitting if _counts(one.until, now)), key=lambda one: (one.environment, one.artifact))))


def freezes(world: World, environment: EnvironmentName | None, now: datetime) -> Freezes:
    """The freezes that count now, the one that ends first in front."""
    fitting = (one for name, one in world.freezes.items() if environment in (None, name) and _counts(one.until, now))
    return Freezes(tuple(sorted(fitting, key=lambda one: one.until)), tuple(_closed(world, environment, now)))


def _closed(world: World, environment: EnvironmentName | None, now: datetime) -> Iterator[Closed]:
    """The policy's own freezes that hold now, of the environments themselves; those of one kind or artifact are in `show policy`."""
    for name, rules in world.policy.environments.items():
        if environment in (None, name) and (window := calendar.covers(rules.freeze, now)):
            yield Closed(name, window.period.text, stamp(window.ends))


def _counts(until: str | None, now: datetime) -> bool:
    return until is None or read_stamp(until) > now


def holds(world: World, artifact: ArtifactName | None, environment: EnvironmentName | None) -> Holds:
    """The holds, newest first, each with the periods that it affects."""
    fitting = [one for key, one in world.holds.items() if environment in (None, key[0]) and artifact in (None, key[1])]
    newest = sorted(fitting, key=lambda one: one.since, reverse=True)
    return Holds(tuple(affected.held(world, one) for one in newest[:MOST]), len(newest))


def debts(world: World) -> Debts:
    """The debts that nobody has settled, oldest first."""
    found = sorted(world.debts.values(), key=lambda one: one.since)
    return Debts(tuple(found[:MOST]), len(found))
