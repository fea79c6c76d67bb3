"""Lines of JSON from logs that others write while we read: what is too long, no JSON or no object is one bad line, and stops nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import IO, Any

LONGEST_LINE = 8 << 20


class BadLine(ValueError):
    """A line that cannot be used; the message says why, in few words."""


def lines(file: IO[bytes], size: int) -> Iterator[bytes | None]:
    """Each line of the first so many bytes; None for one that is too long. A last line without an end is left for later, unless it is whole."""
    left = size
    while left > 0 and (line := file.readline(min(left, LONGEST_LINE + 1))):
        left -= len(line)
        if line.endswith(b"\n"):
            if line.strip():
                yield line
        elif len(line) <= LONGEST_LINE:
            if _is_whole(line):
                yield line
            return
        else:
            while left > 0 and not line.endswith(b"\n") and (line := file.readline(min(left, LONGEST_LINE))):
                left -= len(line)
            yield None


def _is_whole(line: bytes) -> bool:
    try:
        read(line)
    except BadLine:
        return False
    return True


def read(line: bytes | None) -> dict[str, Any]:
    """The object in a line. Raises BadLine."""
    if line is None:
        raise BadLine(f"longer than {LONGEST_LINE >> 20} MB")
    try:
        found = json.loads(line)
    except RecursionError:
        raise BadLine("lists or objects in each other, too deep") from None
    except ValueError:
        raise BadLine("no JSON") from None
    if not isinstance(found, dict):
        raise BadLine("no object")
    return found


def instant(value: Any) -> datetime:
    """A time in RFC 3339; without a zone it counts as UTC. Raises BadLine."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadLine("without a time") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
