"""What was found of one column, before anybody judges it. Exact comparisons and those by way of a profile speak in these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["number", "category", "other"]

REST = "everything else"
"""The label of the bin of all categories that have none of their own."""


@dataclass(frozen=True)
class Bins:
    """How many rows of each side fell into each bin, in the bins' order: those of a number from low to high, one for each category."""

    labels: tuple[str, ...]
    reference: tuple[int, ...]
    live: tuple[int, ...]


@dataclass(frozen=True)
class Statistics:
    """One column, reference against live. None where something does not apply; floats are finite.

    `rows_*` count values that are there, `missing_*` those that are not: null, NaN or infinite. `psi` is in nats, `js` a distance in base 2,
    `wasserstein_normalised` in standard deviations of the reference, `unexpected` the share of live rows with a category that the reference
    lacks, beyond what is usual in a column with so many rare ones. `broken` says why the sides cannot be compared at all: the column is on
    one side only, or has another type. `notes` say in words what the numbers do not.
    """

    column: str
    kind: Kind
    rows_reference: int = 0
    rows_live: int = 0
    missing_reference: int = 0
    missing_live: int = 0
    psi: float | None = None
    ks: float | None = None
    ks_pvalue: float | None = None
    wasserstein: float | None = None
    wasserstein_normalised: float | None = None
    js: float | None = None
    chi2: float | None = None
    chi2_pvalue: float | None = None
    cramers_v: float | None = None
    unexpected: float | None = None
    bins: Bins | None = None
    broken: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def pvalue(self) -> float | None:
        """How likely so large a difference would be without drift: of Kolmogorov and Smirnov for a number, of chi-square for a category."""
        return self.ks_pvalue if self.kind == "number" else self.chi2_pvalue

    @property
    def missing_change(self) -> float | None:
        """The share that is missing in live, less that in the reference: from -1 to 1. None when a side has no rows."""
        reference, live = self.rows_reference + self.missing_reference, self.rows_live + self.missing_live
        return self.missing_live / live - self.missing_reference / reference if reference and live else None
