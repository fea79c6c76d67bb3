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
LARGEST_DAY = 1 << 30
"""Bytes that one model's day may take."""
KEPT = timedelta(days=30)
TOLD_EVERY = 1000
"""Of so many that are left out the first one is told, so that our own log does not fill up instead."""

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


@dataclass
class _Day:
    """A day of one model: its folder, the file that is written now, and how many bytes are in that and in all of them."""

    folder: Path
    bytes: int
    file: Path | None = None
    file_bytes: int = 0


class RequestLog:
    """The log in `folder`, which is made when missing. What is older than thirty days is removed when a new day begins."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: queue.Queue[tuple[datetime, Answered] | None] = queue.Queue(WAITING)
        self._days: dict[str, _Day] = {}
        self._left_out = 0
        self._thread = threading.Thread(target=self._write_all, name="request-log", daemon=True)
        self._thread.start()

    def add(self, answered: Answered) -> None:
        """Let it be written; it is left out when too many wait."""
        try:
            self._waiting.put_nowait((datetime.now(UTC), answered))
        except queue.Full:
            self._leave_out("too many wait to be written")

    def close(self) -> None:
        """Write what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        while (one := self._waiting.get()) is not None:
            try:
                self._write(*one)
            except OSError as exc:
                self._days.pop(one[1].model, None)
                self._leave_out(str(exc))

    def _write(self, when: datetime, answered: Answered) -> None:
        line, day = _line(when, answered), self._day(when, answered.model)
        if len(line) > LARGEST_LINE or day.bytes + len(line) > LARGEST_DAY:
            self._leave_out(f"it has {len(line)} bytes, and its day {day.bytes}")
            return
        if day.file is None or not day.file.name.startswith(f"{when:%H}-") or day.file_bytes + len(line) > LARGEST_FILE:
            day.file, day.file_bytes = day.folder / f"{when:%H}-{uuid.uuid4()}.jsonl", 0
        _append(day.file, line)
        day.file_bytes += len(line)
        day.bytes += len(line)

    def _day(self, when: datetime, model: str) -> _Day:
        folder = self._folder / quote(model, safe="") / f"{when:%Y-%m-%d}"
        known = self._days.get(model)
        if known and known.folder == folder:
            return known
        folder.mkdir(parents=True, exist_ok=True)
        _forget(folder.parent, when - KEPT)
        self._days[model] = _Day(folder, sum(path.stat().st_size for path in folder.iterdir()))
        return self._days[model]

    def _leave_out(self, reason: str) -> None:
        self._left_out += 1
        if self._left_out % TOLD_EVERY == 1:
            log.warning("model_server.request_not_logged", reason=reason, left_out=self._left_out)


def _append(file: Path, line: bytes) -> None:
    """Add a line with one write. Raises OSError, also when only a part of it went in: then nothing may come behind it in this file."""
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        if os.write(handle, line) < len(line):
            raise OSError("the disk is full")
    finally:
        os.close(handle)


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


def _forget(folder: Path, before: datetime) -> None:
    """Remove the days of a model that lie before an instant."""
    for day in folder.iterdir():
        if day.is_dir() and day.name < f"{before:%Y-%m-%d}":
            shutil.rmtree(day, ignore_errors=True)
