"""What CI said of a commit, as a Git host tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from workers.contract.names import CommitId


class NotTold(Exception):
    """The host answered something else, or nobody may ask it. `says` and `fix` are for people and hold nothing secret."""

    def __init__(self, says: str, fix: str) -> None:
        self.says, self.fix = says, fix
        super().__init__(f"{says}. {fix}")


class Statuses(Protocol):
    """The statuses of commits at one Git host."""

    source: str
    """How people call the host: `GitHub`, `GitLab`."""

    def of(self, commit: CommitId) -> Mapping[str, str]:
        """The state of each context (`workers.domain.gates.commit_status` has the words) at a commit. Raises NotTold or WorldError."""
