"""What a process costs, and how busy the machine was meanwhile."""

from __future__ import annotations

import ctypes
import os
import platform
import time
from dataclasses import dataclass, field


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process and all its threads have used, in seconds, to the nanosecond (clock_getcpuclockid(3)). Raises OSError."""
    clock = ctypes.c_int()
    trouble = ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock))
    if trouble:
        raise OSError(trouble, os.strerror(trouble))
    return time.clock_gettime(clock.value)


@dataclass
class Loads:
    """The machine's load averages over the last minute, taken now and then during a bench. Our own work is in them."""

    taken: list[float] = field(default_factory=list)

    def take(self) -> None:
        """Look once more."""
        self.taken.append(os.getloadavg()[0])

    def __str__(self) -> str:
        return f"load average {self.taken[0]:.1f} before, {max(self.taken):.1f} at most, the bench's own work included"


def described() -> str:
    """This machine in a few words."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
