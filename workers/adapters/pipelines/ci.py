"""Trainings that the CI of the Git host runs: begun once, found again by the word that it was given, looked at, cancelled."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workers.adapters.hosts.rules import HostIsAway, HostSaidNo
from workers.adapters.pipelines.layout import write_json
from workers.contract.redaction import redact_output
from workers.ports.errors import RefusedByHost, Unreachable
from workers.ports.pipeline import Job, Lent, Look, Run

SETTLES_AFTER = 120.0
"""Seconds after which a host that shows no run of a dispatch, whose answer was lost, has none."""
LONGEST_TEXT = 500


@dataclass(frozen=True)
class Seen:
    """A run at the host: its number, how it stands, in words, and its page."""

    id: int
    run: Run
    text: str
    page: str


class Host(Protocol):
    """The CI of a Git host."""

    name: str

    def begin(self, job: Job, word: str) -> int | None:
        """Start a run that bears the word; its number, if the host tells it. Raises RefusedByHost, Unreachable or Unclear."""

    def find(self, job: Job, word: str) -> Seen | None:
        """The run that bears the word. Raises RefusedByHost or Unreachable."""

    def see(self, job: Job, number: int) -> Seen | None:
        """The run of that number, None when it is gone. Raises RefusedByHost or Unreachable."""

    def cancel(self, job: Job, number: int) -> None:
        """Cancel a run; one that has ended is left alone. Raises RefusedByHost or Unreachable."""

    def hint(self, word: str) -> str:
        """What to look at when the host shows no run that bears the word."""


def word_of(job: Job) -> str:
    """What a run is told, and found again by: the retraining, its attempt, and its base, so that another ledger's T-7 is another word."""
    return f"towpath {job.id}.{job.attempt} at {job.base[:12]}"


class CiPipeline:
    """A run at the host of the repository. What is known of it lies in a small file, which may be lost: the host knows the word."""

    def __init__(self, host: Host, folder: Path, secrets: Sequence[str] = (), seconds: Callable[[], float] = time.time) -> None:
        self._host = host
        self._seconds = seconds
        self._folder = folder
        self._secrets = tuple(secrets)

    def begin(self, job: Job, live: Lent | None = None) -> None:
        """Ask the host, unless it was asked. After a lost answer it is looked at first. Raises WorldError."""
        kept = self._kept(job)
        if self._ended(job).exists() or (kept and kept["asked"]):
            return
        if seen := self._host.find(job, word_of(job)):
            self._keep(job, seen.id)
            return
        if kept and abs(self._seconds() - kept["since"]) < SETTLES_AFTER:
            raise Unreachable(f"beginning {job.id} at {self._host.name}: an answer was lost, and no run is to be seen yet")
        self._keep(job, None, asked=False)
        try:
            self._keep(job, self._host.begin(job, word_of(job)))
        except RefusedByHost:
            self._file(job).unlink(missing_ok=True)
            raise

    def look(self, job: Job) -> Look:
        """How the run stands. Raises WorldError."""
        kept = self._kept(job)
        number = kept["run"] if kept else None
        seen = self._host.see(job, number) if number else self._host.find(job, word_of(job))
        ran = {"code": str(job.base), "command": f"{self._host.name}, {word_of(job)}"}
        if seen is None:
            if number or not kept:
                return Look(Run.LOST, f"{self._host.name} shows no run of it any more.", ran=ran)
            return Look(Run.RUNNING, f"{self._host.name} was asked, and shows no run of it yet. {self._host.hint(word_of(job))}", ran=ran)
        self._keep(job, seen.id)
        text = redact_output(f"{seen.text} {seen.page}".strip(), self._secrets)[:LONGEST_TEXT]
        return Look(seen.run, text, progress=text[:200], ran=ran | {"page": seen.page})

    def end(self, job: Job) -> None:
        """Cancel what runs. Raises WorldError when the host cannot be told."""
        with _kept_on_disk():
            self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            self._ended(job).touch(mode=0o600)
        if (seen := self._host.find(job, word_of(job))) and seen.run is Run.RUNNING:
            self._host.cancel(job, seen.id)
        self._file(job).unlink(missing_ok=True)

    def _file(self, job: Job) -> Path:
        return self._folder / f"{job.id}.{job.attempt}.ci.json"

    def _ended(self, job: Job) -> Path:
        return self._folder / f"{job.id}.{job.attempt}.ended"

    def _kept(self, job: Job) -> dict[str, Any] | None:
        with suppress(OSError, ValueError):
            return dict(json.loads(self._file(job).read_bytes()))
        return None

    def _keep(self, job: Job, number: int | None, *, asked: bool = True) -> None:
        """Write down that it is asked (and was), and which run it is. Raises Unreachable when the disk does not take it."""
        with _kept_on_disk():
            self._folder.mkdir(mode=0o711, parents=True, exist_ok=True)
            write_json(self._file(job), {"run": number, "asked": asked, "since": self._seconds()})


@contextmanager
def _kept_on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise Unreachable(f"keeping a training on this host: {exc.strerror or type(exc).__name__}") from exc


@contextmanager
def told() -> Iterator[None]:
    """The API's answers that are none, in the words of the ports."""
    try:
        yield
    except HostIsAway as exc:
        raise Unreachable(f"{exc.says}. {exc.fix}") from exc
    except HostSaidNo as exc:
        raise RefusedByHost(f"{exc.says}. {exc.fix}") from exc
