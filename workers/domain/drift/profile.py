"""What is kept of rows instead of the rows: counts in cells that the reference lays out. Profiles of two stretches add up to that of both.

`ReferenceProfile` is made once for a version; a `WindowProfile` holds counts of live rows in the same cells, as one array over all columns.
"""

from __future__ import annotations

import hashlib
import heapq
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

import numpy as np

from workers.domain.drift import grid as cells
from workers.domain.drift.grid import Floats, Ints
from workers.domain.drift.measures import edges
from workers.domain.drift.statistics import Kind
from workers.domain.drift.truth import Truth
from workers.domain.drift.truth import merge as merge_truth

MOST_CATEGORIES = 1000
MOST_NEW = 64
"""So many categories that the reference has not are counted one by one; of the others only their rows."""
LONGEST = 200
"""Texts are told apart by so many of their first characters."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column of the reference: `counts` in its cells (the last one of categories: all that are not listed), of rows that have a value.

    `points` lie between the cells of numbers, `edges` are those of them that bound the ten bins of PSI, `sums` are those of `grid.counted`.
    `deviation` is the standard deviation, None where there is none; `once` is how
    many categories have a single row.
    """

    name: str
    kind: Kind
    counts: Ints
    missing: int
    points: Floats = field(default_factory=lambda: np.zeros(0))
    edges: Floats = field(default_factory=lambda: np.zeros(0))
    sums: Floats = field(default_factory=lambda: np.zeros(0))
    categories: tuple[str, ...] = ()
    once: int = 0
    mean: float | None = None
    deviation: float | None = None

    @property
    def rows(self) -> int:
        """How many rows have a value."""
        return int(self.counts.sum())

    @cached_property
    def known(self) -> Mapping[str, int]:
        """The cell of each category."""
        return {category: cell for cell, category in enumerate(self.categories)}


def number(name: str, values: Floats, missing: int) -> ColumnProfile:
    """The profile of a column of numbers: its values, sorted and finite. Without any it is of kind `other`."""
    if not len(values):
        return ColumnProfile(name, "other", np.zeros(1, np.int64), missing)
    points = cells.points(values)
    counts, sums = cells.counted(values, points)
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(values.mean()), float(values.std())
    is_sound = bool(np.isfinite([mean, deviation]).all())
    moments = (mean, deviation) if is_sound else (None, None)
    return ColumnProfile(name, "number", counts, missing, points, edges(values), sums, (), 0, *moments)


def category(name: str, found: Mapping[str, int], missing: int) -> ColumnProfile:
    """The profile of a column of categories, from the rows of each; the most frequent ones are listed. Without any it is of kind `other`."""
    if not found:
        return ColumnProfile(name, "other", np.zeros(1, np.int64), missing)
    listed = heapq.nsmallest(MOST_CATEGORIES, found, key=lambda one: (-found[one], one))
    rest = sum(found.values()) - sum(found[one] for one in listed)
    counts = np.array([*(found[one] for one in listed), rest], np.int64)
    once = sum(rows == 1 for rows in found.values())
    return ColumnProfile(name, "category", counts, missing, categories=tuple(listed), once=once)


@dataclass(frozen=True)
class ReferenceProfile:
    """The rows that drift is measured against. `digest` is that of their file and of what was said of its columns."""

    digest: str
    rows: int
    columns: tuple[ColumnProfile, ...]

    @cached_property
    def cells(self) -> tuple[slice, ...]:
        """Where each column's cells are in the arrays of a window."""
        ends = list(accumulate(len(column.counts) for column in self.columns))
        return tuple(slice(begin, end) for begin, end in zip([0, *ends], ends, strict=False))

    @property
    def size(self) -> int:
        """How many cells there are in all."""
        return sum(len(column.counts) for column in self.columns)

    @cached_property
    def layout(self) -> str:
        """The SHA-256 of what the cells are, and of what was said of columns: windows of the same layout can be compared with each other."""
        digest = hashlib.sha256(self.digest.encode())
        for one in self.columns:
            digest.update(repr((one.name, one.kind, len(one.counts), one.categories)).encode(errors="backslashreplace"))
            digest.update(one.points.astype("<f8").tobytes())
        return digest.hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class WindowProfile:
    """Counts of live rows. `counts` and `sums` are in the cells of the reference; the three arrays after them have a number for each column:
    rows without a value, rows of files without the column, rows whose value is of another type. The latter two count as missing, too.

    `first` and `last` are microseconds since 1970. `new` has, by column, the rows of categories that the reference has not, as far as they are kept;
    `others` are rows of other versions, which were left out; `truth` is what labels and scores say.
    """

    counts: Ints
    sums: Floats
    missing: Ints
    absent: Ints
    unfit: Ints
    rows: int = 0
    others: int = 0
    first: int | None = None
    last: int | None = None
    new: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    truth: Truth = field(default_factory=Truth)


def empty(reference: ReferenceProfile) -> WindowProfile:
    """The profile of no rows."""
    columns = len(reference.columns)
    missing, absent, unfit = (np.zeros(columns, np.int64) for _ in range(3))
    return WindowProfile(np.zeros(reference.size, np.int64), np.zeros(reference.size), missing, absent, unfit)


def merge(a: WindowProfile, b: WindowProfile) -> WindowProfile:
    """The profile of the rows of both, whichever comes first: the same but for the last digits of `sums`."""
    return WindowProfile(
        counts=a.counts + b.counts,
        sums=a.sums + b.sums,
        missing=a.missing + b.missing,
        absent=a.absent + b.absent,
        unfit=a.unfit + b.unfit,
        rows=a.rows + b.rows,
        others=a.others + b.others,
        first=min((one for one in (a.first, b.first) if one is not None), default=None),
        last=max((one for one in (a.last, b.last) if one is not None), default=None),
        truth=merge_truth(a.truth, b.truth),
        new={column: kept(_added(a.new.get(column, {}), b.new.get(column, {}))) for column in {*a.new, *b.new}},
    )


def kept(found: Mapping[str, int]) -> dict[str, int]:
    """As many categories as are kept: those whose hashes are smallest, so that the rows of each are complete however stretches were merged."""
    return {one: found[one] for one in heapq.nsmallest(MOST_NEW, found, key=lambda one: (zlib.crc32(one.encode(errors="replace")), one))}


def _added(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {key: a.get(key, 0) + b.get(key, 0) for key in (*a, *b)}


def total(profiles: Iterable[WindowProfile], reference: ReferenceProfile) -> WindowProfile:
    """All of them in one."""
    found = empty(reference)
    for profile in profiles:
        found = merge(found, profile)
    return found
