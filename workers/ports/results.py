"""Where the result of a training goes: a branch of its own in the shared repository, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from workers.contract.names import CommitId
from workers.contract.retraining import Retraining


class Results(Protocol):
    """The branches `retrain/<name>/<n>` of the shared repository."""

    def take(self, retraining: Retraining, tree: Path | None) -> CommitId:
        """The commit on the retraining's branch: made of the artifact's folder in a work tree and pushed, or (None) pushed by a CI already.

        Called twice, it gives the same commit. Raises BadContent with every reason why it cannot be taken, RefusedByHost when the host does not
        take the branch, Unreachable or Unclear.
        """
