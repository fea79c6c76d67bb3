"""What is kept of predictions, scores and labels instead of the rows: a few counts and sums that add up over stretches, and the metrics from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workers.domain.drift import estimating, realised
from workers.domain.drift.distances import Floats

SCORES = 1001
"""Scores are counted by the thousandth."""
_MOST_EXPANDED = 200_000
_SHORTEST, _GROWTH, _DELAYS = 60e6, 1.15, 110
_LATE: Floats = np.append(0.0, _SHORTEST * _GROWTH ** np.arange(_DELAYS - 1))
"""From how many microseconds on a delay counts in each cell: each is 15 % longer than the one before, from a minute to some years."""
_CENTRES: Floats = np.arange(SCORES) / (SCORES - 1)
Ints = NDArray[np.int64]


def _zeros(length: int) -> Ints:
    return np.zeros(length, np.int64)


@dataclass(frozen=True)
class Truth:
    """`labelled` rows have a label and a prediction, of which `right` are the same; `measured` have both as numbers, with the sums of the
    absolute and of the squared errors. `scores` are rows by score: of positives, of others, of rows without a label. `delays` are rows by
    how late their label came.
    """

    labelled: int = 0
    right: int = 0
    measured: int = 0
    absolute: float = 0.0
    squared: float = 0.0
    scores: Ints = field(default_factory=lambda: np.zeros((3, SCORES), np.int64))
    delays: Ints = field(default_factory=lambda: _zeros(_DELAYS))


def merge(a: Truth, b: Truth) -> Truth:
    """That of the rows of both."""
    return Truth(
        a.labelled + b.labelled,
        a.right + b.right,
        a.measured + b.measured,
        a.absolute + b.absolute,
        a.squared + b.squared,
        a.scores + b.scores,
        a.delays + b.delays,
    )


def scored(scores: Floats, is_positive: NDArray[np.bool_], is_labelled: NDArray[np.bool_]) -> Ints:
    """Probabilities by the thousandth: of positives, of others, of rows without a label."""
    place = np.rint(scores * (SCORES - 1)).astype(np.int64)
    groups = (is_labelled & is_positive, is_labelled & ~is_positive, ~is_labelled)
    return np.stack([np.bincount(place[group], minlength=SCORES) for group in groups])


def delayed(microseconds: Ints) -> Ints:
    """Delays by how long they are. What was labelled before it was predicted came at once."""
    found = np.bincount(np.searchsorted(_LATE, microseconds.clip(0), side="right") - 1, minlength=_DELAYS)
    return found.astype(np.int64)


def metrics(truth: Truth, *, by_distance: bool) -> Iterator[tuple[str, float, int]]:
    """Each metric by labels, with how many rows it is of: of predictions exact, of scores as if each were rounded to a thousandth."""
    if by_distance and truth.measured:
        yield "mae", truth.absolute / truth.measured, truth.measured
        yield "rmse", float(np.sqrt(truth.squared / truth.measured)), truth.measured
    elif truth.labelled:
        yield "accuracy", truth.right / truth.labelled, truth.labelled
    positives, others, _ = (_expanded(counts, truth.scores[:2]) for counts in truth.scores)
    if len(positives) + len(others):
        is_positive = np.arange(len(positives) + len(others)) < len(positives)
        found = realised.of_scores(is_positive, np.concatenate([positives, others]))
        rows = int(truth.scores[:2].sum())
        yield from ((metric, value, rows) for metric, value in found.items())


def expected(truth: Truth) -> Iterator[tuple[str, float, int]]:
    """Each metric as it is to be expected from the scores of all rows, labelled or not."""
    every = truth.scores.sum(axis=0)
    scores = _expanded(every, every)
    if len(scores):
        yield from ((metric, value, int(every.sum())) for metric, value in estimating.expected(scores).items())


def delay_hours(truth: Truth) -> float | None:
    """How late labels come in the middle, within 15 %."""
    total = int(truth.delays.sum())
    if not total:
        return None
    place = int(np.searchsorted(np.cumsum(truth.delays), (total + 1) // 2))
    return float(_LATE[place]) * _GROWTH**0.5 / 3.6e9 if place else 0.0


def _expanded(counts: Ints, whole: Ints) -> Floats:
    """One value for each row, or for each of so many rows that no more than can be held come out."""
    times = max(1.0, float(whole.sum()) / _MOST_EXPANDED)
    return np.repeat(_CENTRES, np.rint(counts / times).astype(np.int64))
