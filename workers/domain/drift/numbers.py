"""A column of numbers: what the measures say of it, from all of its values on both sides."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from workers.domain.drift import measures
from workers.domain.drift.distances import Floats, distances
from workers.domain.drift.statistics import Bins, Statistics


@dataclass(frozen=True)
class Numbers:
    """One side: its finite values, ascending, and how many rows have none; in `infinite` of these it is an infinite one.

    `origin` is what was taken from all values of both sides, as large integers lose no digit then; no measure depends on it.
    """

    values: Floats
    missing: int = 0
    infinite: int = 0
    origin: float = 0.0

    @classmethod
    def of(cls, values: Floats, nulls: int = 0, origin: float = 0.0) -> Numbers:
        """Sort values in place. NaN and infinities count as missing; `nulls` are missing rows that are not among the values."""
        values.sort()  # NaN comes last
        begin = int(np.searchsorted(values, -math.inf, side="right"))
        end, last = (int(np.searchsorted(values, math.inf, side)) for side in ("left", "right"))
        return cls(values[begin:end], nulls + len(values) - (end - begin), begin + last - end, origin)


@np.errstate(over="ignore", invalid="ignore")
def compare(column: str, reference: Numbers, live: Numbers) -> Statistics:
    """All measures of one column; none where a side has no values, nor one that floats cannot hold."""
    sides = len(reference.values), len(live.values)
    found = Statistics(column, "number", *sides, reference.missing, live.missing, notes=(*_infinite(reference, live),))
    if not min(sides):
        return found
    inner = measures.edges(reference.values)
    was, now = (measures.counts(side.values, inner) for side in (reference, live))
    distance, area = distances(reference.values, live.values)
    return replace(
        found,
        psi=measures.psi(was, now),
        js=measures.js_distance(was, now),
        ks=distance,
        ks_pvalue=measures.ks_pvalue(distance, *sides),
        wasserstein=_finite(area),
        wasserstein_normalised=normalised(area, _deviation(reference.values)),
        bins=Bins(labels(inner + reference.origin), (*was.tolist(),), (*now.tolist(),)),
    )


def normalised(area: float, deviation: float) -> float | None:
    """A Wasserstein distance in standard deviations of the reference; None where that is constant, or so large that floats do not reach."""
    return _finite(area / deviation) if deviation > 0 else None


def labels(inner: Floats) -> tuple[str, ...]:
    """A name for each bin: `< 1.5`, `1.5 to 3`, `>= 3`."""
    told = [f"{edge:.4g}" for edge in inner.tolist()]
    return (f"< {told[0]}", *(f"{low} to {high}" for low, high in pairwise(told)), f">= {told[-1]}")


def _deviation(values: Floats) -> float:
    """Of equal values it is zero, whatever rounding makes of their mean."""
    return float(np.std(values)) if values[0] < values[-1] else 0.0


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _infinite(reference: Numbers, live: Numbers) -> list[str]:
    named = (("of the reference", reference.infinite), ("live", live.infinite))
    return [f"{number:,} values {side} are infinite, and count as missing" for side, number in named if number]
