"""Tables for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """Rows below a head, with a title above and notes underneath."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def plain(self) -> str:
        """In columns, the first to the left, the others to the right."""
        widths = [max(len(row[column]) for row in (self.head, *self.rows)) for column in range(len(self.head))]
        lines = [self.title, _columns(self.head, widths), _columns(["-" * width for width in widths], widths)]
        return "\n".join([*lines, *(_columns(row, widths) for row in self.rows), *self.notes])

    def markdown(self) -> str:
        """As Markdown."""
        lines = [f"**{self.title}**", "", _cells(self.head), _cells(["---", *["---:"] * (len(self.head) - 1)])]
        return "\n".join([*lines, *map(_cells, self.rows), *(line for note in self.notes for line in ("", note))])


def show(tables: Iterable[Table], form: str) -> str:
    """All of them: `form` is plain or markdown."""
    return "\n\n".join(table.markdown() if form == "markdown" else table.plain() for table in tables)


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
