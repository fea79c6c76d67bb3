"""Large files of a new artifact for Git LFS, without its program: a line in `.gitattributes`, a pointer, and the content where LFS keeps it."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from workers.adapters.git.lfs import Pointer

FILE = ".gitattributes"
LARGE = 5 << 20
"""Bytes above which a file is left to Git LFS, where that is in use or wanted."""
_PIECE = 1 << 20


def attributes(paths: Iterable[str]) -> bytes:
    """The lines that leave these files, by their paths below the folder of `.gitattributes`, to Git LFS.

    What a pattern may not hold as it is, such as a space, becomes a `*`.
    """
    patterns = (re.sub(r"[^A-Za-z0-9._/=+@-]+", "*", path) for path in paths)
    return "".join(f"/{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in dict.fromkeys(patterns)).encode()


def keep(folder: Path, content: Path | bytes) -> bytes:
    """The pointer; the content lies in the clone's own LFS store below its Git folder afterwards, from where `git lfs push` takes it."""
    there = folder / "lfs" / "objects"
    there.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="towpath-new-", dir=there)
    new, digest, size = Path(name), hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in _pieces(content):
                digest.update(piece)
                size += len(piece)
                file.write(piece)
        sha256 = digest.hexdigest()
        place = there / sha256[:2] / sha256[2:4] / sha256
        place.parent.mkdir(parents=True, exist_ok=True)
        new.chmod(0o444)
        new.replace(place)
    finally:
        new.unlink(missing_ok=True)
    return Pointer(sha256, size).text


def _pieces(content: Path | bytes) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
