"""What runs a training: begun detached, looked at, ended. Nothing waits in it, and each call may be repeated after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from workers.contract.names import ArtifactName, CommitId, RetrainingId
from workers.contract.retraining import Recipe


@dataclass(frozen=True)
class Job:
    """One attempt of a retraining. `base` is the commit whose tree it works on, `folder` the artifact's folder there, `branch` where its result
    belongs (`retrain/<name>/<n>`)."""

    id: RetrainingId
    attempt: int
    artifact: ArtifactName
    base: CommitId
    folder: str
    branch: str
    recipe: Recipe


class Run(Enum):
    """How a pipeline stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True)
class Look:
    """What was seen of a pipeline. `progress` is its last line for people, `log` the end of its output without secrets. When `DONE`, `tree` is
    the folder that holds its work tree (None where the host of a CI has pushed `branch` itself). `LOST` means that nobody can tell any more
    how it ended; it had begun.
    """

    run: Run
    text: str
    progress: str | None = None
    log: str | None = None
    tree: Path | None = None
    ran: Mapping[str, str] = field(default_factory=dict)


class Pipeline(Protocol):
    """A way to run a recipe."""

    def begin(self, job: Job) -> None:
        """Start it, once for each id and attempt: a second call finds it begun. Raises WorldError, and then nothing was started."""

    def look(self, job: Job) -> Look:
        """How it stands now. Raises Unreachable when that cannot be seen at the moment."""

    def end(self, job: Job) -> None:
        """Stop it with everything it started, and take its work tree away; also what never ran."""
