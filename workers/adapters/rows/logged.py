"""Live rows from a log of JSON lines: taken up as Parquet first, then read as that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from workers.adapters.rows.compaction import Compaction, Taken
from workers.adapters.rows.files import File
from workers.adapters.rows.parquet import ParquetRows
from workers.ports.rows import Batch, Listing, Part

_MOST_TOLD = 3


class LoggedRows:
    """The rows of a log whose compaction is what `rows` read."""

    def __init__(self, compaction: Compaction, rows: ParquetRows, source: str) -> None:
        self._compaction = compaction
        self._rows = rows
        self._taken: tuple[Taken, list[tuple[File, str]]] | None = None
        self.source = source
        self.identity = rows.identity

    @property
    def step(self) -> timedelta | None:
        """Every row of a log has a time."""
        return timedelta(hours=1)

    def listing(self, begin: datetime, end: datetime) -> Listing:
        """What is new in the log is taken up first, once: what comes later is for the next measurement."""
        taken, refused = self._taken = self._taken or self._compaction.run()
        found = self._rows.listing(begin, end)
        lost = taken.refused.total()
        reasons = ", ".join(f"{number:,} {why}" for why, number in taken.refused.most_common(_MOST_TOLD))
        remarks = (f"{lost:,} lines of the log could not be used: {reasons}.",) if lost else ()
        unread = tuple((Part(file.name, file.identity, file.size), why) for file, why in refused)
        return replace(found, remarks=(*remarks, *found.remarks), unread=(*found.unread, *unread), lines=taken.rows + lost, lost=lost)

    def leave_out(self, torn: Mapping[Part, str]) -> None:
        """What we have written ourselves can be torn, too."""
        self._rows.leave_out(torn)

    def batches(self, part: Part, columns: Sequence[str], begin: datetime, end: datetime) -> Iterator[Batch]:
        """As Parquet has them."""
        return self._rows.batches(part, columns, begin, end)
