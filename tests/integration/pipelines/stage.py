"""A host on which trainings run: a repository, keys, a Redis without a password, and a user that is nobody's."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.git.shared.people import People
from workers.adapters.git import GitSource, Mirror
from workers.adapters.pipelines.cells import Account, Apart, Cell
from workers.adapters.pipelines.layout import Layout
from workers.adapters.pipelines.local import LocalPipeline
from workers.contract.names import ArtifactName, RetrainingId
from workers.contract.retraining import How, Recipe
from workers.ports.pipeline import Job, Lent, Look, Run

PATH = "/usr/bin:/bin"
WITHIN = 60.0
TRAINS = 'open("model/model.bin", "w").write("new"); open("metrics.json", "w").write("{}")'
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a command as another user")
needs_python = pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="the commands of these trainings need /usr/bin/python3")


def until(holds: Callable[[], Any], what: str, within: float = WITHIN) -> Any:
    """What it gives as soon as that is true."""
    deadline = time.monotonic() + within
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.02)
    return found


class Stage:
    """A host. The account has no name in /etc/passwd: the kernel knows numbers alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.people = People(folder / "people")
        self.keys = folder / "keys"
        self.keys.mkdir(mode=0o700)
        (self.keys / "writer").write_text(
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
        )
        (self.keys / "writer").chmod(0o600)
        self.source = GitSource(Mirror(folder / "data/mirror", str(self.people.remote)), folder / "data/store")
        (folder / "data").chmod(0o711)
        (folder / "data/store").mkdir(exist_ok=True)
        for place in (folder / "data/mirror", folder / "data/store", folder / "people"):
            place.chmod(0o700)
        self.trainings = folder / "data/trainings"
        uid = 61_000 + os.getpid() % 4000
        self.account = Account("trainee", uid, uid, ())
        self.base = self.people.commit(
            {
                "models/biopsy/model/model.bin": "old",
                "models/biopsy/metrics.json": '{"auc": 0.9}',
                "models/biopsy/artifact.yaml": "kind: model\n",
                "models/other/model.bin": "other",
                "README.md": "# Models\n",
            }
        )
        self.source.fetch()

    @property
    def private(self) -> list[Path]:
        return [self.keys, self.folder / "data/mirror", self.folder / "data/store", self.folder / "people"]

    def cell(self, kind: str) -> Cell:
        """`enclosed`, `plain` (another user alone) or `same`."""
        if kind == "same":
            return Apart(None, (), enclosed=False, network=True)
        return Apart(self.account, self.private, [self.folder / "data"], enclosed=kind == "enclosed", network=kind == "plain")

    def pipeline(self, cell: Cell, secrets: Sequence[str] = (), path: str = PATH) -> LocalPipeline:
        return LocalPipeline(self.trainings, cell, self.source.check_out, path, secrets)

    def job(self, *command: str, number: int = 1, attempt: int = 1, **recipe: Any) -> Job:
        given: dict[str, Any] = {
            "how": How.COMMAND,
            "command": command,
            "minutes": 5,
            "disk_mb": 200,
            "memory_mb": 1024,
            "log_kb": 64,
        } | recipe
        name, id_ = ArtifactName.read("biopsy"), RetrainingId.read(f"T-{number}")
        branch = f"retrain/biopsy/{number}"
        return Job(id_, attempt, name, self.base, "models/biopsy", branch, Recipe(**given), "model", ("metrics.json",))

    def python(self, code: str, **given: Any) -> Job:
        return self.job("python3", "-c", code, **given)

    def layout(self, job: Job) -> Layout:
        return Layout(self.trainings / f"{job.id}.{job.attempt}")


def ended(pipeline: LocalPipeline, job: Job) -> Look:
    """How it ended."""

    def has_ended() -> Look | None:
        look = pipeline.look(job)
        return look if look.run is not Run.RUNNING else None

    found: Look = until(has_ended, f"{job.id} ends")
    return found


def run(pipeline: LocalPipeline, job: Job, live: Lent | None = None) -> Look:
    """Begin it, and how it ended."""
    pipeline.begin(job, live)
    return ended(pipeline, job)


def lent(files: Mapping[str, Path]) -> Lent:
    """Files as the store lends them."""

    @contextmanager
    def lending() -> Iterator[Mapping[str, Path]]:
        yield files

    return lending


def processes_of(uid: int) -> list[int]:
    """The processes of a user."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and process.stat().st_uid == uid and "\nState:\tZ" not in (process / "status").read_text():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def more(job: Job, **changes: Any) -> Job:
    """The same with another recipe."""
    return replace(job, recipe=replace(job.recipe, **changes))


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
