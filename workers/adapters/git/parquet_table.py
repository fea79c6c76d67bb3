"""Rows and columns of a Parquet file from its footer: only the last bytes are kept as the file streams by. Needs pyarrow (`towpath[data]`).

Source: https://parquet.apache.org/docs/file-format/
"""

from __future__ import annotations

from collections import deque
from typing import Any

from workers.adapters.git.reading import MOST_COLUMNS, Unreadable, shown
from workers.contract.promotion import Column

LARGEST_FOOTER = 16 * 1024 * 1024
_MAGIC = b"PAR1"
_MOST_STRINGS = 1024 * 1024
_MOST_ITEMS = 200_000
MISSING = "the rows and columns of Parquet files are not known, as pyarrow is not installed: install towpath[data]"


class NoLibrary(Exception):
    """pyarrow is not installed."""


class ParquetTable:
    """Takes the file piece by piece."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._kept = 0
        self._first = b""
        self.rows = 0

    def feed(self, piece: bytes) -> None:
        """The next piece. Raises Unreadable."""
        if len(self._first) < len(_MAGIC):
            self._first += piece[: len(_MAGIC) - len(self._first)]
            if not _MAGIC.startswith(self._first):
                raise Unreadable("does not begin as a Parquet file does")
        self._pieces.append(piece)
        self._kept += len(piece)
        while self._kept - len(self._pieces[0]) >= LARGEST_FOOTER + 8:
            self._kept -= len(self._pieces.popleft())

    def finish(self) -> tuple[tuple[Column, ...], int]:
        """The first 200 columns (of nested ones the leaves), and how many there are. Raises Unreadable or NoLibrary."""
        tail = b"".join(self._pieces)
        self._pieces.clear()
        if len(tail) < 12 or not tail.endswith(_MAGIC):
            raise Unreadable("is torn: it does not end as a Parquet file does")
        size = int.from_bytes(tail[-8:-4], "little")
        if size > min(len(tail) - 8, LARGEST_FOOTER):
            raise Unreadable(f"is torn: its footer of {size} bytes is longer than the file, or than {LARGEST_FOOTER}")
        described = _described(_MAGIC + tail[-8 - size :])
        self.rows = described.num_rows
        groups = sum(described.row_group(i).num_rows for i in range(described.num_row_groups))
        if self.rows < 0 or self.rows != groups:
            raise Unreadable(f"says {self.rows} rows, but its groups hold {groups}")
        schema, total = described.schema, described.num_columns
        return tuple(_column(schema.column(i)) for i in range(min(total, MOST_COLUMNS))), total


def _described(footer: bytes) -> Any:
    try:
        from pyarrow import ArrowException, BufferReader, parquet  # noqa: PLC0415  # an extra, and slow to import
    except ImportError as exc:
        raise NoLibrary from exc
    try:
        limits = {"thrift_string_size_limit": _MOST_STRINGS, "thrift_container_size_limit": _MOST_ITEMS}
        return parquet.ParquetFile(BufferReader(footer), **limits).metadata
    except (ArrowException, OSError, ValueError) as exc:
        raise Unreadable("cannot be read: its footer is not of Parquet") from exc


def _column(column: Any) -> Column:
    logical = str(column.logical_type).split("(")[0] if column.logical_type is not None else "None"
    kind = column.physical_type if logical in ("None", "") else logical
    return Column(shown(column.path), shown(kind.lower()))
