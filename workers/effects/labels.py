"""What labels, predictions and scores of live rows say, batch by batch; the rows themselves are not kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc

from workers.contract.drift import DriftColumns
from workers.domain.drift import truth
from workers.domain.drift.truth import Truth
from workers.effects import tallying


def columns(said: DriftColumns) -> list[str]:
    """The columns that are needed; none where nothing can be known."""
    if said.label is None and said.score is None:
        return []
    return [name for name in (said.prediction, said.score, said.label, said.labelled_at) if name]


def read(rows: Any, times: NDArray[np.int64] | None, said: DriftColumns) -> Truth:
    """What one batch says. Columns that it lacks, and values of a type that cannot be meant, say nothing."""
    label = _column(rows, said.label)
    label = label if label is not None else pa.nulls(rows.num_rows, pa.string())
    found = _predicted(label, _column(rows, said.prediction))
    return Truth(*found, _scored(label, _column(rows, said.score), said.positive), _late(label, _column(rows, said.labelled_at), times))


def _column(rows: Any, name: str | None) -> Any:
    """A column of values or times, in which NaN is no value."""
    if name not in rows.schema.names:
        return None
    column = tallying.plain(rows.column(name))
    if tallying.kind_of(column.type) == "other" and not pa.types.is_timestamp(column.type):
        return None
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type)) if pa.types.is_floating(column.type) else column


def _predicted(label: Any, prediction: Any) -> tuple[int, int, int, float, float]:
    if prediction is None:
        return 0, 0, 0, 0.0, 0.0
    both = pc.and_(pc.is_valid(label), pc.is_valid(prediction))
    true, told = label.filter(both), prediction.filter(both)
    right = pc.sum(pc.equal(tallying.written(true), tallying.written(told))).as_py() or 0
    if {tallying.kind_of(true.type), tallying.kind_of(told.type)} != {"number"}:
        return len(true), right, 0, 0.0, 0.0
    errors = np.subtract(*(pc.cast(one, pa.float64(), safe=False).to_numpy(zero_copy_only=False) for one in (told, true)))
    errors = errors[np.abs(errors) < _LARGEST]
    return len(true), right, len(errors), float(np.abs(errors).sum()), float(np.square(errors).sum())


_LARGEST = 1e100
"""Errors beyond this are no measurements, and their squares no numbers."""


def _scored(label: Any, score: Any, positive: str | None) -> NDArray[np.int64]:
    if score is None or tallying.kind_of(score.type) != "number":
        return Truth().scores
    values = pc.cast(score, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    is_score = (values >= 0) & (values <= 1)
    is_positive = pc.fill_null(pc.equal(tallying.written(label), positive or ""), fill_value=False).to_numpy(zero_copy_only=False)
    is_labelled = pc.is_valid(label).to_numpy(zero_copy_only=False)
    return truth.scored(values[is_score], is_positive[is_score], is_labelled[is_score])


def _late(label: Any, at: Any, times: NDArray[np.int64] | None) -> NDArray[np.int64]:
    if at is None or times is None or not pa.types.is_timestamp(at.type):
        return Truth().delays
    known = pc.and_(pc.is_valid(label), pc.is_valid(at)).to_numpy(zero_copy_only=False)
    later = pc.cast(at, pa.timestamp("us", at.type.tz), safe=False).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return truth.delayed(later[known] - times[known])
