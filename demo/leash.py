"""Run a command that the kernel ends when the process that started it is gone: `leash.py PARENT SIGNAL COMMAND...`.

A program of its own, because nothing of Python's may run between fork and exec in a process with threads. It becomes
the command, so there is no process in between.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
NOT_FOUND = 127


def main(parent: int, signal_number: int, command: list[str]) -> None:
    """Become `command`, which gets `signal_number` when `parent` ends. Other systems than Linux just run it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
        if os.getppid() != parent:  # it ended before the kernel was told
            sys.exit(NOT_FOUND)
    try:
        os.execvp(command[0], command)  # noqa: S606  there is no shell here on purpose
    except OSError as exc:
        sys.exit(f"cannot start {command[0]}: {exc.strerror}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
