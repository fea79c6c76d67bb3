"""Files and folders as they are given: what is read, and what is refused without being opened."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from workers.contract.safety import Verdict
from workers.domain.safety.finding import Finding

MOST = 20_000
_NO_FILE = "Give the file itself."


def listed(paths: Sequence[Path]) -> tuple[list[Path], list[Finding]]:
    """All regular files at or below the paths, sorted, and a finding for what is none. Links are not followed."""
    found: list[Path] = []
    refused: list[Finding] = []
    waiting = sorted(paths, reverse=True)
    while waiting:
        path = waiting.pop()
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            waiting += sorted(path.iterdir(), reverse=True)
        elif stat.S_ISREG(mode):
            found.append(path)
        else:
            what = "is a link, which is not followed" if stat.S_ISLNK(mode) else "is no regular file"
            refused.append(Finding(Verdict.CANNOT_TELL, str(path), "none", what, _NO_FILE))
        if len(found) + len(refused) > MOST:
            raise OSError(f"there are more than {MOST:,} files; give fewer at a time")
    return found, refused


def opened(paths: Sequence[Path]) -> Iterator[tuple[str, BinaryIO, int]]:
    """Each file with its size, open until the next one is asked for. Raises OSError."""
    for path in paths:
        with ExitStack() as stack:
            stream = stack.enter_context(os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb"))
            yield str(path), stream, os.fstat(stream.fileno()).st_size
