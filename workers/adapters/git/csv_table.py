"""Rows, columns and simple types of a CSV file, read as it streams by: commas, quotes as in RFC 4180, UTF-8, the names in the first row."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator

from workers.adapters.git.reading import MOST_COLUMNS, Unreadable, shown
from workers.contract.promotion import Column

LONGEST_RECORD = 1024 * 1024
_MOST_FIELDS = 10_000
_LOOKED_AT = 100_000
_INTEGER = re.compile(r"[+-]?\d{1,300}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][+-]?\d{1,3})?|[+-]?(?:nan|inf|NaN|Inf)", re.ASCII)
_TRUTH = frozenset(["true", "false", "True", "False", "TRUE", "FALSE"])
EMPTY, INTEGER, NUMBER, BOOLEAN, TEXT = "empty", "integer", "number", "boolean", "text"


class CsvTable:
    """Takes the file piece by piece. `rows` are those after the first; types are told from the first 100,000 of them."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._held: list[str] = []
        self._size = 0
        self._is_quoted = False
        self._tail = ""
        self._line = 0
        self._names: list[str] | None = None
        self._types: list[str] = []
        self.rows = 0

    def feed(self, piece: bytes) -> None:
        """The next piece. Raises Unreadable."""
        self._take(self._text(piece))

    def finish(self) -> tuple[tuple[Column, ...], int]:
        """The first 200 columns, and how many there are. Raises Unreadable."""
        self._take(self._text(b"", final=True))
        self._read([line for line in (*self._held, self._tail) if line])
        if self._names is None:
            raise Unreadable("is empty, but a first row with the names of the columns is expected")
        return tuple(Column(shown(name), kind) for name, kind in zip(self._names, self._types, strict=False)), len(self._names)

    def _text(self, piece: bytes, *, final: bool = False) -> str:
        if b"\0" in piece:
            raise Unreadable("holds NUL bytes, so it is no CSV in UTF-8")
        try:
            return self._decoder.decode(piece, final)
        except UnicodeDecodeError as exc:
            raise Unreadable(f"is not UTF-8 after line {self._line}") from exc

    def _take(self, text: str) -> None:
        """Whole records are read; what may go on in the next piece is held."""
        whole: list[str] = []
        *lines, self._tail = (self._tail + text).split("\n")
        for line in lines:
            self._held.append(line + "\n")
            self._size += len(line) + 1
            self._is_quoted ^= line.count('"') % 2 == 1
            self._check_size(self._size)
            if not self._is_quoted:
                whole += self._held
                self._held, self._size = [], 0
        self._check_size(self._size + len(self._tail))
        self._read(whole)

    def _check_size(self, size: int) -> None:
        if size > LONGEST_RECORD:
            raise Unreadable(f"has a record of more than {LONGEST_RECORD:,} characters after line {self._line} (a quote that never ends?)")

    def _read(self, lines: list[str]) -> None:
        reader = csv.reader(lines, strict=True)
        try:
            for row in reader:
                if row:
                    self._row(row, self._line + reader.line_num)
        except csv.Error as exc:
            raise Unreadable(f"line {self._line + reader.line_num}: {exc}") from exc
        self._line += reader.line_num

    def _row(self, row: list[str], line: int) -> None:
        if self._names is None:
            self._first(row, line)
            return
        if len(row) != len(self._names):
            raise Unreadable(f"line {line}: it has {len(row)} fields, but the first row names {len(self._names)} columns")
        if self.rows < _LOOKED_AT:
            self._types = [kind if kind == TEXT else _wider(kind, _kind(field)) for kind, field in zip(self._types, row, strict=False)]
        self.rows += 1

    def _first(self, row: list[str], line: int) -> None:
        if len(row) > _MOST_FIELDS:
            raise Unreadable(f"line {line}: it names {len(row)} columns; at most {_MOST_FIELDS} are allowed")
        if twice := next(_twice(row), None):
            raise Unreadable(f"line {line}: it names the column {shown(twice)!r} twice")
        self._names, self._types = row, [EMPTY] * min(len(row), MOST_COLUMNS)


def _twice(names: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            yield name
        seen.add(name)


def _kind(field: str) -> str:
    if not field:
        return EMPTY
    if _INTEGER.fullmatch(field):
        return INTEGER
    if _NUMBER.fullmatch(field):
        return NUMBER
    return BOOLEAN if field in _TRUTH else TEXT


def _wider(one: str, other: str) -> str:
    """The type that holds both."""
    if one == other or other == EMPTY:
        return one
    if one == EMPTY:
        return other
    return NUMBER if {one, other} == {INTEGER, NUMBER} else TEXT


def wider(one: tuple[Column, ...], other: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns of two files with the same names, each with the type that holds both."""
    return tuple(Column(a.name, _wider(a.type, b.type)) for a, b in zip(one, other, strict=True))
