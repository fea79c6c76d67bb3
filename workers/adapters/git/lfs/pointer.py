"""Pointers of Git LFS, read as its specification (docs/spec.md, version 1) writes them and not one byte more leniently."""

from __future__ import annotations

import re
from dataclasses import dataclass

LARGEST = 1024
"""Git LFS itself takes no file of that size (bytes) or larger for a pointer."""

_BEGINNING = b"version https://git-lfs.github.com/spec/"
_ALIKE = re.compile(rb"\W*version\W+\S*(?:git-lfs|git-media|hawser)", re.IGNORECASE)
_V1 = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,18})\n", re.ASCII)


class BadPointer(ValueError):
    """What is wrong with a pointer, as the end of a sentence about the file."""


@dataclass(frozen=True)
class Pointer:
    """What stands in Git for a large file: the SHA-256 (hexadecimal) and the size in bytes of the real content."""

    sha256: str
    size: int

    @property
    def text(self) -> bytes:
        """The pointer file."""
        return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (self.sha256.encode(), self.size)


def resembles(beginning: bytes) -> bool:
    """Whether a file that begins so (1024 bytes are enough) is a pointer or pretends to be one; then it is never taken for the content itself."""
    return beginning.startswith(_BEGINNING) or bool(_ALIKE.match(beginning[:LARGEST]))


def read(content: bytes) -> Pointer:
    """The pointer in the content of a file. Raises BadPointer."""
    match = _V1.fullmatch(content) if len(content) < LARGEST else None
    if match:
        return Pointer(match[1].decode(), int(match[2]))
    if re.search(rb"^ext-", content, re.MULTILINE):
        raise BadPointer("is a pointer of Git LFS with extensions, which are not read")
    raise BadPointer("begins like a pointer of Git LFS and is none (version 1: three lines `version`, `oid sha256:...` and `size ...`)")
