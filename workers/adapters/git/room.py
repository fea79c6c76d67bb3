"""A private folder below the store: files are written and proved here before they are kept, and read from here while they are used."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from workers.adapters.git.refusals import Refusals
from workers.ports.errors import Unreachable

_READ_ONLY = 0o444
_CHUNK = 1 << 20
_NOTE = -1
_HOLE = bytes(_CHUNK)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.EACCES)


class Room:
    """Files by number. Links into the store, or copies where the file system has no links: a file here stays whatever becomes of the store."""

    def __init__(self, folder: Path, place: Callable[[str], Path]) -> None:
        self._folder = folder
        self._place = place
        self.gave = False

    def path(self, number: int) -> Path:
        """Where the file of that number is."""
        return self._folder / str(number)

    @contextmanager
    def writing(self, number: int) -> Iterator[Callable[[bytes], None]]:
        """A new file to write pieces to; a piece of nothing but zeros becomes a hole. Raises Refusals when the disk is full, or Unreachable."""
        with writable():
            file = self.path(number).open("xb", buffering=0)
        with file:
            yield lambda part: _write(file.fileno(), part)
            with writable():
                file.truncate(file.tell())

    def keep(self, number: int, sha256: str) -> None:
        """Give the store a file that was proved here; one that is there already is replaced, for it may have suffered."""
        here, there = self.path(number), self._place(sha256)
        waiting = self._folder / f"{number}.kept"
        self.gave = True
        with writable():
            here.chmod(_READ_ONLY)
            there.parent.mkdir(parents=True, exist_ok=True)
            _link(here, waiting)
            waiting.replace(there)
            waiting.unlink(missing_ok=True)  # still there when both names were links to the same file

    def take(self, number: int, sha256: str, size: int) -> bool:
        """Take a file from the store, if it is there and still what its name says; one that is not is thrown out."""
        here, there = self.path(number), self._place(sha256)
        try:
            _link(there, here)
            if _is(here, sha256, size):
                os.utime(there)
                return True
            there.unlink()
        except OSError:
            pass  # it is not there, cannot be read, or has just left: then it is brought anew
        here.unlink(missing_ok=True)
        return False

    def remember(self, sha256: str, content: bytes) -> None:
        """Give the store a small file whole."""
        with self.writing(_NOTE) as write:
            write(content)
        self.keep(_NOTE, sha256)
        self.path(_NOTE).unlink()

    def remembered(self, sha256: str) -> bytes | None:
        """A small file of the store whole, if it is there and still what its name says."""
        size = self._size(sha256)
        if size is None or not self.take(_NOTE, sha256, size):
            return None
        content = self.path(_NOTE).read_bytes()
        self.path(_NOTE).unlink()
        return content

    def _size(self, sha256: str) -> int | None:
        try:
            return self._place(sha256).lstat().st_size
        except OSError:
            return None


def _link(old: Path, new: Path) -> None:
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError as exc:
        if exc.errno not in _NO_LINK:
            raise
        with old.open("rb") as source, new.open("xb") as copy:
            shutil.copyfileobj(source, copy, _CHUNK)
        new.chmod(_READ_ONLY)


def _is(place: Path, sha256: str, size: int) -> bool:
    told = place.lstat()
    if not stat.S_ISREG(told.st_mode) or told.st_size != size:
        return False
    with place.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _write(file: int, part: bytes) -> None:
    with writable():
        if part == _HOLE or (part[:1] == b"\0" == part[-1:] and part == _HOLE[: len(part)]):
            os.lseek(file, len(part), os.SEEK_CUR)
            return
        left = memoryview(part)
        while left:
            left = left[os.write(file, left) :]


@contextmanager
def writable() -> Iterator[None]:
    """Turn what the file system says into words: Refusals when the disk is full, else Unreachable."""
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise Refusals(f"The store of artifacts cannot be written: {exc.strerror}. Make room on its disk, then try again.") from exc
        raise Unreachable(f"writing to the store of artifacts: {exc.strerror}") from exc
