"""The supervisor of one training: `python -m workers.adapters.pipelines.supervise FOLDER`, detached from whoever began it.

It runs the commands of `job.json` one after the other, keeps them within their limits, judges what came out, and writes down how far it is. It
lives until everything that it started has ended; when it is killed, so are they. It holds no secret, and measures time by a clock that nobody sets.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from workers.adapters.pipelines import result, usage
from workers.adapters.pipelines.layout import Layout, alone, write, write_json
from workers.adapters.pipelines.output import Output
from workers.adapters.pipelines.running import Running

LOOK_EVERY = 0.5
WRITE_EVERY = 1.0
LOCK_TRIES = 20
RESERVE = 256 << 20
"""Bytes that a training leaves on the disk, whatever it may use: what is written down of it must find room."""
_SUBREAPER = 36
_KILLED = (-signal.SIGKILL, 128 + signal.SIGKILL)


class Over(Exception):
    """A command may not go on; the message is a sentence for people."""


class Attempt:
    """One run of a job."""

    def __init__(self, layout: Layout, job: dict[str, Any]) -> None:
        self._layout = layout
        self._job = job
        self._output = Output(job["log"])
        self._until = time.monotonic() + job["seconds"]
        self._due = {"look": 0.0, "disk": 0.0, "write": 0.0}
        self._written = ""
        self._asked_to_stop = False
        self._state: dict[str, Any] = {"run": "running", "text": "It is being started.", "progress": "", "pid": os.getpid(), "measured": {}}

    def run(self) -> None:
        """Until the end, which is written down in any case."""
        signal.signal(signal.SIGTERM, self._stop)
        self._tell()
        try:
            for step in self._job["steps"]:
                self._take(step)
            self._state |= {"run": "done", "text": "The training has ended well."}
        except (Over, result.BadResult) as exc:
            self._state |= {"run": "failed", "text": str(exc)}
        except OSError as exc:
            self._state |= {"run": "failed", "text": f"This host could not run it: {exc.strerror or type(exc).__name__}."}
        with suppress(OSError):
            self._layout.room.chmod(0o700)  # the next training may be the same user
        self._tell_at_last()

    def _stop(self, _: int, __: FrameType | None) -> None:
        self._asked_to_stop = True

    def _take(self, step: dict[str, Any]) -> None:
        self._state["text"] = step["text"]
        self._due["write"] = 0.0
        running = Running(step, self._job["sweep"])
        try:
            answer = self._follow(running)
        finally:
            running.end()
        name = step["name"]
        if running.code:
            raise Over(self._how_it_ended(name, running.code))
        self._judge(step, answer)

    def _follow(self, running: Running) -> bytes:
        """Take what it prints until it ends; what it prints apart, at most a little more than may be. Raises Over."""
        answer = b""
        while running.is_running:
            printed, apart = running.read(LOOK_EVERY / 2)
            self._output.take(printed)
            answer = (answer + apart)[: result.LARGEST_ANSWER + 1]
            self._see(running)
        printed, apart = running.rest()
        self._output.take(printed)
        return (answer + apart)[: result.LARGEST_ANSWER + 1]

    def _how_it_ended(self, name: str, code: int) -> str:
        said = self._output.progress
        if code == 127:
            return f"{name} could not start: {said}."
        if code in _KILLED:
            return f"{name} was killed from outside, as a host does that has no memory left (the limit is {self._megabytes('memory')} MB)."
        ended = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"{name} ended {ended}."

    def _judge(self, step: dict[str, Any], answer: bytes) -> None:
        job, owner = self._job, self._job["owner"]
        try:
            if step["measures"]:
                self._state["measured"] |= {step["measures"]: result.metrics(answer)}
                return
            if owner is not None:
                result.seal(self._layout.tree)
            found = result.files(self._layout.tree, job["folder"], owner)
            result.judge(found, job["files"], job["path"], job["needs"])
        except result.BadResult as exc:
            raise Over(f"{step['name']} cannot be used: {exc}.") from exc

    def _see(self, running: Running) -> None:
        """Limits, and what people see meanwhile. Raises Over."""
        if self._asked_to_stop:
            raise Over("It was stopped.")
        if time.monotonic() > self._until:
            raise Over(f"It ran for longer than {self._job['seconds'] / 60:g} minutes and was stopped.")
        self._when("look", LOOK_EVERY, self._look_at_memory, running)
        self._when("disk", 2 * LOOK_EVERY, self._look_at_disk, running)
        self._when("write", WRITE_EVERY, self._write_on, running)

    def _when(self, name: str, every: float, look: Callable[[Running], None], running: Running) -> None:
        """At its time; what takes long is done less often."""
        begun = time.monotonic()
        if begun >= self._due[name]:
            look(running)
            now = time.monotonic()
            self._due[name] = now + max(every, 10 * (now - begun))

    def _look_at_memory(self, running: Running) -> None:
        if usage.memory(running.processes) > self._job["memory"]:
            raise Over(f"It used more than {self._megabytes('memory')} MB of memory and was stopped.")

    def _look_at_disk(self, _: Running) -> None:
        try:
            used = usage.disk(self._layout.room)
        except usage.TooManyFiles:
            raise Over(f"It made more than {usage.MOST_FILES} files and was stopped.") from None
        if used > self._job["disk"]:
            raise Over(f"It used more than {self._megabytes('disk')} MB of disk and was stopped.")
        if usage.free(self._layout.folder) < RESERVE:
            raise Over("The disk of this host is almost full, so it was stopped. Make room below TOWPATH_TRAININGS.")

    def _megabytes(self, name: str) -> int:
        return int(self._job[name] >> 20)

    def _write_on(self, _: Running) -> None:
        self._tell()

    def _tell(self) -> None:
        """Write down what is new. A disk that is full at this moment is no reason to end."""
        self._state["progress"] = self._output.progress
        if (state := json.dumps(self._state)) != self._written:
            with suppress(OSError):
                write(self._layout.log, self._output.kept)  # first: whoever sees the end must find the log
                write_json(self._layout.state, self._state)
                self._written = state

    def _tell_at_last(self) -> None:
        """The end must be known: it is tried for as long as it takes."""
        while True:
            self._tell()
            if json.loads(self._written or "{}").get("run") == self._state["run"]:
                return
            time.sleep(WRITE_EVERY)


def main(folder: Path) -> None:
    """Run the job of a folder, if nobody did or does."""
    layout = Layout(folder)
    for _ in range(LOCK_TRIES):
        with alone(layout.lock) as ours:
            if ours:
                _run(layout)
                return
        time.sleep(0.05)  # whoever looks whether we live holds it for an instant


def _run(layout: Layout) -> None:
    if not layout.state.exists() and not layout.ended.exists():
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)  # whoever leaves its parent becomes our child
        Attempt(layout, json.loads(layout.job.read_bytes())).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
