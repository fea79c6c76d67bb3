"""A file of rows, Parquet or CSV, one column at a time, so that a table need not fit into memory."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from workers.domain.drift.categories import shown
from workers.domain.drift.fields import Field, twice

if TYPE_CHECKING:
    import pyarrow as pa


class Unreadable(Exception):
    """A file holds no rows that could be compared. `str()` says which and why."""


class Table(Protocol):
    """Rows by column."""

    rows: int
    fields: Sequence[Field]

    def column(self, name: str) -> list[pa.Array]:
        """All of its values, in pieces. Raises Unreadable."""


def opened(path: Path) -> Table:
    """The table in a file, by what the file holds and not by its name. Raises Unreadable."""
    with told(path):
        if not stat.S_ISREG(path.stat().st_mode):
            raise Unreadable(f"{path} is {'a directory' if path.is_dir() else 'no regular file'}: give one file, Parquet or CSV")
        with path.open("rb") as file:
            begin = file.read(4096)
        table = _table(path, begin)
        if double := twice(field.name for field in table.fields):
            raise Unreadable(f"{path} has columns of the same name: {', '.join(map(shown, double[:5]))}")
        return table


def _table(path: Path, begin: bytes) -> Table:
    if begin.startswith(b"PAR1"):
        from workers.app.drifting.parquet_file import ParquetTable  # noqa: PLC0415  # asks for pyarrow

        return ParquetTable(path)
    if not begin:
        raise Unreadable(f"{path} is empty")
    compressed = path.suffix in (".gz", ".bz2", ".zst") and path.with_suffix("").suffix in (".csv", ".tsv")
    if compressed or (path.suffix in (".csv", ".tsv", ".txt") and b"\0" not in begin):
        from workers.app.drifting.csv_file import CsvTable  # noqa: PLC0415  # asks for pyarrow

        return CsvTable(path, b"" if compressed else begin)
    raise Unreadable(f"{path} is neither Parquet nor CSV (.csv, .tsv)")


@contextmanager
def told(what: Path | str) -> Iterator[None]:
    """What pyarrow and the system say of a file or a column, as our own exception."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    try:
        yield
    except (pa.ArrowException, OSError, ValueError, OverflowError) as exc:
        said = " ".join(str(exc).split()) or type(exc).__name__
        raise Unreadable(f"{what} cannot be read: {said[:300]}") from exc
