"""What GTO's tags say, as plain facts: one event per tag, and the state that they make together.

Events are in order of the tagger's time (whole seconds), then of the tag's counter. GTO breaks ties otherwise; `tag_oddities` tells of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from workers.contract.names import ArtifactName, CommitId, EnvironmentName, Version


class Act(Enum):
    """What a tag does."""

    REGISTER = "register"
    DEREGISTER = "deregister"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    DEPRECATE = "deprecate"


class Event(NamedTuple):
    """One annotated tag of GTO's: `tag` is the tag object's id, `time` its tagger's, in seconds. `counter` is 0 where the name has none."""

    name: str
    tag: str
    commit: CommitId
    time: int
    counter: int
    act: Act
    artifact: ArtifactName
    version: Version | None = None
    environment: EnvironmentName | None = None


@dataclass(frozen=True)
class Oddity:
    """Something in the tags that is not as it should be, and what somebody can do about it. Both are for people."""

    what: str
    fix: str


Lane = tuple[ArtifactName, EnvironmentName]


@dataclass
class Picture:
    """The tags of a repository, read once. `names` are all tag names with their object ids; `oddities` say which tags were passed over and why.

    `counters` and `times` are the greatest of each artifact. `spellings` has the artifacts whose tags are written otherwise than we write them.
    """

    events: list[Event] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    oddities: list[Oddity] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    spellings: dict[str, str] = field(default_factory=dict)

    def spelling(self, artifact: ArtifactName) -> str:
        """How the repository's tags write an artifact: `sub/dir=name` where GTO's prefix of a folder is used."""
        return self.spellings.get(artifact, str(artifact))

    def registered(self) -> Iterator[Event]:
        """The versions that are registered, not deregistered later, and whose artifact is not deprecated."""
        return (event for event in self.versions.values() if event.act is Act.REGISTER and event.artifact not in self.deprecated)

    @cached_property
    def versions(self) -> dict[tuple[ArtifactName, Version], Event]:
        """The last event of each version."""
        return {(event.artifact, event.version): event for event in self.events if event.version}

    @cached_property
    def deprecated(self) -> dict[ArtifactName, Event]:
        """The artifacts that are deprecated as a whole: nothing happened to them since."""
        last = {event.artifact: event for event in self.events}
        return {artifact: event for artifact, event in last.items() if event.act is Act.DEPRECATE}

    @cached_property
    def lanes(self) -> dict[Lane, dict[CommitId, Event]]:
        """For each artifact in each environment the last event of each commit, in order."""
        found: dict[Lane, dict[CommitId, Event]] = {}
        for event in self.events:
            if event.environment:
                lane = found.setdefault((event.artifact, event.environment), {})
                lane.pop(event.commit, None)
                lane[event.commit] = event
        return found

    def holders(self, artifact: ArtifactName, environment: EnvironmentName) -> list[CommitId]:
        """The commits that hold an environment by GTO's rules, the one it shows last."""
        return [event.commit for event in self.lanes.get((artifact, environment), {}).values() if event.act is Act.ASSIGN]

    @cached_property
    def assigned(self) -> Mapping[Lane, Event]:
        """The assignment that GTO shows for each artifact in each environment that it shows something for."""
        gone = {(event.artifact, event.commit) for event in self.versions.values() if event.act is Act.DEREGISTER}
        gone -= {(event.artifact, event.commit) for event in self.versions.values() if event.act is Act.REGISTER}
        found = {}
        for lane, events in self.lanes.items():
            held = [one for one in events.values() if one.act is Act.ASSIGN and (one.artifact, one.commit) not in gone]
            if held and lane[0] not in self.deprecated:
                found[lane] = held[-1]
        return found
