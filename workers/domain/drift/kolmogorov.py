"""How likely a distance of Kolmogorov and Smirnov is to be exceeded by chance: the two-sided one-sample distribution of n rows.

Which formula serves where is as in Simard and L'Ecuyer, Computing the two-sided Kolmogorov-Smirnov distribution, Journal of Statistical
Software 39/11 (2011), and as in scipy.stats.kstwo, whose results these are: the same bits where a p-value is below 0.02, else to 1e-12.
Beyond 100,000 rows its sum of as many terms takes a second for a column, and a series takes its place: the same to nine digits where a
p-value is above 1e-8, and to four in all.
"""

from __future__ import annotations

import math

import numpy as np


def survival(rows: int, distance: float) -> float:
    """The chance that the distance of `rows` values from their own distribution is larger than this one. `rows` is at least 1."""
    from scipy.special import smirnov  # noqa: PLC0415  # an extra

    squared = rows * distance * distance
    if 2 * rows * distance <= 1:
        return 1.0
    if distance >= 1 or (rows > _FEW and squared >= 370):
        return 0.0
    if rows * distance >= rows - 1:
        return float(2 * (1 - distance) ** rows)
    if distance >= 0.5 or squared > (2.2 if rows > _FEW else 4):
        # Twice the one-sided chance: that both sides exceed it at once is less than the last bit by then.
        return float(min(1.0, 2 * (smirnov(rows, distance) if rows <= _MANY else _tail(rows, distance))))
    is_exact = rows <= _FEW or (rows <= _MANY and rows * distance**1.5 <= 1.4)
    return min(1.0, max(0.0, 1 - (_exact(rows, distance) if is_exact else _series(rows, distance))))


_FEW = 140
_MANY = 100_000


def _tail(rows: int, distance: float) -> float:
    """The chance that one side exceeds a distance: the expansion of Li-Chien, Acta Mathematica Sinica 6 (1956), gathered in the exponent,
    where fewer terms say more."""
    z = math.sqrt(rows) * distance
    first = -2 * z / 3
    second = 4 * z**2 * (1 - z**2) / 9
    third = 4 * z / 45 - 88 * z**3 / 405
    return math.exp(-2 * z**2 + first / rows**0.5 + second / rows + third / rows**1.5)


def _exact(rows: int, distance: float) -> float:
    """The distribution function, by a power of a matrix: Marsaglia, Tsang and Wang, Journal of Statistical Software 8/18 (2003)."""
    above = int(rows * distance) + 1
    size, rest = 2 * above - 1, above - rows * distance
    steps = np.subtract.outer(np.arange(size), np.arange(size)) + 1
    matrix = (steps >= 0).astype(np.float64)
    powers = rest ** np.arange(1, size + 1)
    matrix[:, 0] -= powers
    matrix[-1, :] -= powers[::-1]
    matrix[-1, 0] += max(0.0, 2 * rest - 1) ** size
    matrix /= np.array([math.gamma(max(step, 0) + 1) if step < 170 else math.inf for step in range(size + 1)])[np.maximum(steps, 0)]
    # The result is to be multiplied by n! / n^n; a little with each step, nothing grows out of range.
    share = math.exp((math.lgamma(rows + 1) - rows * math.log(rows)) / rows)
    return float(np.linalg.matrix_power(matrix * share, rows)[above - 1, above - 1])


def _series(rows: int, distance: float) -> float:
    """The distribution function, by four terms in powers of 1/sqrt(n): Pelz and Good, Journal of the Royal Statistical Society B 38 (1976)."""
    z2 = rows * distance * distance
    z4, z6, z8 = z2**2, z2**3, z2**4
    k = np.arange(12)
    whole, half = (math.pi * k) ** 2, (math.pi * (k + 0.5)) ** 2
    by_whole, by_half = np.exp(-whole / (2 * z2)), np.exp(-half / (2 * z2))
    first = 2 * np.sum(by_half)
    second = np.sum((half - z2) * by_half) / (3 * math.sqrt(z6))
    third = (
        np.sum(((6 * z6 + 2 * z4) + (2 * z4 - 5 * z2) * half + (1 - 2 * z2) * half**2) * by_half) / (36 * z6)
        - np.sum(whole * by_whole) / (18 * z2)
    )  # fmt: skip
    fourth = np.sum(
        ((5 - 30 * z2) * half**3 + (212 * z4 - 60 * z2) * half**2 + (135 * z4 - 96 * z6) * half - (30 * z6 + 90 * z8)) * by_half
    ) / (3240 * math.sqrt(z2) ** 9) + np.sum((3 * z2 * whole - whole**2) * by_whole) / (108 * math.sqrt(z2) ** 5)
    total = first + second / math.sqrt(rows) + third / rows + fourth / rows**1.5
    return float(math.sqrt(math.pi / 2 / z2) * total)
