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
    """Whose rows: the artifact's name, and how the version is called in a log. `time` is the column of times, if there is one, `version` that
    of versions, if it is known. `features` are the model's inputs, in the order of the reference."""

    artifact: str
    versions: tuple[str, ...]
    time: str | None = None
    version: str | None = None
    features: tuple[str, ...] = ()


def version_column(names: Iterable[str], columns: Sequence[str], wanted: Wanted) -> str | None:
    """The column that names the version of a row, if there is one."""
    there = set(names)
    return next((name for name in ((wanted.version,) if wanted.version else VERSIONS) if name in there and name not in columns), None)


def batch_of(rows: Any, version: str | None, wanted: Wanted) -> Batch:
    """Rows of the wanted version with their times; a row that names none is taken for one. Raises Unreadable when its column of times holds none."""
    import numpy as np  # noqa: PLC0415  # an extra
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import compute as pc  # noqa: PLC0415

    seen = np.zeros(rows.num_rows, np.int64)
    if wanted.time:
        seen = times.microseconds(rows.column(wanted.time)).fill_null(NEVER).to_numpy(zero_copy_only=False)
    if version is None:
        return Batch(rows, seen if wanted.time else None, seen[:0])
    said = rows.column(version).cast(pa.string())
    is_ours = pc.or_(pc.is_in(said, value_set=pa.array(wanted.versions, pa.string())), pc.is_null(said))
    ours = is_ours.to_numpy(zero_copy_only=False)
    return Batch(rows.filter(is_ours), seen[ours] if wanted.time else None, seen[~ours])
