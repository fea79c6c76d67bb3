"""Answers as aligned plain text. What comes from a repository is data: nothing of it can steer a terminal."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 120


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns below a head."""
    lines = [[cell(text) for text in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def cell(text: str, longest: int = _LONGEST) -> str:
    """A text on one line, without control or invisible characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def utc(stamp: str) -> str:
    """`2026-11-23T08:00:00.123Z` as `2026-11-23 08:00 UTC`."""
    return f"{stamp[:10]} {stamp[11:16]} UTC"
