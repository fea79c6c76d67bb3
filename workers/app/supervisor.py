"""`towpath run`: every process of the Procfile, started again when it dies, stopped together."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import structlog

log = structlog.get_logger()

GRACE = 15.0
LONGEST_PAUSE = 30.0
STEADY = 10.0


@dataclass
class Process:
    """One line of the Procfile and the process that it is now."""

    name: str
    command: str
    child: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.5
    due: float = field(default=0.0)


def procfile() -> str:
    """The Procfile: of the installed package, or of the checkout."""
    packed = files("workers.app").joinpath("Procfile")
    return packed.read_text() if packed.is_file() else (Path(__file__).resolve().parents[2] / "Procfile").read_text()


def read(text: str) -> list[Process]:
    """The processes that a Procfile names."""
    lines = (line.partition(":") for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return [Process(name.strip(), command.strip()) for name, _, command in lines]


class Supervisor:
    """Starts, watches and stops processes. Their logs go where ours go, each line as it is."""

    def __init__(self, processes: list[Process], pids: Path | None = None) -> None:
        self._processes = processes
        self._stop = threading.Event()
        self._pids = pids

    def run(self) -> None:
        """Until SIGTERM or SIGINT. A process that dies is started again after a pause that grows while it keeps dying."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        while not self._stop.is_set():
            for process in self._processes:
                self._tend(process, time.monotonic())
            self._stop.wait(0.2)
        self._stop_all()

    def _tend(self, process: Process, now: float) -> None:
        if process.child is None:
            if now >= process.due:
                self._start(process, now)
            return
        code = process.child.poll()
        if code is None:
            if now - process.started > STEADY:
                process.pause = 0.5
            return
        log.warning("process_ended", process=process.name, code=code, again_in=process.pause)
        process.child, process.due = None, now + process.pause
        process.pause = min(process.pause * 2, LONGEST_PAUSE)

    def _start(self, process: Process, now: float) -> None:
        words = shlex.split(process.command)
        program = Path(sys.executable).with_name(words[0])
        command = [str(program) if program.exists() else words[0], *words[1:]]
        process.child = subprocess.Popen(command, start_new_session=True)
        process.started = now
        log.info("process_started", process=process.name, pid=process.child.pid)
        if self._pids:
            (self._pids / f"{process.name}.pid").write_text(f"{process.child.pid}\n")

    def _stop_all(self) -> None:
        running = [process.child for process in self._processes if process.child and process.child.poll() is None]
        for child in running:
            child.terminate()
        deadline = time.monotonic() + GRACE
        for child in running:
            try:
                child.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
