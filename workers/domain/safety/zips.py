"""The members of a zip archive, for a reader that trusts neither its directory nor its headers but only both together.

Programs differ in which of the two they believe; a file in which they differ shows one content to us and another to them.
Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workers.domain.safety.finding import Doubt, Rejected, shown
from workers.domain.safety.parts import Chunk, Part, Unpacking, cut
from workers.domain.safety.streams import Budget, Bytes

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_WHERE64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LARGEST_DIRECTORY = 16 << 20
_FULL = 0xFFFFFFFF
_ENCRYPTED, _LATER, _UTF8 = 1, 8, 0x800
_KNOWN_FLAGS = _LATER | _UTF8 | 6  # 6: how hard deflate tried
_STORED, _DEFLATED = 0, 8
_LINK = 0o120000
_DO = "Make the archive anew with a common program."


@dataclass(frozen=True)
class Member:
    """One file of the archive; `start` is where its header begins."""

    name: str
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    start: int
    attributes: int


def has_end(chunk: Chunk, size: int) -> bool:
    """Whether a zip reader would find an archive at the end of these bytes."""
    tail = chunk(max(0, size - 65_557), 65_557)
    at = tail.rfind(b"PK\x05\x06")
    return at >= 0 and at + _END.size + int.from_bytes(tail[at + 20 : at + 22], "little") == len(tail)


def members(part: Part, budget: Budget) -> list[tuple[Member, Part]]:
    """All members, each as a part of its own. Raises Doubt."""
    chunk, size = part.anywhere()
    try:
        return list(_parts(part, chunk, size, budget))
    except struct.error:
        raise Doubt("is a zip archive that is cut off or broken", _DO) from None


def _parts(part: Part, chunk: Chunk, size: int, budget: Budget) -> Iterator[tuple[Member, Part]]:
    number, length, start = _end(chunk, size)
    if length > _LARGEST_DIRECTORY:
        raise Doubt("has a directory that is too large", _DO)
    found = list(_entries(chunk(start, length), number, budget))
    _check_names(found)
    at = 0
    for one in sorted(found, key=lambda member: member.start):
        at = _header(chunk, one, at)
        yield one, _part(part, chunk, one, at, budget)
        at += one.packed
    if not at <= start <= at + 24:
        raise Rejected("holds bytes that belong to no member", _DO)


def _end(chunk: Chunk, size: int) -> tuple[int, int, int]:
    """The number of members, and the length and start of the directory."""
    sign, disk, first, here, number, length, start, comment = _END.unpack(chunk(size - _END.size, _END.size))
    if sign != b"PK\x05\x06" or comment or disk or first or here != number:
        raise Rejected("has something after its end, or is one of several volumes", _DO)
    until = size - _END.size
    if chunk(until - _WHERE64.size, 4) == b"PK\x06\x07":
        _, _, place, _ = _WHERE64.unpack(chunk(until - _WHERE64.size, _WHERE64.size))
        sign, rest, _, _, _, _, _, number, length, start = _END64.unpack(chunk(place, _END64.size))
        if sign != b"PK\x06\x06" or place + 12 + rest != until - _WHERE64.size:
            raise Rejected("has two ends that do not agree", _DO)
        until = place
    if start + length != until:
        raise Rejected("has bytes between its directory and its end, or before its beginning", _DO)
    return number, length, start


def _entries(directory: bytes, number: int, budget: Budget) -> Iterator[Member]:
    at = 0
    for _ in range(number):
        budget.open_member()
        values = _ENTRY.unpack_from(directory, at)
        sign, _, _, flags, method, _, _, crc, packed, size, names, extras, comments, _, _, attributes, start = values
        if sign != b"PK\x01\x02":
            raise Doubt("is a zip archive that is cut off or broken", _DO)
        at += _ENTRY.size
        name = directory[at : at + names]
        packed, size, start = _long(directory[at + names : at + names + extras], size, packed, start)
        at += names + extras + comments
        yield Member(_decoded(name, flags), method, flags, crc, packed, size, start, attributes >> 16)
    if at != len(directory):
        raise Rejected("has a directory that names fewer members than it holds", _DO)


def _long(extra: bytes, size: int, packed: int, start: int) -> tuple[int, int, int]:
    """Sizes above 4 GB stand in an extra field, in this order and only where the short one is full."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            numbers = iter(struct.unpack_from(f"<{length // 8}Q", extra, at + 4))
            size, packed, start = (next(numbers, _FULL) if one == _FULL else one for one in (size, packed, start))
        at += 4 + length
    return packed, size, start


def _decoded(name: bytes, flags: int) -> str:
    try:
        return name.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeDecodeError:
        raise Doubt("has a member whose name cannot be read", _DO) from None


def _check_names(found: list[Member]) -> None:
    seen: set[str] = set()
    for one in found:
        name = one.name
        if name.lower() in seen:
            raise Rejected(f"holds {shown(name)} twice", _DO)
        seen.add(name.lower())
        if "\\" in name or "\0" in name or name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
            raise Rejected(f"holds a member that lies outside of it: {shown(name)}", _DO)
        if one.attributes & 0o170000 == _LINK:
            raise Rejected(f"holds a link: {shown(name)}", _DO)
        if one.flags & _ENCRYPTED:
            raise Doubt(f"holds an encrypted member: {shown(name)}", "Keep it unencrypted; the repository's rights protect it.")
        if one.flags & ~_KNOWN_FLAGS or one.method not in (_STORED, _DEFLATED) or (one.method == _STORED and one.packed != one.size):
            raise Doubt(f"holds a member that is packed in an unusual way: {shown(name)}", _DO)


def _header(chunk: Chunk, one: Member, at: int) -> int:
    """Where the member's bytes begin, if its own header says what the directory says. `at` is where the one before ended."""
    if not at <= one.start <= (at + 24 if at else 0):
        raise Rejected("holds bytes that belong to no member, or to two", _DO)
    sign, _, flags, method, _, _, crc, packed, size, names, extras = _LOCAL.unpack(chunk(one.start, _LOCAL.size))
    name = chunk(one.start + _LOCAL.size, names)
    packed, size, _ = _long(chunk(one.start + _LOCAL.size + names, extras), size, packed, 0)
    same = (crc, packed, size) == (one.crc, one.packed, one.size) or (flags & _LATER and not crc)
    if sign != b"PK\x03\x04" or (flags, method) != (one.flags, one.method) or _decoded(name, flags) != one.name or not same:
        raise Rejected(f"says one thing of {shown(one.name)} in its directory and another in front of it", _DO)
    return one.start + _LOCAL.size + int(names) + int(extras)


def _part(part: Part, chunk: Chunk, one: Member, at: int, budget: Budget) -> Part:
    def begin() -> Bytes:
        packed = cut(chunk, at, one.packed)
        if one.method == _STORED:
            return Bytes(_Checked(lambda count: packed.take(min(count, one.packed - packed.place)), one).read)
        unpacking = Unpacking(packed, lambda: zlib.decompressobj(wbits=-15), budget, many=False)
        return Bytes(_Checked(unpacking.read, one).read)

    def anywhere(offset: int, size: int) -> bytes:
        return chunk(at + offset, min(size, one.packed - offset)) if 0 <= offset < one.packed else b""

    return Part(f"{part.path}!{one.name}", begin, one.size, anywhere if one.method == _STORED else None, part.depth + 1)


class _Checked:
    """A member's bytes, whose size and checksum must be those of the directory."""

    def __init__(self, read: Callable[[int], bytes], one: Member) -> None:
        self._read, self._one = read, one
        self._crc = self._size = 0

    def read(self, count: int) -> bytes:
        """The next bytes. Raises Doubt."""
        piece = self._read(count)
        self._crc = zlib.crc32(piece, self._crc)
        self._size += len(piece)
        if self._size > self._one.size or (not piece and (self._size, self._crc) != (self._one.size, self._one.crc)):
            raise Rejected("is not what the archive's directory says of it", _DO)
        return piece
