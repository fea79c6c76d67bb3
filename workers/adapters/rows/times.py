"""When rows were seen: a column of Arrow as microseconds since 1970 in UTC. A time without a zone counts as UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from workers.ports.rows import Unreadable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_naive(kind: Any) -> bool:
    """Whether times of this Arrow type say no zone."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    return bool(pa.types.is_date(kind) or (pa.types.is_timestamp(kind) and kind.tz is None))


def microseconds(column: Any) -> Any:
    """An array of int64, with nulls where no time is known. Raises Unreadable for what says no time."""
    import pyarrow as pa  # noqa: PLC0415  # an extra
    from pyarrow import compute as pc  # noqa: PLC0415

    try:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_dictionary(column.type):
            column = _read(column.cast(pa.string()))
        elif not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
            raise Unreadable(
                f"its column of times is of type {column.type}; timestamps, dates or texts such as 2026-11-26T05:00:00Z are times"
            )
        zone = getattr(column.type, "tz", None)
        return pc.cast(column, pa.timestamp("us", zone), safe=False).cast(pa.int64())
    except pa.ArrowInvalid as exc:
        raise Unreadable("its column of times holds texts that are no times, such as 2026-11-26T05:00:00Z") from exc


def _read(texts: Any) -> Any:
    import pyarrow as pa  # noqa: PLC0415  # an extra

    try:
        return texts.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return texts.cast(pa.timestamp("us"))


def micros(instant: datetime) -> int:
    """An instant as microseconds since 1970."""
    since = instant - _EPOCH
    return (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds


def instant(value: int) -> datetime:
    """Microseconds since 1970 as an instant. Raises OverflowError for what no calendar has."""
    return _EPOCH + timedelta(microseconds=value)
