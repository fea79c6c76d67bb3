"""Medians and quantiles of small samples."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import median

__all__ = ["in_ms", "median", "quantile", "spread"]


def quantile(sample: Iterable[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of the sample does not exceed (nearest rank). Raises ValueError for an empty sample."""
    ordered = sorted(sample)
    if not ordered:
        raise ValueError("there is nothing to take a quantile of")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def in_ms(seconds: float) -> str:
    """Seconds as milliseconds: three figures below ten, whole ones above a hundred."""
    ms = seconds * 1000
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}"


def spread(sample: Iterable[float]) -> tuple[str, str, str]:
    """Median, 90th percentile and largest of a sample of seconds, in milliseconds."""
    kept = list(sample)
    return in_ms(median(kept)), in_ms(quantile(kept, 0.9)), in_ms(max(kept))
