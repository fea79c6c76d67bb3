"""The request log: what clients asked and what they were answered, one JSON line each, for whoever measures drift.

`<folder>/<model, slashes as %2F>/<yyyy-mm-dd>/<hh>-<random>.jsonl`, days and hours in UTC, with lines of
`{"time": ..., "id": ..., "model": ..., "version": ..., "inputs": [...], "outputs": [...]}`.
A line is written at once or not at all. Answers never wait for it: a thread writes, and what it cannot keep up with is left out and counted.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import structlog

WAITING = 1000
"""Requests that wait to be written, at most."""
LARGEST_LINE = 1 << 20
LARGEST_FILE = 64 << 20
KEPT = timedelta(days=30)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answered:
    """One request that was answered: the entries of its `inputs` and `outputs` as they went over the wire; what is for the log alone is an input."""

    model: str
    version: str
    id: str | None
    inputs: Sequence[Mapping[str, Any]]
    outputs: Sequence[Mapping[str, Any]]


class Requests(Protocol):
    """What is told of every answered request."""

    def add(self, answered: Answered) -> None:
        """Take note of it, without waiting."""

    def close(self) -> None:
        """Write what waits."""


class Unlogged:
    """Takes no note of anything."""

    def add(self, answered: Answered) -> None:
        """Forget it."""

    def close(self) -> None:
        """Nothing waits."""


class RequestLog:
    """The log in `folder`, which is made when missing. What is older than thirty days is removed when a new day begins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: queue.Queue[tuple[datetime, Answered] | None] = queue.Queue(WAITING)
        self._files: dict[str, Path] = {}
        self._left_out = 0
        self._thread = threading.Thread(target=self._write_all, name="request-log", daemon=True)
        self._thread.start()

    def add(self, answered: Answered) -> None:
        """Let it be written; it is left out when too many wait."""
        try:
            self._waiting.put_nowait((datetime.now(UTC), answered))
        except queue.Full:
            self._left_out += 1

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        while (one := self._waiting.get()) is not None:
            try:
                self._write(*one)
            except OSError as exc:
                self._left_out += 1
                log.warning("model_server.request_not_logged", reason=str(exc), left_out=self._left_out)

    def _write(self, when: datetime, answered: Answered) -> None:
        line = _line(when, answered)
        if len(line) > LARGEST_LINE:
            self._left_out += 1
            log.warning("model_server.request_not_logged", reason=f"{len(line)} bytes", left_out=self._left_out)
            return
        path = self._place(when, answered.model, len(line))
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)

    def _place(self, when: datetime, model: str, size: int) -> Path:
        """The file of this hour, another one when it would grow too large."""
        day = self._folder / quote(model, safe="") / f"{when:%Y-%m-%d}"
        known = self._files.get(model)
        if known and known.parent == day and known.name.startswith(f"{when:%H}-") and _size(known) + size <= LARGEST_FILE:
            return known
        if not day.is_dir():
            day.mkdir(parents=True, exist_ok=True)
            _forget(day.parent, when - KEPT)
        self._files[model] = day / f"{when:%H}-{uuid.uuid4()}.jsonl"
        return self._files[model]


def _line(when: datetime, answered: Answered) -> bytes:
    content = {
        "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "id": answered.id or str(uuid.uuid4()),
        "model": answered.model,
        "version": answered.version,
        "inputs": answered.inputs,
        "outputs": answered.outputs,
    }
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _forget(folder: Path, before: datetime) -> None:
    """Remove the days of a model that lie before an instant."""
    for day in folder.iterdir():
        if day.is_dir() and day.name < f"{before:%Y-%m-%d}":
            shutil.rmtree(day, ignore_errors=True)
