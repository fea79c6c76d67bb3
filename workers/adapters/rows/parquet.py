"""Live rows in Parquet files: partitions are left out by their dates, row groups by the statistics of the column of times."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from workers.adapters.rows import partitions, tensors, times
from workers.adapters.rows.batching import Wanted, batch_of, version_column
from workers.adapters.rows.files import File, Folder, told
from workers.adapters.rows.footers import Footer, Footers, span_of
from workers.ports.rows import BATCH, Batch, Listing, Part, Unreadable

_ENDINGS = (".parquet", ".pq")
_PIECE = 1 << 20


class ParquetRows:
    """The Parquet files below a folder."""

    def __init__(self, folder: Folder, source: str, wanted: Wanted, footers: Footers) -> None:
        self._folder = folder
        self._wanted = wanted
        self._footers = footers
        self.source = source
        self.identity = f"parquet {source} {wanted}"

    @property
    def step(self) -> timedelta | None:
        """Rows with times can be told apart by the hour, else by the day of their partition."""
        return timedelta(hours=1) if self._wanted.time else timedelta(days=1) if self._is_dated else None

    @property
    def _is_dated(self) -> bool:
        files = self._seen()[0]
        return bool(files) and all(partitions.of(file.name).begin for file in files)

    def _seen(self) -> tuple[list[File], list[tuple[File, str]]]:
        """The Parquet files, looked for once: what comes later is for the next measurement."""
        if not hasattr(self, "_files"):
            files, refused = self._folder.files()
            self._files = [file for file in files if file.name.lower().endswith(_ENDINGS)], refused
        return self._files

    def listing(self, begin: datetime, end: datetime) -> Listing:
        """Only the footers of files whose partition fits are read, each once as long as it stays as it is."""
        files, refused = self._seen()
        unread = [(Part(file.name, file.identity, file.size), why) for file, why in refused if file.name.lower().endswith(_ENDINGS)]
        parts: list[Part] = []
        ends: list[datetime] = []
        for file, partition in self._ours(files):
            whole = Part(file.name, file.identity, file.size, partition.begin, partition.end)
            if not whole.may_lie(begin, end):
                ends += [whole.end] if whole.end else []
                continue
            footer = self._footers.of(file, self._folder, self._wanted.time)
            if footer.failure:
                unread.append((whole, footer.failure))
                continue
            part = _narrowed(whole, footer)
            ends += [part.end] if part.end else []
            if part.may_lie(begin, end):
                parts.append(part)
        self._footers.save()
        parts, twice = self._once(parts)
        remarks = [f"{name} holds the same bytes as {other} and was counted once." for name, other in twice[:5]]
        if len(twice) > 5:
            remarks.append(f"{len(twice) - 5} more files are there twice and were counted once.")
        if any(self._footers.is_naive(part.name) for part in parts):
            remarks.append(f"The times in {self._wanted.time} say no time zone and count as UTC.")
        return Listing(tuple(parts), tuple(unread), tuple(remarks), max(ends, default=None))

    def leave_out(self, torn: Mapping[Part, str]) -> None:
        """Remembered with the footers."""
        for part, why in torn.items():
            self._footers.leave_out(part.name, why)
        self._footers.save()

    def _ours(self, files: Iterable[File]) -> Iterator[tuple[File, partitions.Partition]]:
        for file in files:
            partition = partitions.of(file.name)
            if partition.model in (None, self._wanted.artifact) and (
                partition.version is None or partition.version in self._wanted.versions
            ):
                yield file, partition

    def _once(self, parts: list[Part]) -> tuple[list[Part], list[tuple[str, str]]]:
        """The parts without copies: only those whose sizes, rows and times are the same are hashed, each once."""
        alike: dict[tuple[Any, ...], list[Part]] = defaultdict(list)
        for part in parts:
            alike[part.weight, self._footers.shape(part.name)].append(part)
        first: dict[tuple[str, tuple[Any, ...]], str] = {}
        twice: dict[str, str] = {}
        for key, several in alike.items():
            for part in several if len(several) > 1 else ():
                content = self._footers.content(part.name, lambda part=part: self._hash(part))  # type: ignore[misc]
                if content and first.setdefault((content, key), part.name) != part.name:
                    twice[part.name] = first[content, key]
        self._footers.save()
        return [part for part in parts if part.name not in twice], list(twice.items())

    def _hash(self, part: Part) -> str:
        digest = hashlib.sha256()
        with self._opened(part) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
        return digest.hexdigest()

    @contextmanager
    def _opened(self, part: Part) -> Iterator[Any]:
        with told(part.name), self._folder.open(part.name) as file:
            yield file

    def batches(self, part: Part, columns: Sequence[str], begin: datetime, end: datetime) -> Iterator[Batch]:
        """Columns are decoded page by page, so that a large row group needs no more memory than a small one."""
        from pyarrow import parquet  # noqa: PLC0415  # an extra

        with self._opened(part) as file:
            opened = parquet.ParquetFile(file, pre_buffer=False, buffer_size=self._folder.buffer)
            names = opened.schema_arrow.names
            if twice := [name for name in names if names.count(name) > 1]:
                raise Unreadable(f"it has the column {twice[0]} twice")
            there = tensors.places(names, self._wanted.features, columns)
            version = version_column(names, columns, self._wanted)
            read = list(dict.fromkeys(filter(None, (*there.values(), self._wanted.time, version))))
            groups = _groups(opened, self._wanted.time, begin, end)
            for rows in opened.iter_batches(BATCH, row_groups=groups, columns=read, use_threads=False) if groups else ():
                batch = batch_of(rows, version, self._wanted)
                yield replace(batch, rows=batch.rows.select(there.values()).rename_columns(list(there)))


def _narrowed(part: Part, footer: Footer) -> Part:
    """With what the statistics say of times; nothing is narrowed by what the path says alone when the statistics say more."""
    if footer.first is None or footer.last is None:
        return part
    begin, end = times.instant(footer.first), times.instant(footer.last + 1)
    return Part(part.name, part.identity, part.weight, begin, end)


def _groups(opened: Any, time: str | None, begin: datetime, end: datetime) -> list[int]:
    """The row groups in which rows of these instants may be."""
    found = []
    for number in range(opened.metadata.num_row_groups):
        span = span_of(opened, time, number) if time else None
        if span is None or (span[0] < times.micros(end) and span[1] >= times.micros(begin)):
            found.append(number)
    return found
