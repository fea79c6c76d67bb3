"""How good the predictions in two files are: measured where there are labels, estimated where there are calibrated scores only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.app.drifting.files import Table, Unreadable
from workers.contract.drift import Realised
from workers.domain.drift.reporting import number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CLASSES = 20
"""Labels that are numbers, and of more different ones than these, are measured by distance and not by equality."""


@dataclass(frozen=True)
class Meaning:
    """What columns are: `prediction` is the model's output, `score` its probability that `label` (the truth) is `positive`."""

    prediction: str | None = None
    label: str | None = None
    score: str | None = None
    positive: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that are named."""
        return tuple(name for name in (self.prediction, self.label, self.score) if name is not None)

    @property
    def output(self) -> str | None:
        """The column in which drift of the predictions shows."""
        return self.prediction or self.score


def performance(reference: Table, current: Table, meaning: Meaning) -> tuple[Realised, ...]:
    """Each metric on both sides, as far as there are labels and scores. Raises Unreadable where they do not hold what they should."""
    if not meaning.label and not meaning.score:
        return ()
    (then, _), (now, rows) = (_measured(table, meaning) for table in (reference, current))
    (expected_then, _), (expected, scored) = (_expected(table, meaning) for table in (reference, current))
    told = [Realised(metric, str(number(value)), rows, number(then.get(metric))) for metric, value in now.items()]
    # Beside an estimate stands what was true of the reference, where that is known: only then can it be compared.
    before = {**expected_then, **then}
    return (
        *told,
        *(Realised(name, str(number(value)), scored, number(before.get(name)), estimated=True) for name, value in expected.items()),
    )


def _measured(table: Table, meaning: Meaning) -> tuple[dict[str, float], int]:
    """By labels: the metrics, and of how many rows."""
    from workers.domain.drift import realised  # noqa: PLC0415  # asks for numpy

    labels = _values(table, meaning.label)
    if labels is None:
        return {}, 0
    found: dict[str, float] = {}
    rows = 0
    if (predictions := _values(table, meaning.prediction)) is not None:
        truth, said = _both(labels, predictions)
        rows = len(truth)
        if rows and truth.dtype != said.dtype:
            raise Unreadable(f"{meaning.label} and {meaning.prediction} hold different types: no prediction could be true")
        if rows:
            found |= realised.of_numbers(truth, said) if _is_measured_by_distance(truth) else realised.of_classes(truth, said)
    if (scores := _values(table, meaning.score)) is not None:
        truth, said = _both(labels, scores)
        rows = max(rows, len(truth))
        found |= realised.of_scores(_positive(truth, meaning), _numbers(said, meaning)) if len(truth) else {}
    return found, rows


def _expected(table: Table, meaning: Meaning) -> tuple[dict[str, float], int]:
    """By scores alone: the metrics as they are to be expected, and of how many rows."""
    from workers.domain.drift import estimating, realised  # noqa: PLC0415  # asks for numpy

    scores = _values(table, meaning.score)
    if scores is None:
        return {}, 0
    known = _numbers(scores[_is_known(scores)], meaning)
    if not realised.are_probabilities(known):
        return {}, 0
    return estimating.expected(known), len(known)


def _values(table: Table, name: str | None) -> NDArray[Any] | None:
    from workers.app.drifting import arrays  # noqa: PLC0415  # asks for pyarrow

    return arrays.plain(table.column(name)) if name is not None and any(field.name == name for field in table.fields) else None


def _both(labels: NDArray[Any], others: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    known = _is_known(labels) & _is_known(others)
    return labels[known], others[known]


def _is_known(values: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np  # noqa: PLC0415  # an extra

    if values.dtype.kind == "f":
        known: NDArray[np.bool_] = np.isfinite(values)
        return known
    return np.array([one is not None for one in values], dtype=np.bool_)


def _is_measured_by_distance(labels: NDArray[Any]) -> bool:
    import numpy as np  # noqa: PLC0415  # an extra

    return labels.dtype.kind == "f" and len(np.unique(labels)) > _CLASSES


def _numbers(scores: NDArray[Any], meaning: Meaning) -> NDArray[np.float64]:
    if scores.dtype.kind != "f":
        raise Unreadable(f"{meaning.score} holds no numbers, so it is no score")
    return scores


def _positive(labels: NDArray[Any], meaning: Meaning) -> NDArray[np.bool_]:
    import numpy as np  # noqa: PLC0415  # an extra

    values = [*np.unique(labels)]
    wanted = meaning.positive or next((one for one in ("1", "true") if set(map(_written, values)) <= _TWO[one]), None)
    if wanted is None:
        raise Unreadable(f"which value of {meaning.label} the score is for, is not known: say --positive VALUE")
    return np.array([_written(one) == wanted for one in values])[np.searchsorted(values, labels)]


_TWO = {"1": {"0", "1"}, "true": {"false", "true"}}


def _written(value: object) -> str:
    """As people write it: `1` of 1.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)
