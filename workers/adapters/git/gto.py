"""GTO's tags as they stand in the mirror: a strict subset of its grammar, read in one pass, with what it makes of them.

Grammar: `NAME@vX.Y.Z[!#N]` (de)registers a version, `NAME#ENV[!]#N` (un)assigns an environment. Only annotated tags on commits count. GTO orders
events by the tagger's time (whole seconds); the counter N is one per artifact and only makes the name unique. A version is its commit; an
environment is held by every commit whose last event there is an assignment, and shown with the one that was assigned last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from workers.adapters.git.mirror import TAGS, Mirror
from workers.contract.names import ArtifactName, BadName, CommitId, EnvironmentName, Version

_NAME = re.compile(
    r"(?P<artifact>[^@#!]+)(?:@(?P<version>[^@#!]+)|#(?P<environment>[^@#!]+))(?P<cancel>!?)(?:#(?P<counter>\d{1,18}))?", re.ASCII
)
_FIELDS = ("refname", "objecttype", "objectname", "object", "type", "tag", "taggerdate:unix")
_LATEST = 1 << 33


class Act(Enum):
    """What a tag does."""

    REGISTER = "register"
    DEREGISTER = "deregister"
    ASSIGN = "assign"
    UNASSIGN = "unassign"


@dataclass(frozen=True)
class Event:
    """One annotated tag of GTO's: `tag` is the tag object's id, `time` its tagger's, in seconds."""

    name: str
    tag: str
    commit: CommitId
    time: int
    act: Act
    artifact: ArtifactName
    version: Version | None = None
    environment: EnvironmentName | None = None


@dataclass
class Picture:
    """What the tags say. `names` are all tag names, `oddities` say which tags were passed over and why; `counters` and `times` are by artifact."""

    events: list[Event] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    oddities: list[str] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)

    def registered(self) -> Iterator[Event]:
        """The versions that are registered and not deregistered later."""
        gone = {(e.artifact, e.version): e.time for e in self.events if e.act is Act.DEREGISTER}
        for event in self.events:
            if event.act is Act.REGISTER and gone.get((event.artifact, event.version), -1) < event.time:
                yield event

    def holders(self, artifact: ArtifactName, environment: EnvironmentName) -> list[CommitId]:
        """The commits that hold an environment by GTO's rules, the one it shows last."""
        last: dict[CommitId, Event] = {}
        for event in sorted(self._of(artifact, environment), key=lambda e: (e.time, e.act is Act.UNASSIGN)):
            last[event.commit] = event
        held = [event for event in last.values() if event.act is Act.ASSIGN]
        return [event.commit for event in sorted(held, key=lambda e: e.time)]

    def _of(self, artifact: ArtifactName, environment: EnvironmentName) -> Iterator[Event]:
        return (e for e in self.events if e.artifact == artifact and e.environment == environment)


def read(mirror: Mirror) -> Picture:
    """What the mirror's tags say, by one `git for-each-ref`."""
    picture = Picture()
    form = "%00".join(f"%({name})" for name in _FIELDS)
    for line in mirror.git.must("for-each-ref", f"--format={form}", TAGS).lines:
        _add(picture, dict(zip(_FIELDS, line.split("\0"), strict=True)))
    return picture


def _add(picture: Picture, said: dict[str, str]) -> None:
    name = said["refname"].removeprefix(TAGS)
    picture.names[name] = said["objectname"]
    match = _NAME.fullmatch(name)
    if match is None:
        return
    artifact = match["artifact"]
    picture.counters[artifact] = max(picture.counters.get(artifact, 0), int(match["counter"] or 0))
    if why := _oddity(name, said):
        picture.oddities.append(f"The tag {name!r} was passed over: it {why}.")
        return
    time = int(said["taggerdate:unix"])
    picture.times[artifact] = max(picture.times.get(artifact, 0), time)
    try:
        picture.events.append(_event(name, match, said, time))
    except BadName:
        return  # a tag of somebody else, or of GTO's wider grammar: none of ours


def _oddity(name: str, said: dict[str, str]) -> str | None:
    if said["objecttype"] != "tag":
        return "is not annotated"
    if said["type"] != "commit":
        return f"names a {said['type']} and not a commit"
    if said["tag"] != name:
        return f"calls itself {said['tag'][:80]!r}"
    if not said["taggerdate:unix"].isdigit() or int(said["taggerdate:unix"]) > _LATEST:
        return "has no time that can be"
    return None


def _event(name: str, match: re.Match[str], said: dict[str, str], time: int) -> Event:
    artifact, commit = ArtifactName.read(match["artifact"]), CommitId.read(said["object"])
    if match["version"]:
        version = Version.read(match["version"])
        if not match["cancel"] and match["counter"]:
            raise BadName(name, "a version tag", f"{artifact}@{version}")
        act = Act.DEREGISTER if match["cancel"] else Act.REGISTER
        return Event(name, said["objectname"], commit, time, act, artifact, version=version)
    act = Act.UNASSIGN if match["cancel"] else Act.ASSIGN
    return Event(name, said["objectname"], commit, time, act, artifact, environment=EnvironmentName.read(match["environment"]))
