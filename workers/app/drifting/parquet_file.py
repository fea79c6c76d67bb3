"""A Parquet file, one column of one row group at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyarrow import parquet

from workers.app.drifting.files import told
from workers.app.drifting.words import named
from workers.domain.drift.fields import Field

if TYPE_CHECKING:
    import pyarrow as pa


class ParquetTable:
    """The rows of a file that stays open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = parquet.ParquetFile(path, memory_map=False, pre_buffer=False, page_checksum_verification=True)
        self.rows: int = self._file.metadata.num_rows
        self.fields: Sequence[Field] = [Field(field.name, named(field.type)) for field in self._file.schema_arrow]

    def column(self, name: str) -> list[pa.Array]:
        """All of its values, a piece or more for each row group."""
        with told(self._path):
            groups = range(self._file.num_row_groups)
            return [piece for group in groups for piece in self._file.read_row_group(group, [name], use_threads=False).column(name).chunks]
