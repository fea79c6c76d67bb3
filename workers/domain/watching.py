"""The watch over drift: which lanes are watched, which of them are due to be measured, and when nobody is called. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from workers.contract.drift import DriftWatch
from workers.contract.envelope import read_stamp, stamp
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.promotion import Kind, Placed, Release
from workers.domain.policy import Policy
from workers.domain.policy.rules import DriftRules, Quiet
from workers.domain.state import World

Lane = tuple[EnvironmentName, ArtifactName]
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Watched:
    """A lane where a model is live that names what it learned from, and the policy says how its drift is measured."""

    lane: Lane
    live: Placed
    rules: DriftRules


@dataclass(frozen=True)
class _Known:
    """The watched lanes of a state, and what they follow from."""

    policy: Policy
    releases: Mapping[Lane, Release]
    lanes: tuple[Watched, ...]


_last: list[_Known] = []


def watched(world: World) -> tuple[Watched, ...]:
    """Every watched lane. It follows from the policy and the releases alone and is kept while these are the very same: a state is never changed."""
    known = _last[0] if _last else None
    if known is None or known.policy is not world.policy or known.releases is not world.releases:
        known = _Known(world.policy, world.releases, tuple(_watched(world)))
        _last[:] = [known]
    return known.lanes


def _watched(world: World) -> Iterator[Watched]:
    for lane, release in world.releases.items():
        if one := _lane(world, lane, release):
            yield one


def _lane(world: World, lane: Lane, release: Release) -> Watched | None:
    """None also for a version that names no rows to compare with: that is told to who asks, and is no fault that people are called for."""
    rules = rules_of(world, *lane, release.kind) if release.live else None
    if release.live is None or rules is None:
        return None
    version = world.version(lane[1], release.live.version)
    return Watched(lane, release.live, rules) if version and version.drift else None


def rules_of(world: World, environment: EnvironmentName, artifact: ArtifactName, kind: Kind | None) -> DriftRules | None:
    """How the drift of an artifact is watched in an environment; None: it is not, or it is no model."""
    rules = world.policy.rules_for(environment, artifact, kind) if kind is Kind.MODEL else None
    return rules.drift if rules else None


def lane_of(world: World, watch: DriftWatch) -> Watched | None:
    """The lane that a watch is of, while it is watched."""
    release = world.release(watch.environment, watch.artifact)
    return _lane(world, (watch.environment, watch.artifact), release) if release else None


def due(world: World, now: datetime) -> Iterator[Watched]:
    """The lanes whose measurement is due, those first that have waited longest.

    Each lane has its own instants, one in every `every`, spread by its name, so that not all are due at once: neither day after day, nor after
    a policy was adopted or a version went live. What was measured less than half of `every` ago (somebody asked) is not measured again.
    """
    lanes = watched(world)
    recently = {every: stamp(now - every / 2) for every in {one.rules.every for one in lanes} if every}
    found = [(at, one) for one in lanes if (at := _due_since(world, one, now, recently))]
    yield from (one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].lane)))


def _due_since(world: World, one: Watched, now: datetime, recently: Mapping[timedelta, str]) -> str | None:
    every = one.rules.every
    if every is None:
        return None
    watch = world.drifts.get(one.lane)
    looked_at = watch.looked_at if watch and watch.report and watch.report.version == one.live.version else None
    if looked_at and looked_at > recently[every]:
        return None
    instant = stamp(_last_instant(one.lane, every, now))
    adopted = world.adoption.at if world.adoption else ""
    return instant if instant > (looked_at or max(one.live.since, adopted)) else None


def _last_instant(lane: Lane, every: timedelta, now: datetime) -> datetime:
    """The last instant of a lane that has come."""
    offset = every * (zlib.crc32("/".join(lane).encode()) / 2**32)
    return _EPOCH + offset + (now - _EPOCH - offset) // every * every


def counts(watch: DriftWatch, rules: DriftRules, now: datetime) -> bool:
    """Whether what is measured now is a window of its own: at least half of `every` after the last one. What nobody watches never counts."""
    if rules.every is None:
        return False
    return watch.looked_at is None or read_stamp(watch.looked_at) + rules.every / 2 <= now


def is_silent(watch: DriftWatch, rules: DriftRules, now: datetime) -> bool:
    """Whether nobody is called now: somebody snoozed it, or these are quiet hours."""
    return watch.snooze is not None or is_quiet(rules.quiet, now)


def is_quiet(quiet: Quiet | None, now: datetime) -> bool:
    """Whether the wall clock shows an hour in which nobody is called: from `begin` on, before `until`."""
    if quiet is None:
        return False
    shown = f"{now.astimezone(ZoneInfo(quiet.timezone)):%H:%M}"
    if quiet.begin < quiet.until:
        return quiet.begin <= shown < quiet.until
    return shown >= quiet.begin or shown < quiet.until
