"""The measures of drift, on counts of bins and on sorted values. All are pure; docs/drift.md has the formulae and where they come from.

Counts are non-negative, one per bin and in the same order on both sides, and each side has a row. Sorted arrays are of float64, ascending,
finite and not empty. The distances of whole samples, `ks` and `wasserstein`, are in `distances`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
FLOOR = 1e-6
"""The least share of a bin in PSI: an empty bin must not make it infinite."""
BINS = 10


def psi(reference: ArrayLike, live: ArrayLike) -> float:
    """The population stability index of two lists of counts, in nats; shares are floored, and not scaled again after that."""
    was, now = (np.maximum(_shares(counts), FLOOR) for counts in (reference, live))
    return float(np.sum((now - was) * np.log(now / was)))


def js_distance(reference: ArrayLike, live: ArrayLike) -> float:
    """The Jensen-Shannon distance of two lists of counts in base 2: the root of the divergence, from 0 (the same) to 1 (nothing in common)."""
    was, now = _shares(reference), _shares(live)
    middle = (was + now) / 2
    divergence = (_relative_entropy(was, middle) + _relative_entropy(now, middle)) / math.log(2) / 2
    return math.sqrt(max(divergence, 0.0))


def chi2(reference: ArrayLike, live: ArrayLike) -> tuple[float, float]:
    """Pearson's chi-square of the two-row contingency table and its p-value, without Yates' correction.

    Bins that are empty on both sides do not count; with a single bin left the sides are the same: (0, 1).
    """
    from scipy.special import chdtrc  # noqa: PLC0415  # an extra

    table = _table(reference, live)
    if table.shape[1] < 2:
        return 0.0, 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    statistic = float(np.sum((table - expected) ** 2 / expected))
    return statistic, float(chdtrc(table.shape[1] - 1, statistic))


def cramers_v(reference: ArrayLike, live: ArrayLike) -> float:
    """How strongly side and category hang together, from 0 to 1: the root of chi-square by the number of rows (the table has two rows)."""
    table = _table(reference, live)
    return min(1.0, math.sqrt(chi2(*table)[0] / float(table.sum())))


def ks_pvalue(distance: float, rows_a: int, rows_b: int) -> float:
    """The two-sided asymptotic p-value of `ks`: that of the one-sample statistic at the harmonic mean of the numbers of rows, halved.

    The same as `scipy.stats.ks_2samp(method="asymp")`.
    """
    from workers.domain.drift.kolmogorov import survival  # noqa: PLC0415  # asks for scipy

    larger, smaller = float(max(rows_a, rows_b)), float(min(rows_a, rows_b))
    return survival(round(larger * smaller / (larger + smaller)), distance)


def edges(reference: Floats) -> Floats:
    """The inner edges of the ten bins that hold a tenth of the reference each: nine quantiles by linear interpolation, or fewer, as the
    same ones are merged. The outer bins are open, and an edge belongs to the bin above it."""
    return np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)[1:-1]))


def counts(values: Floats, inner: Floats) -> NDArray[np.int64]:
    """How many of the sorted values are in each of the `len(inner) + 1` bins."""
    below = np.searchsorted(values, inner, side="left")
    return np.diff(below, prepend=0, append=len(values)).astype(np.int64)


def benjamini_hochberg(pvalues: Sequence[float]) -> list[float]:
    """The q-values in the order of the p-values: the smallest rate of false discoveries at which each would be one (step-up)."""
    given = np.asarray(pvalues, dtype=np.float64)
    order = np.argsort(given, kind="stable")
    scaled = given[order] * len(given) / np.arange(1, len(given) + 1)
    found = np.empty_like(given)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return [float(one) for one in found]


def psi_threshold(rows_reference: int, rows_live: int, bins: int, chance: float = 0.01) -> float:
    """The PSI that two samples of the same distribution exceed with this chance: (1/n + 1/m) times a quantile of chi-square.

    Yurdakul and Naranjo, Statistical properties of the population stability index, Journal of Risk Model Validation 14 (2020).
    """
    from scipy.special import chdtri  # noqa: PLC0415  # an extra

    return float((1 / rows_reference + 1 / rows_live) * chdtri(bins - 1, chance)) if bins > 1 else 0.0


def _shares(counts: ArrayLike) -> Floats:
    given = np.asarray(counts, dtype=np.float64)
    shares: Floats = given / given.sum()
    return shares


def _relative_entropy(shares: Floats, other: Floats) -> float:
    some = shares > 0
    return float(np.sum(shares[some] * np.log(shares[some] / other[some])))


def _table(reference: ArrayLike, live: ArrayLike) -> Floats:
    table = np.asarray([reference, live], dtype=np.float64)
    return table[:, table.sum(axis=0) > 0]
