"""A folder of files named by their SHA-256 (`sha256/ab/cdef...`), shared by processes and held below a size: the least recently used goes first.

Nobody reads in the store itself: whoever needs files has a `Room` with links of his own to them, so that any file may leave the store at any time.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from workers.adapters.git.refusals import Refusals
from workers.adapters.git.room import Room, writable

LIMIT = 20 * 10**9
"""Bytes that a store holds when nothing else is said."""

_ROOM = ".room-"


@dataclass(frozen=True)
class _Kept:
    used: int
    size: int
    place: Path


class Store:
    """The store below a folder, made when it is first needed. `limit` is in bytes, and is passed only while what is in use does not fit."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self._folder = folder.absolute()
        self.limit = limit
        with suppress(OSError), self._locked(self._folder):
            self._forget_the_killed()

    def place(self, sha256: str) -> Path:
        """Where the file of that SHA-256 (hexadecimal) lies, if it does."""
        return self._folder / "sha256" / sha256[:2] / sha256[2:]

    @contextmanager
    def _locked(self, folder: Path) -> Iterator[None]:
        """Hold the lock of a folder; the kernel lets go of it when a process dies."""
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)

    @contextmanager
    def alone(self, sha256: str) -> Iterator[None]:
        """Hold the right to bring that file from elsewhere: whoever waited for it finds it in the store. One at a time, or two may wait for each other."""
        folder = self.place(sha256).parent
        with writable():
            folder.mkdir(parents=True, exist_ok=True)
        with self._locked(folder):
            yield

    @contextmanager
    def room(self) -> Iterator[Room]:
        """A private folder to write and read files in; it vanishes at the end, and after a killed process when the next one begins."""
        with writable():
            self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked(self._folder), writable():
            self._forget_the_killed()
            folder = Path(tempfile.mkdtemp(prefix=_ROOM, dir=self._folder))
            alive = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(alive, fcntl.LOCK_EX)
        room = Room(folder, self.place)
        try:
            yield room
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(alive)
            if room.gave:
                with suppress(OSError):  # whoever took the store away meanwhile wants it smaller still
                    self.make_space(0)

    def _forget_the_killed(self) -> None:
        """Remove the rooms whose lock nobody holds. Under the store's lock, so that none is met between its making and its locking."""
        for folder in self._folder.glob(f"{_ROOM}*"):
            with suppress(OSError):
                held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(held)

    def make_space(self, needed: int) -> bool:
        """Let go of what was not used for longest until so many bytes fit below the limit and on the disk; whether they do."""
        if needed > self.limit:
            return False
        with self._locked(self._folder):
            kept = sorted(self._kept(), key=lambda one: one.used)
            total = sum(one.size for one in kept)
            if total + self._free() < needed:
                return False
            for one in kept:
                if total + needed <= self.limit and self._free() >= needed:
                    break
                one.place.unlink(missing_ok=True)
                total -= one.size
        return self._free() >= needed

    def admit(self, whole: int, what: str) -> None:
        """Refuse what has more bytes than the store may ever hold. Raises Refusals with the numbers."""
        if whole > self.limit:
            raise Refusals(
                f"{what} has {shown(whole)}, but the store of artifacts holds at most {shown(self.limit)} (TOWPATH_STORE_LIMIT)."
            )

    def require(self, needed: int, what: str) -> None:
        """Make space for so many bytes of `what`. Raises Refusals with the numbers when they do not fit."""
        if not self.make_space(needed):
            raise Refusals(f"{what} needs {shown(needed)} in the store of artifacts, but its disk has only {shown(self._free())} free.")

    def _free(self) -> int:
        told = os.statvfs(self._folder)
        return told.f_bavail * told.f_frsize

    def _kept(self) -> Iterator[_Kept]:
        for place in self._folder.glob("sha256/??/*"):
            with suppress(OSError):
                told = place.lstat()
                yield _Kept(told.st_mtime_ns, told.st_size, place)


def shown(size: int) -> str:
    """`5.4 GB`: a size in bytes for people."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"
