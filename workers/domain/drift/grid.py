"""The cells in which the numbers of a column are counted: fine enough that what is computed from their counts has a small, known error.

A cell holds the values from its lower point on and below its upper one; the outer two are open. A value that is many rows' has a cell of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.domain.drift.measures import edges

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FINENESS = 1000
"""A cell holds at most about one row in so many of the reference."""
_FEW = FINENESS // 2
MOST_POINTS = 2 * FINENESS + 32


def points(values: Floats) -> Floats:
    """The points between the cells for sorted, finite values: quantiles, among them the edges of the ten bins of PSI exactly.

    With at most `FINENESS / 2` different values each has a cell for itself alone.
    """
    distinct = np.unique(values)
    if len(distinct) <= _FEW:
        return np.union1d(np.union1d(distinct, edges(values)), _after(distinct))
    grid = np.unique(np.quantile(values, np.arange(FINENESS + 1) / FINENESS))
    frequent = grid[np.searchsorted(values, grid, "right") - np.searchsorted(values, grid, "left") > len(values) / FINENESS]
    return np.union1d(np.union1d(grid, edges(values)), _after(np.append(frequent, values[-1])))


def counted(values: Floats, grid: Floats) -> tuple[Ints, Floats]:
    """Of sorted, finite values: how many are in each of the `len(grid) + 1` cells, and the sum of their distances from the cell's lower point.

    The lowest cell has no such point; there the distance is from its upper one, and negative.
    """
    below = np.searchsorted(values, grid, side="left")
    counts = np.diff(below, prepend=0, append=len(values)).astype(np.int64)
    anchors = np.append(grid[0], grid)
    filled = np.flatnonzero(counts)
    sums = np.zeros(len(counts))
    if len(filled):
        with np.errstate(over="ignore"):
            distances = values - np.repeat(anchors[filled], counts[filled])
            sums[filled] = np.add.reduceat(distances, np.append(0, below)[filled])
    return counts, sums


def is_single(grid: Floats) -> NDArray[np.bool_]:
    """Of each cell between two points, whether it holds one value alone."""
    return np.asarray(np.nextafter(grid[:-1], np.inf) == grid[1:])


def _after(values: Floats) -> Floats:
    return np.nextafter(values, np.inf)
