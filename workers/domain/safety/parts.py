"""A file, or a member of an archive, that can be read from its beginning as often as needed, and the layers of compression around it."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from workers.domain.safety.finding import Doubt
from workers.domain.safety.streams import PIECE, Budget, Bytes, Stream

_MOST_COPIED = 32 << 20
_FREE, _RATIO = 64 << 20, 500
_LARGEST_DICTIONARY = 256 << 20

Chunk = Callable[[int, int], bytes]


class _Opened(Protocol):
    """A decompressor of the standard library, as all of them are."""

    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


@dataclass(frozen=True)
class Part:
    """`begin` reads it anew; `chunk(offset, size)` reads anywhere, where that can be done. `depth` counts the archives around it."""

    path: str
    begin: Callable[[], Bytes]
    size: int | None = None
    chunk: Chunk | None = None
    depth: int = 0

    @property
    def ending(self) -> str:
        """`.pkl`, in lower case; of `model.pkl.gz` too. Empty where the name has none."""
        name = self.path.lower().rpartition("/")[2].rpartition("!")[2]
        for packed in (".gz", ".bz2", ".xz", ".lzma", ".z"):
            name = name.removesuffix(packed)
        return "." + name.rpartition(".")[2] if "." in name else ""

    def anywhere(self) -> tuple[Chunk, int]:
        """Reading anywhere, and the size; a small part that can only be read from its beginning is copied. Raises Doubt."""
        if self.chunk is not None and self.size is not None:
            return self.chunk, self.size
        content = self.begin().peek(_MOST_COPIED + 1)
        if len(content) > _MOST_COPIED:
            raise Doubt("is a large archive inside of another one", "Keep it unpacked.")
        return lambda offset, size: content[max(0, offset) : max(0, offset + size)], len(content)


def of_file(path: str, stream: Stream, size: int) -> Part:
    """An open file."""

    def chunk(offset: int, count: int) -> bytes:
        if not 0 <= offset < size or count <= 0:
            return b""  # places and sizes come out of hostile files
        stream.seek(offset)
        return stream.read(min(count, size - offset))

    return Part(path, lambda: cut(chunk, 0, size), size, chunk)


def cut(chunk: Chunk, start: int, size: int) -> Bytes:
    """A stretch of what can be read anywhere."""
    at = 0

    def read(count: int) -> bytes:
        nonlocal at
        piece = chunk(start + at, min(count, size - at))
        at += len(piece)
        return piece

    return Bytes(read)


def unpacked(part: Part, make: Callable[[], _Opened], budget: Budget, *, many: bool) -> Part:
    """What a layer of compression holds. `many`: whether readers go on with a second stream after the first."""
    return Part(part.path, lambda: Bytes(Unpacking(part.begin(), make, budget, many=many).read), depth=part.depth + 1)


class Unpacking:
    """Unpacks piece by piece: no piece is larger than asked for, and the sum and the ratio have bounds."""

    def __init__(self, source: Bytes, make: Callable[[], _Opened], budget: Budget, *, many: bool) -> None:
        self._source, self._make, self._budget, self._many = source, make, budget, many
        self._opened = make()
        self._waiting = b""
        self._given = 0

    def read(self, count: int) -> bytes:
        """At most so many bytes; none at the end. Raises Doubt."""
        try:
            piece = self._next(count)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError):
            raise Doubt("is compressed in a way that cannot be read") from None
        self._given += len(piece)
        self._budget.unpack(len(piece))
        if self._given > _FREE + _RATIO * self._source.place:
            raise Doubt("unpacks to far more than it is", "Keep it unpacked.")
        return piece

    def _next(self, count: int) -> bytes:
        while True:
            if self._opened.eof and not self._goes_on():
                return b""
            is_hungry = getattr(self._opened, "needs_input", True)  # zlib's gives back what it has not taken
            if is_hungry and not self._waiting:
                self._waiting = self._source.peek(1) and self._source.take(len(self._source.peek(PIECE)))
            given, self._waiting = self._waiting, b""
            piece = self._opened.decompress(given, count)
            self._waiting = getattr(self._opened, "unconsumed_tail", b"")
            if piece:
                return piece
            if is_hungry and not given and not self._opened.eof:
                raise Doubt("ends in the middle of its compression")

    def _goes_on(self) -> bool:
        """Whether another stream follows; anything else that follows is a doubt."""
        rest = self._opened.unused_data or self._waiting
        if not rest and self._source.ended():
            return False
        if not self._many:
            raise Doubt("goes on after its compressed part")
        self._waiting, self._opened = rest, self._make()
        return True


LAYERS: dict[str, tuple[Callable[[], _Opened], bool]] = {
    "gzip": (lambda: zlib.decompressobj(wbits=31), True),
    "zlib": (zlib.decompressobj, False),
    "bz2": (bz2.BZ2Decompressor, True),
    "xz": (lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LARGEST_DICTIONARY), True),
    "lzma": (lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LARGEST_DICTIONARY), False),
}
"""How each layer is unpacked, and whether its readers go on with a second stream."""
