"""What the profiles of reference and live rows say of each column: the same statistics as those of the rows, and how far they may be off."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from workers.domain.drift import categories, measures, numbers
from workers.domain.drift import grid as cells
from workers.domain.drift.categories import Categories, Strange
from workers.domain.drift.grid import Floats, Ints
from workers.domain.drift.profile import ColumnProfile, ReferenceProfile, WindowProfile
from workers.domain.drift.statistics import Bins, Statistics

_TOO_LARGE = float(np.finfo(np.float64).max)


@dataclass(frozen=True)
class Approximation:
    """By how much at most two measures of a column may be off: of Kolmogorov and Smirnov up or down, of Wasserstein too small (in its unit)."""

    ks: float = 0.0
    wasserstein: float = 0.0


@dataclass(frozen=True)
class _Live:
    """One column of the window."""

    counts: Ints
    sums: Floats
    missing: int
    new: dict[str, int]


def distances(reference: ColumnProfile, live_counts: Ints, live_sums: Floats) -> tuple[float, float, Approximation]:
    """The measures of Kolmogorov and Smirnov and of Wasserstein from counts in the same cells, both sides having rows.

    At the points between cells both distribution functions are known. Within a cell neither can move by more than the cell's share, which
    bounds the first. The area under each within a cell follows from the sum of its values, so the second is exact wherever the functions
    do not cross within a cell.
    """
    was, now = _shares(reference.counts), _shares(live_counts)
    before, after = np.cumsum(was)[:-1], np.cumsum(now)[:-1]
    ks = float(np.max(np.abs(before - after)))
    width, inner = np.diff(reference.points), slice(1, -1)
    loose = ~cells.is_single(reference.points)
    ks_bound = float(np.max(np.minimum(was[inner], now[inner]) * loose, initial=0.0))
    with np.errstate(over="ignore", invalid="ignore"):
        moved = reference.sums / reference.rows - live_sums / live_counts.sum()
        area = (before - after)[:-1] * width + (was - now)[inner] * width - moved[inner]
        crossing = np.minimum(after[1:] - before[:-1], before[1:] - after[:-1]).clip(0) * loose
        wasserstein = float(np.abs(area).sum() + abs(moved[0]) + abs(moved[-1])) if np.abs(live_sums).max() < _TOO_LARGE else math.inf
        bound = float(np.sum(2 * crossing * width))
    return ks, wasserstein, Approximation(ks_bound, bound)


def statistics(reference: ReferenceProfile, window: WindowProfile) -> Iterator[tuple[Statistics, Approximation]]:
    """Of every column of the reference, in its order; what cannot be compared is `broken`, with the reason."""
    for number, (column, place) in enumerate(zip(reference.columns, reference.cells, strict=True)):
        live = _Live(window.counts[place], window.sums[place], int(window.missing[number]), dict(window.new.get(number, {})))
        broken = _broken(column, live, int(window.absent[number]), int(window.unfit[number]), window.rows)
        yield _number(column, live, broken) if column.kind == "number" else _category(column, live, broken)


def absent(reference: ReferenceProfile, window: WindowProfile) -> set[str]:
    """The columns that no live row has, although there are rows."""
    return {name for name, rows in zip(reference.names, window.absent, strict=True) if 0 < rows == window.rows}


def _broken(column: ColumnProfile, live: _Live, absent: int, unfit: int, rows: int) -> str | None:
    if column.kind == "other" or not rows:
        return None
    if absent == rows:
        return "no live row has this column"
    if unfit * 10 > rows:
        return f"{unfit:,} of {rows:,} live rows have another type here than the reference, whose values are {_KINDS[column.kind]}"
    return None if live.counts.sum() else "no live row has a value here"


_KINDS = {"number": "numbers", "category": "categories"}


def _number(column: ColumnProfile, live: _Live, broken: str | None) -> tuple[Statistics, Approximation]:
    rows = int(live.counts.sum())
    base = partial(_base, column, live, broken)
    if broken or not rows:
        return base(), Approximation()
    bins = _tenths(column, live.counts)
    ks, wasserstein, bound = distances(column, live.counts, live.sums)
    is_sound = bool(np.isfinite(wasserstein))
    found = base(
        psi=measures.psi(bins.reference, bins.live),
        js=measures.js_distance(bins.reference, bins.live),
        ks=ks,
        ks_pvalue=measures.ks_pvalue(ks, column.rows, rows),
        wasserstein=wasserstein if is_sound else None,
        wasserstein_normalised=numbers.normalised(wasserstein, column.deviation) if is_sound and column.deviation else None,
        bins=bins,
        notes=() if is_sound else ("values are too large for the measure of Wasserstein",),
    )
    return found, bound


def _tenths(column: ColumnProfile, live: Ints) -> Bins:
    """The counts in the ten bins of PSI, whose edges are points between cells: nothing is approximate here."""
    inner = column.edges
    at = np.append(0, np.searchsorted(column.points, inner) + 1)  # an edge begins the cell above it
    reference, now = (tuple(int(one) for one in np.add.reduceat(counts, at)) for counts in (column.counts, live))
    return Bins(numbers.labels(inner), reference, now)


def _category(column: ColumnProfile, live: _Live, broken: str | None) -> tuple[Statistics, Approximation]:
    if broken or column.kind == "other":
        return _base(column, live, broken), Approximation()
    return categories.compare(column.name, *_sides(column, live)), Approximation()


def _sides(column: ColumnProfile, live: _Live) -> tuple[Categories, Categories]:
    """Where the reference has more categories than are listed, nobody can tell new ones from those."""
    was = dict(zip(column.categories, (int(one) for one in column.counts[:-1]), strict=True))
    now = {name: int(rows) for name, rows in zip(column.categories, live.counts[:-1], strict=True) if rows}
    unlisted, rest = int(column.counts[-1]), int(live.counts[-1])
    gone = [] if rest and unlisted else [name for name in column.categories if name not in now]
    vanished = Strange(len(gone), sum(was[name] for name in gone), tuple(gone[: categories.NAMED]))
    if unlisted:
        return Categories(was, column.missing, unlisted, column.once, vanished), Categories(now, live.missing, rest)
    new = sorted(live.new, key=lambda one: (-live.new[one], one))
    strange = Strange(len(new), rest, tuple(new[: categories.NAMED]))
    rest -= sum(live.new.values())
    return Categories(was, column.missing, 0, column.once, vanished), Categories({**now, **live.new}, live.missing, rest, 0, strange)


def _base(column: ColumnProfile, live: _Live, broken: str | None, **found: Any) -> Statistics:
    sizes = (column.rows, int(live.counts.sum()), column.missing, live.missing)
    return Statistics(column.name, column.kind, *sizes, broken=broken, **found)


def _shares(counts: Ints) -> Floats:
    return np.asarray(counts / counts.sum(), dtype=np.float64)
