"""When a version was live in an environment, and which part of that a hold says was bad."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract.promotion import Hold, Placed, Release, State
from workers.contract.stopped import Held, Period
from workers.domain.state import World


def held(world: World, hold: Hold) -> Held:
    """A hold as people and the record see it."""
    return Held(hold, is_live(world, hold), tuple(affected(world, hold)))


def is_live(world: World, hold: Hold) -> bool:
    """Whether the bytes that are on hold run there now."""
    release = world.release(hold.environment, hold.artifact)
    return bool(release and release.live and release.live.digest == hold.digest)


def affected(world: World, hold: Hold) -> Iterator[Period]:
    """The periods in which the bytes were live at or after the instant since when they are said to be bad, oldest first."""
    release, bad = world.release(hold.environment, hold.artifact), hold.affected_since
    if release is None or bad is None:
        return
    placed = _placed(world, release)
    ends = [*(one.since for one in placed[1:]), None]
    for one, until in zip(placed, ends, strict=True):
        if one.digest == hold.digest and (until is None or until > bad):
            yield Period(max(one.since, bad), until, one.promotion)


def _placed(world: World, release: Release) -> list[Placed]:
    """All that was ever live in a lane, oldest first: its release remembers the last ones only, the promotions know all of theirs."""
    found = {(one.since, one.promotion): one for one in release.succeeded}
    for promotion in world.promotions.values():
        if (promotion.environment, promotion.artifact, promotion.state) == (release.environment, release.artifact, State.SUCCEEDED):
            since = next(event.time for event in reversed(promotion.events) if event.event == "succeeded")
            found[since, promotion.id] = Placed(promotion.to.version, promotion.to.commit, promotion.to.digest, promotion.id, since)
    return sorted(found.values(), key=lambda one: one.since)
