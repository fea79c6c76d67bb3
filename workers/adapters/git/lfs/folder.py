"""The large files of a repository on this host: `lfs/objects/ab/cd/<sha256>` below its Git folder, opened without following links."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from workers.adapters.git.lfs.pointer import Pointer
from workers.adapters.git.refusals import Refusals
from workers.ports.errors import Unreachable

_CHUNK = 1 << 20
_LIKE_GIT = ("/.git", "", ".git/.git", ".git")
"""What Git tries behind an address, in its order."""
_INSIDE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Folder:
    """The repository at an absolute path, as Git would find it."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    def pieces(self, pointer: Pointer, path: str) -> Iterator[bytes]:
        """The content, at most one byte more than the pointer says. Raises Refusals or Unreachable."""
        try:
            file = self._open(pointer.sha256)
        except (FileNotFoundError, NotADirectoryError) as exc:
            raise Refusals(
                f"{path} is kept in Git LFS, and the repository's LFS store does not hold it; push it with `git lfs push`."
            ) from exc
        except OSError as exc:
            raise Refusals(f"{path} cannot be read from the repository's LFS store: {exc.strerror}.") from exc
        yield from _read(file, pointer, path)

    def send(self, pointer: Pointer, path: str, content: Callable[[], Iterator[bytes]]) -> None:
        """Put a file there under its hash, whole or not at all. Raises Refusals when it is not what the pointer says, or cannot be written."""
        try:
            folder = self._objects() / pointer.sha256[:2] / pointer.sha256[2:4]
            folder.mkdir(parents=True, exist_ok=True)
            place = folder / pointer.sha256
            if place.is_file() and place.stat().st_size == pointer.size:
                return
            digest, size = hashlib.sha256(), 0
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".coming-") as file:
                for part in content():
                    digest.update(part)
                    size += file.write(part)
                file.flush()
                if (digest.hexdigest(), size) != (pointer.sha256, pointer.size):
                    raise Refusals(f"{path} was changed while it was sent.")
                _link(file.name, place)
        except OSError as exc:
            raise Refusals(f"{path} cannot be written into the repository's LFS store: {exc.strerror or exc}.") from exc

    def _open(self, sha256: str) -> int:
        at = os.open(self._objects(), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name in (sha256[:2], sha256[2:4], sha256):
            try:
                inner = os.open(name, _INSIDE, dir_fd=at)
            finally:
                os.close(at)
            at = inner
        if not stat.S_ISREG(os.fstat(at).st_mode):
            os.close(at)
            raise NotADirectoryError
        return at

    def _objects(self) -> Path:
        folders = [Path(self._address + suffix) for suffix in _LIKE_GIT]
        with suppress(StopIteration):
            return next(folder for folder in folders if (folder / "HEAD").is_file()) / "lfs" / "objects"
        raise FileNotFoundError


def _link(made: str, place: Path) -> None:
    """Give a file that is whole its name; another one has the same content."""
    Path(made).chmod(0o444)
    with suppress(FileExistsError):
        os.link(made, place)


def _read(file: int, pointer: Pointer, path: str) -> Iterator[bytes]:
    with os.fdopen(file, "rb", buffering=0) as opened:
        if (size := os.fstat(file).st_size) != pointer.size:
            raise Refusals(f"{path} has {size} bytes in the repository's LFS store, but its pointer says {pointer.size}.")
        left = pointer.size + 1
        while part := _part(opened.fileno(), min(_CHUNK, left), path):
            left -= len(part)
            _forget(file, pointer.size + 1 - left)
            yield part


def _forget(file: int, read: int) -> None:
    """What was read is in our own store next and is not read here again: it shall not push everything else out of the kernel's cache."""
    with suppress(OSError):  # advice only: some file systems take none
        os.posix_fadvise(file, 0, read, os.POSIX_FADV_DONTNEED)


def _part(file: int, size: int, path: str) -> bytes:
    try:
        return os.read(file, size)
    except OSError as exc:
        raise Unreachable(f"reading {path} from the repository's LFS store: {exc.strerror}") from exc
