"""`towpath run`: every process of the Procfile, started again when it dies, stopped together."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import structlog

log = structlog.get_logger()

GRACE = 15.0
LOOK_EVERY = 0.1
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY = 10.0
HOPELESS = (2, 127)
"""Exit statuses of a process that cannot start until somebody mends something: wrong settings or words, no such program."""
LONGEST_LINE = 64 * 1024
LEASH = Path(__file__).with_name("leash.py")
_LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")


class BadProcfile(ValueError):
    """A Procfile that cannot be run; the message names the line."""


@dataclass
class Process:
    """One line of the Procfile and the process that it is now. Others wait until it `answers`, and end before it."""

    name: str
    command: str
    answers: Callable[[], bool] | None = None
    child: subprocess.Popen[bytes] | None = None
    reader: threading.Thread | None = None
    started: float = 0.0
    pause: float = 0.0
    due: float = 0.0
    proved: bool = False
    """Whether it has run steadily, or answered, once."""


def procfile() -> str:
    """The Procfile: of the installed package, or of the checkout."""
    packed = files("workers.app").joinpath("Procfile")
    return packed.read_text() if packed.is_file() else (Path(__file__).resolve().parents[2] / "Procfile").read_text()


def read(text: str) -> list[Process]:
    """The processes that a Procfile names. Raises BadProcfile."""
    found: dict[str, Process] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or match[1] in found or not _words(match[2]):
            raise BadProcfile(f"line {number} of the Procfile is not `name: command` with a name of its own")
        found[match[1]] = Process(match[1], match[2])
    if not found:
        raise BadProcfile("the Procfile names no process")
    return list(found.values())


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


class Supervisor:
    """Starts, watches and stops processes. What they print goes to standard error, a JSON line as it is, anything else as a field of one."""

    def __init__(self, processes: list[Process], pids: Path | None = None) -> None:
        self._processes = processes
        self._stop = threading.Event()
        self._pids = pids
        self._status = 0
        self._out = structlog.PrintLogger(sys.stderr)

    def run(self) -> int:
        """Until SIGTERM or SIGINT: 0. Or until a process shows that it cannot start: its exit status.

        Any other process that ends is started again: at once after a steady run, else after a pause that grows while it keeps dying.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        while not self._stop.is_set():
            for process in self._processes:
                self._tend(process, time.monotonic())
                if not self._has_answered(process):
                    break
            self._stop.wait(LOOK_EVERY)
        self._end(process for process in self._processes if process.answers is None)
        self._end(process for process in self._processes if process.answers is not None)
        return self._status

    def _has_answered(self, process: Process) -> bool:
        if process.answers is not None and not process.proved:
            process.proved = process.child is not None and process.answers()
            return process.proved
        return True

    def _tend(self, process: Process, now: float) -> None:
        if process.child is None:
            if now >= process.due:
                self._start(process, now)
        elif not _has_ended(process.child):
            process.proved = process.proved or (process.answers is None and now - process.started > STEADY)
        else:
            self._ended(process, now)

    def _ended(self, process: Process, now: float) -> None:
        code = _bury(process)
        if code in HOPELESS and not process.proved:
            log.error("cannot_start", process=process.name, code=code)
            self._status = code
            self._stop.set()
            return
        process.pause = 0.0 if now - process.started > STEADY else min(max(FIRST_PAUSE, process.pause * 2), LONGEST_PAUSE)
        process.due = now + process.pause
        log.warning("process_ended", process=process.name, code=code, again_in=process.pause)

    def _start(self, process: Process, now: float) -> None:
        words = shlex.split(process.command)
        program = Path(sys.executable).with_name(words[0])
        command = [str(program) if program.exists() else words[0], *words[1:]]
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid())]
        pipe = subprocess.PIPE
        process.child = subprocess.Popen(
            [*leash, *command], stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, start_new_session=True
        )
        process.reader = threading.Thread(target=self._pass_on, args=(process.name, process.child), daemon=True)
        process.reader.start()
        process.started = now
        log.info("process_started", process=process.name, pid=process.child.pid)
        if self._pids:
            self._write_pid(self._pids / f"{process.name}.pid", process.child.pid)

    def _write_pid(self, path: Path, pid: int) -> None:
        new = path.with_suffix(".new")
        new.write_text(f"{pid}\n")
        new.replace(path)

    def _pass_on(self, name: str, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None, "it was started with a pipe"
        with child.stdout as pipe:
            for line in iter(lambda: pipe.readline(LONGEST_LINE), b""):
                text = line.decode(errors="replace").strip()
                if _is_json(text):
                    self._out.msg(text)
                elif text:
                    log.info("said", process=name, text=text)

    def _end(self, processes: Iterable[Process]) -> None:
        running = [process for process in processes if process.child is not None]
        for process in running:
            if process.child:
                process.child.terminate()
        deadline = time.monotonic() + GRACE
        for process in running:
            while process.child and not _has_ended(process.child) and time.monotonic() < deadline:
                time.sleep(LOOK_EVERY / 4)
            _bury(process)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _has_ended(child: subprocess.Popen[bytes]) -> bool:
    """Whether it has ended, without collecting it: until then its id cannot belong to anybody else."""
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _bury(process: Process) -> int:
    """Kill what is left of its session, collect it, and pass on its last words; its exit status."""
    assert process.child is not None, "only a started process ends"
    with suppress(ProcessLookupError):
        os.killpg(process.child.pid, signal.SIGKILL)
    code = process.child.wait()
    if process.reader:
        process.reader.join(timeout=1)
    process.child = None
    return code
