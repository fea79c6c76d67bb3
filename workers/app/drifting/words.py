"""Arrow's types in plain words: columns of the same word can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.domain.drift.fields import EMPTY

if TYPE_CHECKING:
    import pyarrow as pa


def named(kind: pa.DataType) -> str:
    """`number`, `text` and `boolean` are what drift can be computed of; any other word only says what it is."""
    from pyarrow import types  # noqa: PLC0415  # an extra

    if types.is_dictionary(kind):
        return named(kind.value_type)
    if types.is_timestamp(kind):
        return "time with a zone" if kind.tz else "time without a zone"
    words = {
        "number": (types.is_integer, types.is_floating, types.is_decimal),
        "text": (types.is_string, types.is_large_string, types.is_string_view),
        "boolean": (types.is_boolean,),
        EMPTY: (types.is_null,),
        "date": (types.is_date,),
        "time of day": (types.is_time,),
        "bytes": (types.is_binary, types.is_large_binary, types.is_fixed_size_binary, types.is_binary_view),
    }
    return next((word for word, tests in words.items() if any(test(kind) for test in tests)), _first_word(kind))


def _first_word(kind: pa.DataType) -> str:
    """`struct` of `struct<a: int64>`."""
    return str(kind).partition("<")[0].partition("[")[0]
