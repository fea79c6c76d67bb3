"""What people or tools changed in the tags around Towpath: kept in the ledger until it is adopted, reverted or agrees again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from workers.contract.names import ActorId, ArtifactName, CommitId, EnvironmentName, Version


class Around(Enum):
    """What was done around Towpath."""

    ASSIGNED = "assigned"
    RETIRED = "retired"
    MOVED = "moved"
    REPLACED = "replaced"
    GONE = "gone"
    WITHDRAWN = "withdrawn"
    DEPRECATED = "deprecated"


@dataclass(frozen=True)
class External:
    """One change that Towpath did not make and the ledger does not agree with. `tag` is the tag's name, `oid` its object id.

    `commit` is where the tag lies, `expected` the commit that the ledger holds; `time` is the tagger's own word. `version` is the one that
    the tags register at `commit`, or the one that was moved, deleted or withdrawn. `reverted` names who said that the ledger stays.
    """

    what: Around
    artifact: ArtifactName
    tag: str
    environment: EnvironmentName | None = None
    version: Version | None = None
    oid: str | None = None
    commit: CommitId | None = None
    expected: CommitId | None = None
    time: str | None = None
    reverted: ActorId | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes it another one: a tag that is moved again is told again."""
        return self.what, self.artifact, self.environment, self.version, self.tag, self.oid, self.commit
