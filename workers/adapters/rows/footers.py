"""What the footers of Parquet files say of the times in them, kept on disk: a footer is read once as long as its file stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from workers.adapters.rows import times
from workers.adapters.rows.files import File, Folder, told
from workers.adapters.rows.whole import written
from workers.ports.rows import Unreadable

_LARGEST = 64 << 20
_MOST = 20_000
"""With more footers, those that this measurement had no use for are let go of."""
LIMITS = {"thrift_string_size_limit": 16 << 20, "thrift_container_size_limit": 1_000_000}


@dataclass(frozen=True)
class Footer:
    """`first` and `last` are microseconds since 1970, None where the file has no statistics of them. `failure` says why it cannot be read."""

    identity: str
    rows: int = 0
    first: int | None = None
    last: int | None = None
    naive: bool = False
    failure: str | None = None
    content: str | None = None


class Footers:
    """The footers of one source. `keep` is the file that remembers them."""

    def __init__(self, keep: Path) -> None:
        self._keep = keep
        self._known = _read(keep)
        self._used: set[str] = set()
        self._is_new = False

    def of(self, file: File, folder: Folder, time: str | None) -> Footer:
        """The footer of a file. Raises WorldError when the file cannot be reached."""
        self._used.add(file.name)
        known = self._known.get(file.name)
        if known is None or known.identity != f"{file.identity} {time}":
            known = self._known[file.name] = _footer(file, folder, time)
            self._is_new = True
        return known

    def is_naive(self, name: str) -> bool:
        """Whether the times in it say no zone."""
        return self._known[name].naive

    def shape(self, name: str) -> tuple[Any, ...]:
        """What two copies have in common."""
        footer = self._known[name]
        return footer.rows, footer.first, footer.last

    def content(self, name: str, hashed: Callable[[], str]) -> str | None:
        """The SHA-256 of a file, by `hashed` when it is not known; None for one that cannot be read to its end."""
        footer = self._known[name]
        if footer.content is None:
            with suppress(Unreadable):
                footer = self._known[name] = replace(footer, content=hashed())
                self._is_new = True
        return footer.content

    def leave_out(self, name: str, why: str) -> None:
        """Note that the rest of a file cannot be read, although its footer can."""
        self._known[name] = replace(self._known[name], failure=why)
        self._is_new = True

    def save(self) -> None:
        """Remember what is new. A full disk only means that it is read again."""
        if self._is_new:
            if len(self._known) > _MOST:
                self._known = {name: footer for name, footer in self._known.items() if name in self._used}
            with suppress(OSError):
                written(self._keep, json.dumps({name: asdict(footer) for name, footer in self._known.items()}).encode())
            self._is_new = False


def _read(keep: Path) -> dict[str, Footer]:
    try:
        if keep.stat().st_size > _LARGEST:
            return {}
        return {name: Footer(**footer) for name, footer in json.loads(keep.read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _footer(file: File, folder: Folder, time: str | None) -> Footer:
    from pyarrow import parquet  # noqa: PLC0415  # an extra

    identity = f"{file.identity} {time}"
    try:
        with told(file.name), folder.open(file.name) as opened:
            found = parquet.ParquetFile(opened, **LIMITS)
            if time and time not in found.schema_arrow.names:
                raise Unreadable(f"it has no column {time}, which says when a row was seen")
            kind = found.schema_arrow.field(time).type if time else None
            spans = [span_of(found, time, number) for number in range(found.metadata.num_row_groups)] if time else []
            known = [span for span in spans if span is not None]
            is_sure = bool(known) and len(known) == len(spans)
            first, last = (min(one for one, _ in known), max(one for _, one in known)) if is_sure else (None, None)
            return Footer(identity, found.metadata.num_rows, first, last, bool(time) and times.is_naive(kind))
    except Unreadable as exc:
        return Footer(identity, failure=str(exc))


def span_of(opened: Any, time: str, group: int) -> tuple[int, int] | None:
    """The first and the last time in a row group, in microseconds, by its statistics; None where these say nothing sure."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    column = next((i for i in range(opened.metadata.num_columns) if opened.schema.column(i).path == time), None)
    statistics = opened.metadata.row_group(group).column(column).statistics if column is not None else None
    kind = opened.schema_arrow.field(time).type
    if statistics is None or not statistics.has_min_max or not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return None
    try:
        first, last = times.microseconds(pa.array([statistics.min, statistics.max], kind)).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowTypeError, Unreadable, ValueError, OverflowError):
        return None
    return (first, last) if 0 <= first <= last < 1 << 53 else None
