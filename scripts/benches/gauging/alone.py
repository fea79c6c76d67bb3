"""A piece of Python in a process of its own, and what that cost, its start included."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

_PEAK = """
import atexit, pathlib, re, sys
def told(place=sys.argv.pop(1)):
    pathlib.Path(place).write_text(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
atexit.register(told)
"""
"""A process tells its own peak: the one in its resource usage begins with what its parent held."""


@dataclass(frozen=True)
class Cost:
    """One run: seconds, and the most memory in bytes."""

    wall: float
    cpu: float
    memory: int


def run(code: str, arguments: Sequence[str], folder: Path, python: str = sys.executable, passes: Sequence[int] = (0,)) -> Cost:
    """Run the code with these arguments. `folder` is for what is needed meanwhile. Raises RuntimeError when it ends otherwise than with `passes`."""
    peak = folder / "peak"
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()) if python == sys.executable else ""}
    began = perf_counter()
    child = os.posix_spawn(python, [python, "-c", _PEAK + code, str(peak), *arguments], environment)
    _, status, used = os.wait4(child, 0)
    wall = perf_counter() - began
    if os.waitstatus_to_exitcode(status) not in passes:
        raise RuntimeError(f"a process ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(wall, used.ru_utime + used.ru_stime, int(peak.read_text()) * 1024)
