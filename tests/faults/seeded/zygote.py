"""The process that every life is forked from: it has imported everything once, runs no thread, and does nothing else.

    python -m tests.faults.seeded.zygote SOCKET

Each message on the socket is a life's beginning as JSON, with the life's own socket beside it; the answer is the process id.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from .channel import LARGEST

PR_SET_PDEATHSIG = 1


class Zygote:
    """The scheduler's end."""

    def __init__(self, log: Path) -> None:
        self._end, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-m", "tests.faults.seeded.zygote", str(theirs.fileno())]
        with log.open("ab") as out, theirs:
            self._process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def fork(self, beginning: dict[str, Any]) -> tuple[int, socket.socket]:
        """A new life: its process id and our end of its socket."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._end, [json.dumps(beginning).encode()], [theirs.fileno()])
        return int(self._end.recv(64)), ours

    def close(self) -> None:
        """End it, and with it every life that is left."""
        self._end.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _serve(end: socket.socket) -> None:
    from . import boundaries, lives  # noqa: PLC0415  # the scheduler's side needs none of it

    boundaries.lay_traps()
    gc.collect()
    gc.freeze()  # a life's collector must not touch, and so copy, every page that it shares with us
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead at once, so that everybody can tell that they are
    while True:
        data, files, _, _ = socket.recv_fds(end, LARGEST, 1)
        if not data:
            return
        pid = os.fork()
        if pid == 0:
            _become(lives.live, end, files[0], json.loads(data))
        os.close(files[0])
        end.send(str(pid).encode())


def _become(live: Any, end: socket.socket, file: int, beginning: dict[str, Any]) -> None:
    """A life from its fork to its end; nothing of the zygote runs on in it."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    end.close()
    os.set_inheritable(file, False)
    try:
        if parent == os.getppid():
            live(beginning, socket.socket(fileno=file))
    finally:
        sys.stderr.flush()
        os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
