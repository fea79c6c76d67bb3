"""The tags against the ledger: what was changed around Towpath, and what of it may be undone. Pure, and never read for a decision by itself.

What others did counts by the signature of their tags, not by a name that anybody can write. A picture that only lags behind the ledger is no
contradiction: our own tags, and an assignment that agreed with the ledger until the ledger went on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from workers.contract.envelope import read_stamp, stamp
from workers.contract.externals import Around, External
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.promotion import RegisteredVersion, Release
from workers.domain import layout
from workers.domain.picture import Act, Event, Picture
from workers.domain.state import World

IsOurs = Callable[[Event], bool]
"""Whether a tag bears the writer's signature."""
PATIENCE = timedelta(minutes=5)
"""So long after its registration a version's own tag may still be missing."""
KEPT = 10
"""So many successes a release remembers."""


def tags_against(world: World, picture: Picture, is_ours: IsOurs, now: datetime) -> Iterator[External]:
    """Every contradiction between the tags and the ledger, at most one for each artifact, version and lane."""
    for artifact, versions in world.versions.items():
        event = picture.deprecated.get(artifact)
        if event and not is_ours(event):
            yield _of(Around.DEPRECATED, event)
        for version in versions.values():
            yield from _version(version, picture, is_ours, now)
    for (artifact, environment), events in picture.lanes.items():
        if artifact in world.versions and environment in world.policy.environments:
            yield from _lane(world, picture, events.values(), is_ours)


def _version(version: RegisteredVersion, picture: Picture, is_ours: IsOurs, now: datetime) -> Iterator[External]:
    event = picture.versions.get((version.artifact, version.version))
    name = event.name if event else f"{picture.spelling(version.artifact)}@{version.version}"
    if event and event.act is Act.DEREGISTER:
        if not is_ours(event):
            yield _of(Around.WITHDRAWN, event)
    elif event and event.commit != version.commit:
        yield _of(Around.MOVED, event, expected=version)
    elif event and version.tag and event.tag != version.tag and not is_ours(event):
        yield _of(Around.REPLACED, event, expected=version)
    elif event is None and (name in picture.names or is_deleted(version, now)):
        what = Around.MOVED if name in picture.names else Around.GONE
        yield External(what, version.artifact, name, None, version.version, picture.names.get(name), None, version.commit)


def is_deleted(version: RegisteredVersion, now: datetime) -> bool:
    """Whether a missing tag of a version must have been deleted: it was there when the version was registered, or should long be."""
    if version.tag:
        return True
    return bool(version.registered_at) and read_stamp(version.registered_at) + PATIENCE < now


def _lane(world: World, picture: Picture, events: Iterable[Event], is_ours: IsOurs) -> Iterator[External]:
    found = list(events)
    artifact, environment = found[0].artifact, found[0].environment
    assert environment is not None, "a lane has an environment"
    release = world.release(environment, artifact)
    for event in strangers(found, release, is_ours):
        what = Around.ASSIGNED if event.act is Act.ASSIGN else Around.RETIRED
        at = [one.version for one in picture.versions.values() if (one.artifact, one.commit) == (artifact, event.commit)]
        live = release.live if release else None
        yield External(
            what, artifact, event.name, environment, at[0] if at else None, event.tag, event.commit, live.commit if live else None, _time(event)
        )  # fmt: skip
        return


def strangers(events: Iterable[Event], release: Release | None, is_ours: IsOurs) -> Iterator[Event]:
    """The events of a lane (the last of each commit) that others made and the ledger does not agree with, the newest first."""
    live = release.live.commit if release and release.live else None
    for event in reversed(list(events)):
        disagrees = event.commit != live if event.act is Act.ASSIGN else event.commit == live and not is_superseded(event.time, release)
        if disagrees and not _agreed_once(event, release) and not (is_ours(event) and _is_known(event, release)):
            yield event


def _agreed_once(event: Event, release: Release | None) -> bool:
    """Whether an assignment was the ledger's own word until the ledger went on."""
    placed = release.succeeded if release and event.act is Act.ASSIGN else ()
    pairs = pairwise(placed)
    return any(one.commit == event.commit and _seconds(then.since) > event.time for one, then in pairs)


def _is_known(event: Event, release: Release | None) -> bool:
    """Whether the ledger ever had that commit here: a tag of ours that lies elsewhere was not put there by us."""
    if release is None or len(release.succeeded) >= KEPT:
        return True
    return any(one is not None and one.commit == event.commit for one in (*release.succeeded, release.desired))


def is_superseded(time: int | str | None, release: Release | None) -> bool:
    """Whether the ledger put something live after this was done: then the ledger's word is the later one."""
    live = release.live if release else None
    if live is None or time is None:
        return False
    return _seconds(live.since) >= (time if isinstance(time, int) else _seconds(time))


def on_record(world: World) -> frozenset[str]:
    """Object ids of others' assignments that may be undone, and names of deleted tags that may be made again: all are recorded."""
    found = set()
    for one in world.externals.values():
        release = world.release(one.environment, one.artifact) if one.environment else None
        if one.what is Around.GONE:
            found.add(one.tag)
        elif one.oid and one.environment and (one.reverted or is_superseded(one.time, release)):
            found.add(one.oid)
    return frozenset(found)


def news(world: World, found: Iterable[External]) -> Iterator[External]:
    """Those that the ledger does not hold yet."""
    for one in found:
        known = world.externals.get(layout.external(one))
        if known is None or known.identity != one.identity:
            yield one


def in_lane(world: World, artifact: ArtifactName, environment: EnvironmentName) -> External | None:
    """What was done around Towpath in a lane."""
    return world.externals.get(layout.external_in(environment, artifact))


def _of(what: Around, event: Event, expected: RegisteredVersion | None = None) -> External:
    commit = expected.commit if expected else None
    return External(what, event.artifact, event.name, None, event.version, event.tag, event.commit, commit, _time(event))


def _time(event: Event) -> str:
    return stamp(datetime.fromtimestamp(event.time, UTC))


def _seconds(instant: str) -> int:
    return int(read_stamp(instant).timestamp())
