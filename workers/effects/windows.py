"""Profiles of live rows by stretches of time: closed ones are read once and kept, so that a month needs no second reading of its rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from workers.contract.drift import DriftColumns
from workers.domain.drift import profile as profiles
from workers.domain.drift import stored
from workers.domain.drift.counting import Count
from workers.domain.drift.profile import ReferenceProfile, WindowProfile
from workers.effects import labels, tallying
from workers.ports.rows import Batch, Listing, Part, Rows, Unreadable
from workers.ports.shelf import Shelf

MEMORY = 32 << 20
"""Bytes of counts that are gathered at once, twice; more stretches need another pass over the rows."""
_FORMAT = 1
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stretch:
    """A stretch of time with the parts that may hold rows of it. An open one is at its end only for the moment: its `name` is without that."""

    begin: datetime
    end: datetime
    parts: tuple[Part, ...]
    is_open: bool = False

    @property
    def name(self) -> str:
        """What it is called where profiles are kept."""
        return f"{self.begin.isoformat()} {'on' if self.is_open else self.end.isoformat()}"

    @property
    def is_kept(self) -> bool:
        """Whether its profile is kept. An open one has the same rows later as long as its parts are the same, if none of them is of the future."""
        return bool(self.parts) and (not self.is_open or all(part.end is not None and part.end <= self.end for part in self.parts))


@dataclass(frozen=True)
class Seen:
    """The profile of a window from `begin` to before `end`, and what was listed for it."""

    profile: WindowProfile
    begin: datetime
    end: datetime
    listing: Listing


class Windows:
    """Looks at rows by way of profiles in the cells of one reference."""

    def __init__(self, rows: Rows, reference: ReferenceProfile, said: DriftColumns, shelf: Shelf) -> None:
        self._rows = rows
        self._reference = reference
        self._shelf = shelf
        self._said = said
        compared = [column.name for column in reference.columns if column.kind != "other"]
        self._columns = list(dict.fromkeys((*compared, *labels.columns(said))))
        self._torn: dict[Part, str] = {}

    def look(self, begin: datetime, end: datetime) -> Seen:
        """The rows from an instant (or the beginning of its hour or day, where rows cannot be told apart better) to before another.

        Raises WorldError when nobody can tell.
        """
        step = self._rows.step
        begin = begin - (begin - _EPOCH) % step if step else begin
        while True:
            listing = self._rows.listing(begin, end)
            found = self._whole(begin, end, listing) if step is None else self._days(begin, end, step, listing)
            total = profiles.total(found, self._reference)
            if not self._torn:
                return Seen(total, begin, end, listing)
            # Of a torn part no rows count anywhere, also not those that could be read: what was counted depends on where one began to read.
            self._rows.leave_out(self._torn)
            self._torn = {}

    def _whole(self, begin: datetime, end: datetime, listing: Listing) -> list[WindowProfile]:
        stretch = Stretch(begin, end, listing.parts)
        key = self._key(stretch.parts, "all")
        kept = self._taken(key)
        return [kept if kept is not None else self._kept(key, self._read([stretch])[0])]

    def _days(self, begin: datetime, end: datetime, step: timedelta, listing: Listing) -> Iterator[WindowProfile]:
        """One profile for each day that is kept as a whole, and for each hour of the others."""
        open_days: list[tuple[str | None, list[Stretch]]] = []
        for first, last in _cut(begin, end, _DAY):
            parts = _of(listing.parts, first, last)
            is_whole = last - first == _DAY
            key = self._key(parts, first.isoformat()) if is_whole else None
            if key and (kept := self._taken(key)):
                yield kept
            elif parts:
                stretches = [Stretch(a, b, _of(parts, a, b), b - a < step) for a, b in _cut(first, last, step)]
                open_days.append((key, stretches))
        hours = self._hours([stretch for _, stretches in open_days for stretch in stretches])
        for key, stretches in open_days:
            day = profiles.total((next(hours) for _ in stretches), self._reference)
            yield self._kept(key, day) if key else day

    def _hours(self, stretches: Sequence[Stretch]) -> Iterator[WindowProfile]:
        """The profile of each, in their order; those that are not kept are read together, as many at once as memory allows."""
        most = max(1, MEMORY // (16 * self._reference.size))
        waiting: list[tuple[Stretch, str, WindowProfile | None]] = []
        for stretch in stretches:
            key = self._key(stretch.parts, stretch.name)
            waiting.append((stretch, key, self._taken(key) if stretch.is_kept else None))
            if sum(kept is None for *_, kept in waiting) >= most:
                yield from self._filled(waiting)
                waiting = []
        yield from self._filled(waiting)

    def _filled(self, waiting: Sequence[tuple[Stretch, str, WindowProfile | None]]) -> Iterator[WindowProfile]:
        new = iter(self._read([stretch for stretch, _, kept in waiting if kept is None]))
        for stretch, key, kept in waiting:
            found = kept or next(new)
            yield self._kept(key, found) if kept is None and stretch.is_kept else found

    def _read(self, stretches: Sequence[Stretch]) -> list[WindowProfile]:
        """Each part once."""
        found = [profiles.empty(self._reference) for _ in stretches]
        for part in dict.fromkeys(part for stretch in stretches for part in stretch.parts):
            here = [number for number, stretch in enumerate(stretches) if part in stretch.parts]
            try:
                for number, counted in self._counted(part, [stretches[number] for number in here]):
                    found[here[number]] = profiles.merge(found[here[number]], counted)
            except Unreadable as exc:
                self._torn[part] = str(exc)
        return found

    def _counted(self, part: Part, stretches: Sequence[Stretch]) -> list[tuple[int, WindowProfile]]:
        counts: dict[int, Count] = {}
        bounds = [_micros(instant) for stretch in stretches for instant in (stretch.begin, stretch.end)]
        for batch in self._rows.batches(part, self._columns, stretches[0].begin, stretches[-1].end):
            if batch.times is None:
                self._all(counts, part, stretches, batch)
                continue
            for number, others in tallying.places(batch.others, bounds):
                counts.setdefault(number, Count(self._reference)).rows(0, int(others.sum()))
            for number, rows, times in tallying.parted(batch.rows, batch.times, bounds):
                count = counts.setdefault(number, Count(self._reference))
                self._tally(count, rows, times)
                count.span(int(times.min()), int(times.max()))
        return [(number, count.finished()) for number, count in counts.items()]

    def _all(self, counts: dict[int, Count], part: Part, stretches: Sequence[Stretch], batch: Batch) -> None:
        """Rows without times are those of the stretch in which their part begins."""
        begins = max(part.begin or stretches[0].begin, stretches[0].begin)
        number = next((number for number, one in enumerate(stretches) if one.begin <= begins < one.end), None)
        if number is not None:
            count = counts.setdefault(number, Count(self._reference))
            self._tally(count, batch.rows, None)
            count.rows(0, len(batch.others))

    def _tally(self, count: Count, rows: Any, times: Any) -> None:
        tallying.tally(count, self._reference, rows)
        if labels.columns(self._said):
            count.truth(labels.read(rows, times, self._said))

    def _key(self, parts: Sequence[Part], what: str) -> str:
        identities = sorted(part.identity for part in parts)
        return json.dumps([_FORMAT, self._reference.layout, self._rows.identity, what, identities])

    def _taken(self, key: str) -> WindowProfile | None:
        content = self._shelf.get(key)
        try:
            return stored.read_window(content, self._reference) if content else None
        except stored.BadProfile:
            return None

    def _kept(self, key: str, profile: WindowProfile) -> WindowProfile:
        if not self._torn:
            self._shelf.put(key, stored.window_to_bytes(profile, self._reference))
        return profile


def _of(parts: Iterable[Part], begin: datetime, end: datetime) -> tuple[Part, ...]:
    return tuple(part for part in parts if part.may_lie(begin, end))


def _cut(begin: datetime, end: datetime, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The stretches between two instants, cut where a step (counted from 1970) begins."""
    while begin < end:
        after = min(end, begin + step - (begin - _EPOCH) % step)
        yield begin, after
        begin = after


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
