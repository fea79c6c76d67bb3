"""The numbers that a verdict may rest on: those of a column as it is, or of one whose rare categories count as one.

Chi-square and the usual size of PSI hold where at least five rows are to be expected in each cell of the table (Cochran, Some methods for
strengthening the common chi-square tests, Biometrics 10, 1954). In a column with a hundred rare categories a small sample leaves many bins
empty, and the PSI of these alone passes every limit. Which ones are rare follows from both sides together, so that no side is favoured.
"""

from __future__ import annotations

from dataclasses import dataclass

from workers.domain.drift import measures
from workers.domain.drift.statistics import REST, Bins, Statistics

_EXPECTED = 5


@dataclass(frozen=True)
class Evidence:
    """What counts: PSI, how likely such a difference is by chance, the strength (Cramer's V) of a category, and the PSI that chance alone
    exceeds once in a hundred times. `rare` categories were counted as one."""

    psi: float
    pvalue: float
    cramers_v: float | None
    threshold: float
    rare: int = 0


def evidence(found: Statistics) -> Evidence | None:
    """None where nothing was computed, or where every category is rare: too few rows for so many."""
    if found.psi is None or found.pvalue is None:
        return None
    bins, rare = found.bins, 0
    if found.kind == "category" and bins is not None:
        bins, rare = _without_rare(bins)
        if len(bins.reference) == 1 and rare > 1:
            return None
    filled = sum(any(pair) for pair in zip(bins.reference, bins.live, strict=True)) if bins else measures.BINS
    threshold = measures.psi_threshold(found.rows_reference, found.rows_live, filled)
    if bins is None or rare < 2:
        return Evidence(found.psi, found.pvalue, found.cramers_v, threshold)
    _, pvalue = measures.chi2(bins.reference, bins.live)
    return Evidence(measures.psi(bins.reference, bins.live), pvalue, measures.cramers_v(bins.reference, bins.live), threshold, rare)


def _without_rare(bins: Bins) -> tuple[Bins, int]:
    rows = sum(bins.reference), sum(bins.live)
    share = min(rows) / sum(rows)
    common, rare = [], [0, 0]
    for label, was, now in zip(bins.labels, bins.reference, bins.live, strict=True):
        if (was + now) * share >= _EXPECTED and label != REST:
            common.append((was, now))
        else:
            rare = [rare[0] + was, rare[1] + now]
    sides = [(*(pair[side] for pair in common), rare[side]) for side in (0, 1)]
    return Bins((), sides[0], sides[1]), len([label for label in bins.labels if label != REST]) - len(common)
