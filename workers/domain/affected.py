"""When a version was live in an environment, and which part of that a hold says was bad."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workers.contract.promotion import Hold, Placed, Promotion, Release, State
from workers.contract.stopped import Held, Period
from workers.domain.state import World

_HOLD = re.compile(r"holds/([^/]+)/(.+)/([0-9a-f]{12})\.yaml")
_RELEASE = re.compile(r"environments/([^/]+)/(.+)/release\.yaml")


def held(world: World, hold: Hold) -> Held:
    """A hold as people and the record see it."""
    return Held(hold, is_live(world, hold), tuple(affected(world, hold)))


def of_promotion(world: World, promotion: Promotion) -> Held | None:
    """The hold on the bytes of a promotion where it goes, if there is one."""
    found = world.holder(promotion.environment, promotion.artifact, promotion.to.digest)
    return held(world, found) if found else None


def concerned(world: World, paths: Iterable[str]) -> list[Promotion]:
    """The promotions of which something else is to be told when these files have changed: a hold came or went, or what it holds left."""
    wanted: set[tuple[str, str, str]] = set()
    for path in paths:
        if found := _HOLD.fullmatch(path):
            wanted.add((found[1], found[2], found[3]))
        elif found := _RELEASE.fullmatch(path):
            wanted |= {(*key[:2], key[2].short) for key in world.holds if key[:2] == (found[1], found[2])}
    promotions = world.promotions.values() if wanted else ()
    return [one for one in promotions if (one.environment, one.artifact, one.to.digest.short) in wanted]


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
