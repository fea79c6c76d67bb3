"""One command under a supervisor: started, read from, and ended with everything that it started."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO, Any

from workers.adapters.pipelines import usage

_PIECE = 1 << 16
_LAST_WORDS = 5.0
_SECONDS_TO_STOP = 30


class Running:
    """A command. Of the step, `words` start it, `spec` is given to its standard input, `stop` are the words that end it elsewhere (a container),
    and `measures` keeps its standard output apart. `sweep` is the user whose processes end with it. `code` is its exit code once it was ended.
    """

    def __init__(self, step: dict[str, Any], sweep: list[int] | None) -> None:
        words, spec, apart = step["words"], step["spec"], step["measures"] is not None
        self._stop = step["stop"]
        self._sweep = sweep
        self._child = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL if spec is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if apart else subprocess.STDOUT,
            cwd="/",
            env=None if spec is None else {},
            start_new_session=True,
        )
        self._selector = selectors.DefaultSelector()
        for pipe, is_answer in ((self._child.stdout, apart), (self._child.stderr, False)):
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ, is_answer)
        if self._child.stdin is not None:
            with suppress(BrokenPipeError), self._child.stdin as told:
                told.write(json.dumps({**(spec or {}), "parent": os.getpid()}).encode())
        self.code: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether the command itself has not ended, seen without collecting it: until then its number is nobody else's."""
        return os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    @property
    def processes(self) -> list[int]:
        """The numbers of everything that runs."""
        return usage.descendants(os.getpid())

    def read(self, seconds: float) -> tuple[bytes, bytes]:
        """What it has printed, and what it has printed apart, waiting at most so long for it."""
        printed, apart = b"", b""
        if not self._selector.get_map():
            time.sleep(seconds)
            return printed, apart
        for key, _ in self._selector.select(seconds):
            pipe: IO[bytes] = key.fileobj  # type: ignore[assignment]
            piece = os.read(pipe.fileno(), _PIECE)
            if not piece:
                self._selector.unregister(pipe)
            elif key.data:
                apart += piece
            else:
                printed += piece
        return printed, apart

    def rest(self) -> tuple[bytes, bytes]:
        """End it, and take what is left in its pipes: nobody can write to them any more."""
        self.end()
        printed, apart = b"", b""
        until = time.monotonic() + _LAST_WORDS
        while self._selector.get_map() and time.monotonic() < until:
            more, more_apart = self.read(0.1)
            printed, apart = printed + more, apart + more_apart
        return printed, apart

    def end(self) -> None:
        """Kill what still runs of it, and wait until nothing does. Twice is once."""
        if self.code is not None:
            return
        if self._stop and self.is_running:
            with suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(self._stop, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS_TO_STOP)
        if self.is_running:
            self._child.kill()
        self.code = self._child.wait()
        if self._sweep:
            sweep(*self._sweep)
        while below := self.processes:
            for pid in below:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _collect()
            time.sleep(0.01)


def _collect() -> None:
    """Those that lost their parent have become our children."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def sweep(uid: int, gid: int) -> None:
    """End every process of a user at once, so that none can start another meanwhile (kill(2), -1)."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
