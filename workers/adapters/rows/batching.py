"""Record batches as measurements take them: of the wanted version alone, and with times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from workers.adapters.rows import times
from workers.ports.rows import Batch

VERSIONS = ("version", "model_version")
"""Columns that name the version of a row, unless the model has such an input."""
NEVER = -(1 << 62)
"""Rows whose time is not known count as the earliest possible, so that they fall into no window."""


@dataclass(frozen=True)
class Wanted:
    """Whose rows: the artifact's name, and how the version is called in a log. `time` is the column of times, if there is one."""

    artifact: str
    versions: tuple[str, ...]
    time: str | None = None


def needed(names: Iterable[str], columns: Sequence[str], wanted: Wanted) -> list[str]:
    """Which of the names that there are must be read."""
    there = set(names)
    return [name for name in dict.fromkeys((*columns, wanted.time, version_column(there, columns))) if name in there]


def version_column(names: Iterable[str], columns: Sequence[str]) -> str | None:
    """The column that names the version of a row, if there is one."""
    there = set(names)
    return next((name for name in VERSIONS if name in there and name not in columns), None)


def batch_of(rows: Any, columns: Sequence[str], wanted: Wanted) -> Batch:
    """Rows of the wanted version with their times. Raises Unreadable when its column of times holds none."""
    version = version_column(rows.schema.names, columns)
    kept = rows
    if version:
        from pyarrow import array, string  # noqa: PLC0415  # an extra
        from pyarrow import compute as pc  # noqa: PLC0415

        kept = rows.filter(pc.is_in(rows.column(version).cast(string()), value_set=array(wanted.versions, string())))
    if wanted.time is None:
        return Batch(kept, None, rows.num_rows - kept.num_rows)
    seen = times.microseconds(kept.column(wanted.time)).fill_null(NEVER).to_numpy(zero_copy_only=False)
    return Batch(kept, seen, rows.num_rows - kept.num_rows)
