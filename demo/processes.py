"""Child processes with a log file: started, waited for, ended, and never left behind when we are gone ourselves."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

READY_WITHIN = 30.0
GRACE = 5.0
LAST_GRACE = 1.0
LOOK_EVERY = 0.02
TAIL_BYTES = 8192
TAIL_LINES = 20
LEASH = Path(__file__).with_name("leash.py")

_started: set[Child] = set()


class ChildFailed(RuntimeError):
    """A child ended, or did not get ready in time; the text ends with the last lines of its log."""


class Child:
    """One command in a session of its own, with `log` taking everything it prints.

    `env` is added to our environment, `folder` is where it runs. When our process ends, however that happens, the child
    gets `orphan_signal`; on an ordinary end it is stopped first.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        orphan_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.command = tuple(command)
        self.log = log
        self._env = {**os.environ, **(env or {})}
        self._folder = folder
        self._orphan_signal = orphan_signal
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The child's process id, which is also the id of its process group. Raises RuntimeError before `start`."""
        if self._process is None:
            raise RuntimeError(f"{self.command[0]} is not started")
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and not _has_ended(self._process.pid)

    def start(self) -> None:
        """Start it; a child that already runs is left alone."""
        if self.alive:
            return
        self._reap()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = _spawner().submit(self._spawn).result()
        _started.add(self)

    def wait_until(self, ready: Callable[[], bool], within: float = READY_WITHIN) -> None:
        """Return when `ready()` holds. Raises ChildFailed when it ends, or after `within` seconds, then stopped."""
        deadline = time.monotonic() + within
        while not ready():
            if not self.alive:
                raise ChildFailed(self._complaint(f"ended with status {self._reap()}"))
            if time.monotonic() > deadline:
                self.stop()
                raise ChildFailed(self._complaint(f"was not ready within {within:g} s"))
            time.sleep(LOOK_EVERY)

    def stop(self, grace: float = GRACE) -> int | None:
        """End it with SIGTERM, after `grace` seconds with SIGKILL, and with it what it started; return its status.

        None when it was not running. A negative status is the signal that ended it.
        """
        if self._process is None:
            return None
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while self.alive and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY)
        return self._reap()

    def kill9(self) -> int | None:
        """End it and what it started with SIGKILL, as a crash would; return its status."""
        return self._reap()

    def tail(self) -> str:
        """Return the last lines of the log."""
        with suppress(FileNotFoundError), self.log.open("rb") as opened:
            opened.seek(max(0, opened.seek(0, os.SEEK_END) - TAIL_BYTES))
            return "\n".join(opened.read().decode(errors="replace").splitlines()[-TAIL_LINES:])
        return ""

    def _spawn(self) -> subprocess.Popen[bytes]:
        leash = [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), str(int(self._orphan_signal))]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*leash, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=self._folder,
                start_new_session=True,
            )

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _reap(self) -> int | None:
        """Kill what is left of the group, then collect the child: until then its id cannot belong to another group."""
        if self._process is None:
            return None
        self._signal(signal.SIGKILL)
        status = self._process.wait()
        self._process = None
        _started.discard(self)
        return status

    def _complaint(self, what: str) -> str:
        return f"{' '.join(self.command[:3])} {what}; last lines of {self.log}:\n{self.tail()}"


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str) -> bool:
    """Return whether a GET of `url` (http) answers 200 within two seconds."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  the address is our own
            return bool(answer.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended, without collecting it."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


@cache
def _spawner() -> ThreadPoolExecutor:
    """Return the thread that starts children: the kernel counts the *thread* as the parent, and this one stays."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


@atexit.register
def _stop_all() -> None:
    """End what nobody has stopped; their signal came a moment ago, when the spawner ended."""
    for child in tuple(_started):
        child.stop(LAST_GRACE)
