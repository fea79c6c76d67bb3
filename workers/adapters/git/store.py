"""A folder of files named by their SHA-256 (`sha256/ab/cdef...`), shared by processes: a file there is whole, or it is not there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_READ_ONLY = 0o444


class Store:
    """The store below a folder, made when it is missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()

    def place(self, sha256: str) -> Path:
        """Where the file of that SHA-256 (hexadecimal) lies, if it does."""
        return self._folder / "sha256" / sha256[:2] / sha256[2:]

    @contextmanager
    def staging(self) -> Iterator[Staging]:
        """A room to write files in before they are believed; whatever is not kept vanishes with it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix=".staging-", dir=self._folder))
        try:
            yield Staging(self, room)
        finally:
            shutil.rmtree(room, ignore_errors=True)


class Staging:
    """Files on their way into the store."""

    def __init__(self, store: Store, room: Path) -> None:
        self._store = store
        self._room = room

    def path(self, number: int) -> Path:
        """Where the file of that number waits."""
        return self._room / str(number)

    def open(self, number: int) -> BinaryIO:
        """A file to write to."""
        return self.path(number).open("xb")

    def keep(self, number: int, sha256: str) -> Path:
        """Move a file into the store; one that is there already is replaced by this one, which was just proved."""
        waiting, place = self.path(number), self._store.place(sha256)
        if waiting.exists():
            waiting.chmod(_READ_ONLY)
            place.parent.mkdir(parents=True, exist_ok=True)
            waiting.replace(place)
        return place
