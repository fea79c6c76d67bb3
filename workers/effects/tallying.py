"""Columns of Arrow as numbers or categories, and whole batches counted into the cells of a reference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc
from pyarrow import types

from workers.domain.drift.counting import Count
from workers.domain.drift.grid import Floats
from workers.domain.drift.profile import LONGEST, ReferenceProfile
from workers.domain.drift.statistics import Kind

_WHOLE = 1 << 53


@dataclass(frozen=True)
class Numbers:
    """The finite values of a column, rows without one, and rows whose value is no number."""

    values: Floats
    missing: int
    unfit: int = 0


@dataclass(frozen=True)
class Texts:
    """The rows of each category, rows without one, and rows whose value is none."""

    found: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    unfit: int = 0


def kind_of(kind: Any) -> Kind:
    """What a column of this Arrow type is to drift: truth values and texts are categories; of times, lists and bytes nothing is computed."""
    kind = kind.value_type if types.is_dictionary(kind) else kind
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind):
        return "number"
    return "category" if types.is_boolean(kind) or _is_text(kind) else "other"


def _is_text(kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def numbers(column: Any) -> Numbers:
    """A column as numbers; texts that all are numbers count as such."""
    there = plain(column).drop_null()
    missing = len(column) - len(there)
    if kind_of(there.type) == "other" and len(there):
        return Numbers(np.zeros(0), missing, len(there))
    try:
        values = pc.cast(there, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return Numbers(np.zeros(0), missing, len(there))
    finite = values[np.isfinite(values)]
    return Numbers(finite, missing + len(values) - len(finite))


def texts(column: Any) -> Texts:
    """A column as categories; NaN is no value."""
    there = plain(column).drop_null()
    missing = len(column) - len(there)
    if kind_of(there.type) == "other" and len(there):
        return Texts(missing=missing, unfit=len(there))
    if types.is_floating(there.type):
        kept = there.filter(pc.is_finite(there))
        missing, there = missing + len(there) - len(kept), kept
    counts = pc.value_counts(written(there))
    found = Counter(dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True)))
    return Texts(found, missing)


def written(values: Any) -> Any:
    """Values as texts of at most so many characters. Whole numbers are written without a point, however they are stored."""
    if types.is_floating(values.type):
        is_whole = pc.all(pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), float(_WHOLE)))).as_py()
        values = values.cast(pa.int64()) if is_whole else values
    return pc.utf8_slice_codeunits(values.cast(pa.string()), 0, LONGEST)


def plain(column: Any) -> Any:
    """A column without a dictionary."""
    return column.cast(column.type.value_type) if types.is_dictionary(column.type) else column


def tally(count: Count, reference: ReferenceProfile, rows: Any) -> None:
    """Count a record batch; columns that it lacks are missing in all its rows."""
    count.rows(rows.num_rows)
    names = {name: place for place, name in enumerate(rows.schema.names)}
    for number, column in enumerate(reference.columns):
        if column.kind == "other" or not rows.num_rows:
            continue
        if column.name not in names:
            count.absent(number, rows.num_rows)
        elif column.kind == "number":
            found = numbers(rows.column(names[column.name]))
            count.numbers(number, found.values, found.missing)
            count.unfit(number, found.unfit)
        else:
            said = texts(rows.column(names[column.name]))
            known = np.fromiter((said.found.pop(one, 0) for one in column.categories), np.int64, len(column.categories))
            count.categories(number, known, said.found, said.missing)
            count.unfit(number, said.unfit)


def places(times: NDArray[np.int64], bounds: Sequence[int]) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """The number of each stretch that has some of these times, and which they are; times in no stretch are left out.

    Stretch `i` lies from `bounds[2 * i]` to before `bounds[2 * i + 1]`; they ascend.
    """
    place = np.searchsorted(np.asarray(bounds), times, side="right")
    for one in np.unique(place):
        if one % 2:
            yield int(one) // 2, place == one


def parted(rows: Any, times: NDArray[np.int64], bounds: Sequence[int]) -> Iterator[tuple[int, Any, NDArray[np.int64]]]:
    """The rows of each stretch with its number and their times."""
    for number, is_here in places(times, bounds):
        whole = bool(is_here.all())
        yield number, rows if whole else rows.filter(pa.array(is_here)), times if whole else times[is_here]
