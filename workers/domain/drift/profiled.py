"""What the profiles of reference and live rows say of each column: the same statistics as those of the rows, and how far they may be off."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from workers.domain.drift import grid as cells
from workers.domain.drift import measures
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
        wasserstein_normalised=wasserstein / column.deviation if is_sound and column.deviation else None,
        bins=bins,
        notes=() if is_sound else ("values are too large for the measure of Wasserstein",),
    )
    return found, bound


def _tenths(column: ColumnProfile, live: Ints) -> Bins:
    """The counts in the ten bins of PSI, whose edges are points between cells: nothing is approximate here."""
    inner = column.edges
    at = np.append(0, np.searchsorted(column.points, inner) + 1)  # an edge begins the cell above it
    reference, now = (tuple(int(one) for one in np.add.reduceat(counts, at)) for counts in (column.counts, live))
    return Bins(bin_labels(inner), reference, now)


def _category(column: ColumnProfile, live: _Live, broken: str | None) -> tuple[Statistics, Approximation]:
    rows = int(live.counts.sum())
    base = partial(_base, column, live, broken)
    if broken or not rows or column.kind == "other":
        return base(), Approximation()
    bins = _categories(column, live)
    chi2, pvalue = measures.chi2(bins.reference, bins.live)
    found = base(
        psi=measures.psi(bins.reference, bins.live),
        js=measures.js_distance(bins.reference, bins.live),
        chi2=chi2,
        chi2_pvalue=pvalue,
        cramers_v=measures.cramers_v(bins.reference, bins.live),
        bins=bins,
        notes=_new(column, live),
    )
    return found, Approximation()


def _base(column: ColumnProfile, live: _Live, broken: str | None, **found: Any) -> Statistics:
    sizes = (column.rows, int(live.counts.sum()), column.missing, live.missing)
    return Statistics(column.name, column.kind, *sizes, broken=broken, **found)


def _categories(column: ColumnProfile, live: _Live) -> Bins:
    """One bin for each category of the reference and for each new one that was counted by itself; what is left shares the last one.

    Where the reference has more than are listed, nobody can tell the new ones from those.
    """
    new = [] if column.counts[-1] else _by_rows(live)
    rest = int(live.counts[-1]) - sum(live.new[one] for one in new)
    reference = [*(int(one) for one in column.counts[:-1]), *(0 for _ in new), int(column.counts[-1])]
    now = [*(int(one) for one in live.counts[:-1]), *(live.new[one] for one in new), rest]
    labels = [*column.categories, *new, OTHERS]
    if not reference[-1] and not now[-1]:
        labels, reference, now = labels[:-1], reference[:-1], now[:-1]
    return Bins(tuple(labels), tuple(reference), tuple(now))


def _by_rows(live: _Live) -> list[str]:
    return sorted(live.new, key=lambda one: (-live.new[one], one))


OTHERS = "(others)"


def bin_labels(inner: Floats) -> tuple[str, ...]:
    """The bins between the inner edges in words: `< 1`, `1 to 2`, `>= 2`."""
    told = [f"{edge:.4g}" for edge in inner]
    return (f"< {told[0]}", *(f"{low} to {high}" for low, high in pairwise(told)), f"≥ {told[-1]}")


def _new(column: ColumnProfile, live: _Live) -> tuple[str, ...]:
    """What is said of categories that the reference has not. Where it has more than are listed, nobody can tell which are new."""
    if not live.new or column.counts[-1]:
        return ()
    rows, most = int(live.counts[-1]), ", ".join(repr(one[:40]) for one in _by_rows(live)[:3])
    return (f"{rows:,} live rows have categories that the reference has not, such as {most}",)


def _shares(counts: Ints) -> Floats:
    return np.asarray(counts / counts.sum(), dtype=np.float64)
