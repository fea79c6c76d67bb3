"""A CSV file, read as a whole: what type a column has shows only at its last row."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyarrow import csv

from workers.app.drifting.words import named
from workers.domain.drift.fields import Field

if TYPE_CHECKING:
    import pyarrow as pa


class CsvTable:
    """Rows in memory. Empty cells and `NA`, `NULL`, `nan` and the like are missing, unless quoted."""

    def __init__(self, path: Path, begin: bytes) -> None:
        empty = csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False)
        read = csv.ReadOptions(use_threads=False)
        table = csv.read_csv(path, read, csv.ParseOptions(delimiter=_delimiter(path, begin)), empty)
        self.rows: int = table.num_rows
        self.fields: Sequence[Field] = [Field(field.name, named(field.type)) for field in table.schema]
        self._columns = dict(zip(table.column_names, table.columns, strict=True))

    def column(self, name: str) -> list[pa.Array]:
        """All of its values."""
        chunks: list[pa.Array] = self._columns[name].chunks
        return chunks


def _delimiter(path: Path, begin: bytes) -> str:
    if ".tsv" in path.suffixes:
        return "\t"
    head = begin.partition(b"\n")[0]
    return next((sign for sign in ",;\t" if sign.encode() in head), ",")
