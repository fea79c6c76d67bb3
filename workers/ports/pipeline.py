"""What runs a training: begun detached, looked at, ended. Nothing waits in it, and each call may be repeated after a crash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

from workers.contract.names import ArtifactName, CommitId, RetrainingId
from workers.contract.retraining import Recipe


@dataclass(frozen=True)
class Job:
    """One attempt of a retraining. `base` is the commit whose tree it works on, `folder` the artifact's folder there, `branch` where its result
    belongs (`retrain/<name>/<n>`). `path` is where a version's files lie below the folder; `needs` are the files below the folder that must be
    there afterwards (the declared metrics, the model card). What ends well without them, or without having changed anything, has failed.
    """

    id: RetrainingId
    attempt: int
    artifact: ArtifactName
    base: CommitId
    folder: str
    branch: str
    recipe: Recipe
    path: str = "."
    needs: tuple[str, ...] = ()


class Run(Enum):
    """How a pipeline stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"


@dataclass(frozen=True)
class Look:
    """What was seen of a pipeline. `progress` is its last line for people, `log` the end of its output without secrets. When `DONE`, `tree` is
    the folder that holds its work tree, in which nothing runs any more and where everything below the artifact's folder is a file or a folder
    of its own (None where the host of a CI has pushed `branch` itself). `measured` is what the recipe's `evaluate` printed for `live` and for
    `new`, as texts of numbers by metric. `LOST` means that nobody can tell any more how it ended; it had begun.
    """

    run: Run
    text: str
    progress: str | None = None
    log: str | None = None
    tree: Path | None = None
    ran: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


Lent = Callable[[], AbstractContextManager[Mapping[str, Path]]]
"""Gives the files of the live version by their path below the artifact's `path`, for as long as they are used."""


class Pipeline(Protocol):
    """A way to run a recipe."""

    def begin(self, job: Job, live: Lent | None = None) -> None:
        """Start it, once for each id and attempt: a second call finds it begun, and so does one after `end`. Call it before each look.

        `live` is asked only when something is begun that has an `evaluate`: it measures those files too. Raises WorldError; whether anything
        was started is then not known everywhere, and calling again looks before it starts anything.
        """

    def look(self, job: Job) -> Look:
        """How it stands now. Raises Unreachable when that cannot be seen at the moment."""

    def end(self, job: Job) -> None:
        """Stop it with everything it started, and take its work tree away; also what never ran. Twice is once."""
