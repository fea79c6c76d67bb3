"""Bytes as they come: pieces of a bounded size, with the place in the file, and never the whole in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from workers.domain.safety.finding import Doubt

PIECE = 256 * 1024
LONGEST_LINE = 64 * 1024


class Stream(Protocol):
    """An open binary file that can seek."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go there."""


@dataclass
class Budget:
    """What one scan may unpack, in bytes, members and nested archives; shared by all of its files."""

    unpacked: int = 32 << 30
    members: int = 20_000
    depth: int = 4

    def unpack(self, count: int) -> None:
        """So many bytes were unpacked. Raises Doubt."""
        self.unpacked -= count
        if self.unpacked < 0:
            raise Doubt("unpacks to more than is looked at", "Split the artifact, or keep it unpacked.")

    def open_member(self) -> None:
        """One more member of an archive. Raises Doubt."""
        self.members -= 1
        if self.members < 0:
            raise Doubt("holds more members than are looked at", "Split the artifact, or keep it unpacked.")


class Bytes:
    """A file read from its beginning to its end. `read` gives the next piece of at most so many bytes, none at the end."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._piece, self._at, self._before = b"", 0, 0
        self.began = 0

    @property
    def place(self) -> int:
        """How many bytes have been taken."""
        return self._before + self._at

    def peek(self, count: int) -> bytes:
        """The next bytes, which stay; fewer at the end."""
        while len(self._piece) - self._at < count:
            more = self._read(PIECE)
            if not more:
                break
            self._before += self._at
            self._piece, self._at = self._piece[self._at :] + more, 0
        return self._piece[self._at : self._at + count]

    def byte(self) -> int:
        """The next byte. Raises Doubt at the end."""
        at = self._at
        try:
            value = self._piece[at]
        except IndexError:
            return self.take(1)[0]
        self._at = at + 1
        return value

    def opcode(self) -> int:
        """The next byte, whose place is kept in `began`. Raises Doubt at the end."""
        self.began = self._before + self._at
        return self.byte()

    def take(self, count: int) -> bytes:
        """Exactly so many bytes, which must be few. Raises Doubt when there are not as many."""
        end = self._at + count
        if end <= len(self._piece):
            taken = self._piece[self._at : end]
        else:
            taken = self.peek(count)
            if len(taken) < count:
                raise Doubt("ends in the middle", at=self.place + len(taken))
        self._at += count
        return taken

    def number(self, width: int) -> int:
        """A little-endian number without sign."""
        return int.from_bytes(self.take(width), "little")

    def skip(self, count: int) -> None:
        """Pass over so many bytes. Raises Doubt when there are not as many."""
        end = self._at + count
        left = end - len(self._piece)
        if left <= 0:
            self._at = end
            return
        self._before += len(self._piece)
        self._piece, self._at = b"", 0
        while left:
            piece = self._read(min(left, PIECE))
            if not piece:
                raise Doubt("ends in the middle", at=self.place)
            left -= len(piece)
            self._before += len(piece)

    def line(self) -> bytes:
        """The bytes up to the next line feed, which is taken too; of a long line the beginning. Raises Doubt at the end."""
        end = self._piece.find(b"\n", self._at)
        if end >= 0:
            line = self._piece[self._at : end]
            self._at = end + 1
            return line
        kept = b""
        while (end := self.peek(PIECE).find(b"\n")) < 0:
            piece = self.piece()
            if not piece:
                raise Doubt("ends in the middle", at=self.place)
            kept = (kept + piece)[:LONGEST_LINE]
        return (kept + self.take(end + 1)[:-1])[:LONGEST_LINE]

    def piece(self) -> bytes:
        """The next piece, of whatever size; none at the end."""
        piece = self.peek(1) and self._piece[self._at :]
        self._at += len(piece)
        return piece

    def ended(self) -> bool:
        """Whether all has been taken."""
        return not self.peek(1)


def whole(stream: Stream) -> Bytes:
    """An open file from its beginning."""
    stream.seek(0)
    return Bytes(stream.read)
