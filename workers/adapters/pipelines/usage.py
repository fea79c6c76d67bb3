"""How much a training uses: processes, memory, disk. Sources: proc(5), `/proc/<pid>/status` and `/proc/<pid>/stat`."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

MOST_FILES = 500_000
_COUNTED = ("RssAnon:", "RssShmem:")


class TooManyFiles(Exception):
    """The tree holds more files than anybody would look at."""


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    children: dict[int, list[int]] = defaultdict(list)
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and (parent := _parent(process)) is not None:
            children[parent].append(int(process.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = children[waiting.pop()]
        found += below
        waiting += below
    return found


def _parent(process: Path) -> int | None:
    """The number of the parent stands after the name, which may hold anything, in brackets."""
    try:
        return int((process / "stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return None


def memory(pids: list[int]) -> int:
    """Bytes that the processes hold which no file backs."""
    return sum(_held(pid) for pid in pids)


def _held(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(_COUNTED))


def disk(folder: Path) -> int:
    """Bytes that the files below a folder take on the disk. Links are not followed. Raises TooManyFiles."""
    total = 0
    for number, size in enumerate(_sizes(folder)):
        total += size
        if number > MOST_FILES:
            raise TooManyFiles
    return total


def _sizes(folder: Path) -> Iterator[int]:
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    yield entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue  # it was there a moment ago


def free(folder: Path) -> int:
    """Bytes that are left on the disk of a folder for those who are not root."""
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize
