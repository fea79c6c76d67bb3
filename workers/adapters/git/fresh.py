"""Objects that were made and are not on the disk yet: readable at once, and written together, before anything is sent that needs them.

A few are written as loose files, as Git does it. Many are written as one pack: a file each costs more than all the rest of a decision, and
`git push` reads a pack a hundred times faster than so many files.
"""

from __future__ import annotations

import hashlib
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from git.db import GitCmdObjectDB

FEW = 64
MOST = 8192
"""More are never kept in memory."""


class Fresh:
    """The objects of one store that wait to be written."""

    def __init__(self, objects: Path) -> None:
        self._objects = objects
        self._waiting: dict[bytes, tuple[bytes, bytes]] = {}

    def add(self, kind: str, content: bytes) -> str:
        """Take an object in and give its id."""
        sha = hashlib.sha1(_whole(kind.encode(), content), usedforsecurity=False)
        self._waiting[sha.digest()] = (kind.encode(), content)
        return sha.hexdigest()

    def read(self, oid: str, kind: str) -> bytes | None:
        """The content of an object that waits, or None."""
        found = self._waiting.get(bytes.fromhex(oid)) if self._waiting else None
        return found[1] if found and found[0] == kind.encode() else None

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether it is time to write, whoever may need it."""
        return len(self._waiting) >= MOST

    def write(self, store: GitCmdObjectDB) -> None:
        """Write everything that waits. Nothing is synced to the disk: what counts is what the remote has accepted."""
        from gitdb import IStream  # noqa: PLC0415  # whoever only reads does not wait for it

        if len(self._waiting) > FEW:
            self._write_pack()
        else:
            for sha, (kind, content) in self._waiting.items():
                packed = zlib.compress(_whole(kind, content), 1)
                store.store(IStream(kind, len(packed), BytesIO(packed), sha))
        self._waiting.clear()

    def _write_pack(self) -> None:
        """One pack with its index. Without deltas: `git push` makes those that it sends."""
        from gitdb import OStream  # noqa: PLC0415
        from gitdb.pack import PackEntity  # noqa: PLC0415

        folder = self._objects / "pack"
        folder.mkdir(exist_ok=True)
        objects = (OStream(sha, kind, len(content), BytesIO(content)) for sha, (kind, content) in self._waiting.items())
        PackEntity.create(objects, str(folder), len(self._waiting), 1)


def _whole(kind: bytes, content: bytes) -> bytes:
    return b"%s %d\0" % (kind, len(content)) + content
