"""How good predictions probably are while nobody knows the truth: from the scores alone, if they are calibrated probabilities.

Of rows with a score of 0.9 nine in ten are then positive. What follows is the expected value of each metric, as in confidence-based
performance estimation. It is blind to a change of the world itself (the same inputs, other outcomes), as scores cannot show that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.domain.drift.distances import Floats
from workers.domain.drift.realised import are_probabilities, log_loss, roc_auc


def expected(scores: Floats, is_predicted: NDArray[np.bool_] | None = None) -> dict[str, float]:
    """Expected accuracy, F1, area under the ROC curve and logarithmic loss of rows with these scores; a metric that is not defined is left out.

    `is_predicted` says which rows were predicted to be positive; without it, those of at least 0.5 were. Raises ValueError where a score is
    no probability.
    """
    if not are_probabilities(scores):
        raise ValueError("scores are probabilities from 0 to 1")
    predicted = scores >= 0.5 if is_predicted is None else is_predicted
    found = {
        "accuracy": float(np.mean(np.where(predicted, scores, 1 - scores))),
        "f1": _f1(scores, predicted),
        "auc": roc_auc(scores, scores),
        "log_loss": log_loss(scores, scores),
    }
    return {metric: value for metric, value in found.items() if value is not None}


def _f1(scores: Floats, predicted: NDArray[np.bool_]) -> float | None:
    """Of expected counts: of many rows, the expected F1 is near to that."""
    positive = float(scores.sum()) + float(predicted.sum())
    return 2 * float(scores[predicted].sum()) / positive if positive else None
