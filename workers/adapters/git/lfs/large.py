"""Large files by their pointers, proved: nothing is given on whose size and SHA-256 are not those that the pointer in Git says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from workers.adapters.git.lfs.pointer import Pointer
from workers.adapters.git.lfs.remote import Remote
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.room import Room
from workers.adapters.git.store import Store

_LARGE = 1 << 20


class LargeFiles:
    """The large files of a remote, with a store that keeps what was brought once."""

    def __init__(self, remote: Remote, store: Store) -> None:
        self._remote = remote
        self._store = store

    def content(self, pointer: Pointer, path: str) -> bytes:
        """The whole content of a file that is small all the same. Raises Refusals or Unreachable."""
        parts: list[bytes] = []
        self.read(pointer, path, parts.append)
        return b"".join(parts)

    def read(self, pointer: Pointer, path: str, take: Callable[[bytes], object]) -> None:
        """Give the content to `take` in pieces. What it was given is worth nothing when this raises Refusals or Unreachable."""
        digest, size = hashlib.sha256(), 0
        for part in self._pieces(pointer, path):
            size += len(part)
            if size > pointer.size:
                break
            digest.update(part)
            take(part)
        if size != pointer.size:
            more = "more than " if size > pointer.size else "only "
            raise Refusals(f"{path} has {more}{min(size, pointer.size)} bytes in Git LFS, but its pointer says {pointer.size}.")
        if digest.hexdigest() != pointer.sha256:
            raise Refusals(f"What Git LFS gives for {path} is not what its pointer says: its SHA-256 is another.")

    def _pieces(self, pointer: Pointer, path: str) -> Iterator[bytes]:
        return self._remote.pieces(pointer, path) if pointer.size else iter(())

    def bring(self, pointer: Pointer, path: str, room: Room, number: int) -> None:
        """The proved content as a file of a room, and into the store. Raises Refusals or Unreachable."""
        with self._store.alone(pointer.sha256):
            if room.take(number, pointer.sha256, pointer.size):
                return
            with room.writing(number) as write:
                self.read(pointer, path, write)
            room.keep(number, pointer.sha256)

    def prove(self, pointer: Pointer, path: str, take: Callable[[bytes], object] | None = None) -> None:
        """See to it that the content is what the pointer says, and give it to `take` in pieces.

        What is large is kept where there is room: a deployment need not bring it again.
        """
        if pointer.size < _LARGE:
            self.read(pointer, path, take or bool)
            return
        with self._store.room() as room:
            if not room.take(0, pointer.sha256, pointer.size):
                if not self._store.make_space(pointer.size):
                    self.read(pointer, path, take or bool)
                    return
                self.bring(pointer, path, room, 0)
            if take:
                with room.path(0).open("rb") as file:
                    while piece := file.read(_LARGE):
                        take(piece)
