"""The profile of the rows that drift is measured against, made from their file one column at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from workers.contract.drift import DriftColumns
from workers.domain.drift import profile
from workers.domain.drift.profile import ColumnProfile, ReferenceProfile
from workers.domain.drift.stored import MOST_COLUMNS
from workers.effects import tallying
from workers.ports.errors import BadContent

MOST_ROWS = 10_000_000
LARGEST_CSV = 256 << 20
_BATCH = 1 << 17


def read(place: Path, digest: str, said: DriftColumns, what: str) -> ReferenceProfile:
    """The profile of a Parquet or CSV file; `what` names it for people. Raises BadContent.

    What is ignored, the truth and its time are no part of it.
    """
    try:
        return _Parquet(place, what).profile(digest, said) if _is_parquet(place) else _Table(place, what).profile(digest, said)
    except (pa.ArrowException, OSError, ValueError) as exc:
        raise BadContent(f"{what} cannot be read: it is torn, or neither Parquet nor CSV") from exc


def _is_parquet(place: Path) -> bool:
    with place.open("rb") as file:
        return file.read(4) == b"PAR1"


class _Table:
    """A CSV file, read whole."""

    def __init__(self, place: Path, what: str) -> None:
        if place.stat().st_size > LARGEST_CSV:
            raise BadContent(f"{what} is a CSV of more than {LARGEST_CSV >> 20} MB; make it Parquet, or draw fewer rows")
        self._table = csv.read_csv(place)
        self.what, self.schema, self.rows = what, self._table.schema, self._table.num_rows

    def batches(self, name: str) -> Iterator[Any]:
        """The values of a column in pieces."""
        yield from self._table.column(name).chunks

    def profile(self, digest: str, said: DriftColumns) -> ReferenceProfile:
        """Its profile. Raises BadContent when there is nothing to compare with."""
        names = self.schema.names
        if len(set(names)) < len(names) or len(names) > MOST_COLUMNS:
            raise BadContent(f"{self.what} has a column twice, or more than {MOST_COLUMNS:,} columns")
        if not 0 < self.rows <= MOST_ROWS:
            raise BadContent(f"{self.what} has {self.rows:,} rows; it must have some, and at most {MOST_ROWS:,}. Draw some at random")
        left_out = {*said.ignore, said.label, said.labelled_at}
        return ReferenceProfile(digest, self.rows, tuple(self._column(name) for name in names if name not in left_out))

    def _column(self, name: str) -> ColumnProfile:
        kind = tallying.kind_of(self.schema.field(name).type)
        if kind == "number":
            found = [tallying.numbers(piece) for piece in self.batches(name)]
            values = np.sort(np.concatenate([one.values for one in found] or [np.zeros(0)]))
            return profile.number(name, values, sum(one.missing for one in found))
        if kind == "category":
            return self._category(name)
        return profile.category(name, {}, 0)

    def _category(self, name: str) -> ColumnProfile:
        counter: Counter[str] = Counter()
        missing = 0
        for piece in self.batches(name):
            found = tallying.texts(piece)
            counter.update(found.found)
            missing += found.missing
        return profile.category(name, counter, missing)


class _Parquet(_Table):
    """A Parquet file, of which one column at a time is in memory."""

    def __init__(self, place: Path, what: str) -> None:
        self._file = parquet.ParquetFile(place, pre_buffer=False, buffer_size=1 << 20)
        self.what, self.schema, self.rows = what, self._file.schema_arrow, self._file.metadata.num_rows

    def batches(self, name: str) -> Iterator[Any]:
        """The values of a column in pieces."""
        for rows in self._file.iter_batches(_BATCH, columns=[name], use_threads=False):
            yield rows.column(0)
