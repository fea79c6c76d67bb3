"""The two distances of whole samples, Kolmogorov-Smirnov and Wasserstein, by one walk through both in pieces, so that memory stays small.

Sorted arrays are of float64, ascending, finite and not empty. The results are those of scipy.stats, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_PIECE = 1 << 15


def ks(a: Floats, b: Floats) -> float:
    """The largest distance of the two empirical distribution functions, from 0 to 1."""
    return distances(a, b)[0]


def wasserstein(a: Floats, b: Floats) -> float:
    """The area between the two empirical distribution functions, in the unit of the values."""
    return distances(a, b)[1]


def distances(a: Floats, b: Floats) -> tuple[float, float]:
    """`ks` and `wasserstein`."""
    return _Walk(a, b, np.searchsorted(a, b, side="right") + np.arange(len(b))).between(0, len(a) + len(b) - 1)


@dataclass(frozen=True)
class _Walk:
    """Both samples merged, without the merged array: `places` says where in it each value of `b` comes to stand."""

    a: Floats
    b: Floats
    places: NDArray[np.int64]

    def between(self, begin: int, end: int) -> tuple[float, float]:
        """The largest distance and the area from one place to another. Halves are added as numpy's own sum adds them, hence the same result."""
        if end - begin <= _PIECE:
            return self._piece(begin, end)
        half = (end - begin) // 2
        middle = begin + half - half % 8
        (left, area), (right, more) = self.between(begin, middle), self.between(middle, end)
        return max(left, right), area + more

    def _piece(self, begin: int, end: int) -> tuple[float, float]:
        first, last = np.searchsorted(self.places, (begin, end + 1))
        is_b = np.zeros(end + 1 - begin, dtype=np.bool_)
        is_b[self.places[first:last] - begin] = True
        values = np.empty(end + 1 - begin)
        values[is_b] = self.b[first:last]
        values[~is_b] = self.a[begin - first : end + 1 - last]
        widths = np.diff(values)
        passed_b = first + np.cumsum(is_b[:-1])
        passed_a = np.arange(begin + 1, end + 1) - passed_b
        apart = np.abs(passed_a / len(self.a) - passed_b / len(self.b))
        # Among equal values only the last has passed them all.
        return float(np.max(apart, where=widths > 0, initial=0.0)), float(np.sum(apart * widths))
