"""Become a command that the kernel tells (SIGTERM) when the process that started it is gone: `leash.py PARENT COMMAND...`.

A program of its own, because nothing of Python's may run between fork and exec in a process with threads.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
NOT_FOUND = 127


def main(parent: int, command: list[str]) -> None:
    """Become `command`. Other systems than Linux just run it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the kernel was told
            sys.exit(NOT_FOUND)
    try:
        os.execvp(command[0], command)  # noqa: S606  # there is no shell here on purpose
    except OSError as exc:
        print(f"cannot start {command[0]}: {exc.strerror}", file=sys.stderr)
        sys.exit(NOT_FOUND)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
