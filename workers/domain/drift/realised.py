"""How good predictions were, once the truth is known. Rows without a label are no evidence and are left out by the caller."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.domain.drift.distances import Floats


def of_classes(labels: NDArray[Any], predictions: NDArray[Any]) -> dict[str, float]:
    """The share of predictions that are the label. At least one row."""
    return {"accuracy": float(np.mean(labels == predictions))}


def of_numbers(labels: Floats, predictions: Floats) -> dict[str, float]:
    """The mean absolute error and the root of the mean square, in the unit of the labels. At least one row."""
    errors = predictions - labels
    return {"mae": float(np.mean(np.abs(errors))), "rmse": float(np.sqrt(np.mean(errors**2)))}


def of_scores(is_positive: NDArray[np.bool_], scores: Floats) -> dict[str, float]:
    """The area under the ROC curve (where both classes occur) and, if scores are probabilities, the logarithmic loss in nats."""
    truth = is_positive.astype(np.float64)
    area = roc_auc(scores, truth)
    found = {} if area is None else {"auc": area}
    return {**found, "log_loss": log_loss(truth, scores)} if are_probabilities(scores) else found


def roc_auc(scores: Floats, chances: Floats) -> float | None:
    """The chance that a positive row has a higher score than a negative one; a tie is half.

    `chances` say how likely each row is to be positive: 0 or 1 where that is known. None where one class does not occur.
    """
    values, place = np.unique(scores, return_inverse=True)
    positive = np.bincount(place, chances, len(values))
    negative = np.bincount(place, 1 - chances, len(values))
    itself = float(np.sum(chances * (1 - chances)))
    pairs = float(positive.sum() * negative.sum()) - itself
    below = np.cumsum(negative) - negative / 2
    return (float(np.sum(positive * below)) - itself / 2) / pairs if pairs > 0 else None


def log_loss(chances: Floats, scores: Floats) -> float:
    """The mean surprise of somebody who believes the scores, in nats. A score that was sure and wrong counts as sure to 1e-15."""
    sure = np.clip(scores, 1e-15, 1 - 1e-15)
    return float(-np.mean(chances * np.log(sure) + (1 - chances) * np.log1p(-sure)))


def are_probabilities(scores: Floats) -> bool:
    """Whether all of them are from 0 to 1."""
    return bool(len(scores)) and bool(np.all((scores >= 0) & (scores <= 1)))


def middle_delay(predicted_at: NDArray[np.datetime64], labelled_at: NDArray[np.datetime64]) -> float | None:
    """How late labels arrive, in hours: the median over the rows that have both times."""
    late = (labelled_at - predicted_at)[~(np.isnat(predicted_at) | np.isnat(labelled_at))]
    return float(np.median(late / np.timedelta64(1, "h"))) if len(late) else None
