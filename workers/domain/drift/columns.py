"""Drift as a library: two tables as columns in memory, and a judgement of them. `towpath drift` does the same with files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.domain.drift import categories, numbers
from workers.domain.drift.fields import EMPTY, Field, match
from workers.domain.drift.judging import Judgement, Limits, judge
from workers.domain.drift.statistics import Statistics

Column = NDArray[Any] | Sequence[Any]
"""Numbers, booleans or text; None and NaN are missing."""


def drift(
    reference: Mapping[str, Column],
    live: Mapping[str, Column],
    *,
    limits: Limits | None = None,
    prediction: str | None = None,
    ignore: Collection[str] = (),
) -> Judgement:
    """Judge live columns against those of the reference. Each table's columns are of one length (ValueError)."""
    rows = _rows(reference), _rows(live)
    tables = [{name: np.asarray(column) for name, column in table.items() if name not in ignore} for table in (reference, live)]
    fields = [[Field(name, _type(column)) for name, column in table.items()] for table in tables]
    pairs, broken = match(fields[0], fields[1])
    found = [*broken, *(statistics(pair.name, tables[0][pair.name], tables[1][pair.name], pair.type) for pair in pairs)]
    output = next((one for one in found if one.column == prediction), None)
    if prediction is not None and output is None:
        raise ValueError(f"there is no column {prediction}")
    return judge([one for one in found if one is not output], rows, limits, output)


def statistics(column: str, reference: Column, live: Column, type_: str) -> Statistics:
    """What the measures say of one column, whose type is that of `Field`."""
    was, now = np.asarray(reference), np.asarray(live)
    if type_ == "number":
        return numbers.compare(column, *(numbers.Numbers.of(side.astype(np.float64)) for side in (was, now)))
    values = [[one for one in side.tolist() if not _is_missing(one)] for side in (was, now)]
    rows = len(values[0]), len(values[1])
    gone = len(was) - rows[0], len(now) - rows[1]
    if type_ in ("text", "boolean"):
        counted = [Counter(map(str, side)) for side in values]
        return categories.compare(column, *categories.sides(counted[0], counted[1], gone))
    return Statistics(column, "other", rows[0], rows[1], gone[0], gone[1], notes=(f"{type_}: not computed",))


def _rows(table: Mapping[str, Column]) -> int:
    lengths = {len(column) for column in table.values()}
    if len(lengths) > 1:
        raise ValueError(f"the columns of a table are of one length; these are of {', '.join(map(str, sorted(lengths)))}")
    return max(lengths, default=0)


def _type(column: NDArray[Any]) -> str:
    if column.ndim != 1:
        return "array"
    if column.dtype.kind != "O":
        return _DTYPES.get(column.dtype.kind, column.dtype.name)
    kinds = {type(one) for one in column.tolist() if not _is_missing(one)}
    if not kinds:
        return EMPTY
    if kinds <= {int, float}:
        return "number"
    return "text" if kinds == {str} else "boolean" if kinds == {bool} else "object"


_DTYPES = {"b": "boolean", "i": "number", "u": "number", "f": "number", "U": "text", "M": "time", "m": "duration"}


def _is_missing(one: object) -> bool:
    return one is None or one != one  # noqa: PLR0124  # NaN
