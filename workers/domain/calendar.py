"""The freezes that the policy writes down: weekly, yearly or once, by the wall clock of a time zone; and the instants that they are.

A window opens at the first instant at which the wall clock shows its beginning or later, and closes at the last one at which it shows its end or
earlier: an hour that the clock skips is not lost, and one that it shows twice is frozen twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = r"(?:[ T](?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d))?"
_WEEKLY = re.compile(rf"(?P<day>{'|'.join(DAYS)}){_TIME}", re.ASCII)
_DATED = re.compile(rf"(?:(?P<year>2[01]\d\d)-)?(?P<month>0[1-9]|1[0-2])-(?P<date>0[1-9]|[12]\d|3[01]){_TIME}", re.ASCII)
_FAR = 400
"""So many windows in a row are looked through for an end; a year of weekends is far less."""
_WHOLE = {"weekly": timedelta(days=7), "yearly": timedelta(days=365)}
_HOST = re.compile(r"localtime|posixrules|Factory|(?:posix|right)/.*")
"""What a host may have beside the list: its own time, and zones that count leap seconds."""


class BadMoment(ValueError):
    """What is written is no moment, or not one of a window; the message says what would be."""


@dataclass(frozen=True)
class Moment:
    """One end of a window as it is written. A weekday comes weekly, a month and day yearly, a whole date once. `time` None: the whole day."""

    text: str
    weekday: int | None = None
    year: int | None = None
    month: int = 1
    day: int = 1
    time: timedelta | None = None

    @property
    def form(self) -> str:
        """How often it comes: both ends of a window must agree."""
        return "weekly" if self.weekday is not None else "once" if self.year else "yearly"


@dataclass(frozen=True)
class Period:
    """A window as the policy writes it: from and until by the wall clock of a time zone."""

    begin: Moment
    end: Moment
    zone: str
    because: str | None = None

    @property
    def text(self) -> str:
        """As people are told it."""
        return f"{self.begin.text} to {self.end.text}, {self.zone}" + (f" ({self.because})" if self.because else "")


@dataclass(frozen=True)
class Window:
    """One time that a period comes: from the instant `begins` until just before `ends`, both in UTC."""

    begins: datetime
    ends: datetime
    period: Period


def moment(text: str) -> Moment:
    """`Fri 16:00`, `12-20`, `12-20 18:00`, `2026-12-20 18:00`. Raises BadMoment."""
    if found := _WEEKLY.fullmatch(text):
        return Moment(text, weekday=DAYS.index(found["day"]), time=_time(found))
    found = _DATED.fullmatch(text)
    if found is None:
        raise BadMoment(f"{text!r} is no moment; write `Fri 16:00`, `12-20`, or `2026-12-20 18:00`")
    year, month, day = int(found["year"] or 0) or None, int(found["month"]), int(found["date"])
    try:
        datetime(year or 2001, month, day)  # noqa: DTZ001  # whether there is such a day
    except ValueError as exc:
        raise BadMoment(f"{text!r} names a day that {'does not exist' if year else 'not every year has'}") from exc
    return Moment(text, year=year, month=month, day=day, time=_time(found))


def _time(found: re.Match[str]) -> timedelta | None:
    return timedelta(hours=int(found["hour"]), minutes=int(found["minute"])) if found["hour"] else None


def period(begin: str, end: str, zone: str, because: str | None = None) -> Period:
    """A window as it is written. Raises BadMoment."""
    made = Period(moment(begin), moment(end), zone, because)
    if made.begin.form != made.end.form:
        raise BadMoment(f"`from` comes {made.begin.form} and `until` {made.end.form}; write both in one form")
    if not is_zone(zone):
        raise BadMoment(f"{zone!r} is no time zone of the IANA list, such as Europe/Amsterdam or UTC")
    begins, ends = _walls(made, 2001)
    if made.begin.form == "once" and ends <= begins:
        raise BadMoment(f"it ends ({end}) before it begins ({begin})")
    if ends - begins >= _WHOLE.get(made.begin.form, timedelta.max):
        raise BadMoment(f"from {begin} until {end} it never ends; to freeze for good, leave nobody in `request`")
    return made


@cache
def is_zone(name: str) -> bool:
    """Whether the IANA list has a time zone of this name."""
    try:
        return not _HOST.fullmatch(name) and bool(ZoneInfo(name).key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def covers(periods: Iterable[Period], now: datetime) -> Window | None:
    """The window that an instant lies in; of several the one that ends last. The end is inclusive of windows that follow without a gap."""
    periods = tuple(periods)
    found = _covering(periods, now)
    for _ in range(_FAR):
        further = _covering(periods, found.ends) if found else None
        if found is None or further is None:
            return found
        found = Window(found.begins, further.ends, further.period)
    return found


def following(periods: Iterable[Period], now: datetime) -> Window | None:
    """The window that covers the instant, or else the next one to come (within two years); None: none does."""
    later = [one for each in periods for one in windows(each, now) if one.ends > now]
    return min(later, key=lambda one: (one.begins, one.ends), default=None)


def _covering(periods: tuple[Period, ...], now: datetime) -> Window | None:
    here = [one for each in periods for one in windows(each, now) if one.begins <= now < one.ends]
    return max(here, key=lambda one: one.ends, default=None)


def windows(written: Period, now: datetime) -> Iterator[Window]:
    """The windows of a period around an instant: the one before it, the one it lies in, the next."""
    zone = ZoneInfo(written.zone)
    local = now.astimezone(zone)
    for step in (-1, 0, 1):
        if written.begin.form == "weekly":
            monday = local.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0, fold=0) - timedelta(days=local.weekday())
            begin, end = _week(written, monday + timedelta(weeks=step))
        elif step and written.begin.form == "once":
            continue
        else:
            begin, end = _walls(written, local.year + step)
        yield Window(_first(begin, zone), _last(end, zone), written)


def _week(written: Period, monday: datetime) -> tuple[datetime, datetime]:
    assert written.begin.weekday is not None and written.end.weekday is not None, "a weekly period has weekdays"
    begin = monday + timedelta(days=written.begin.weekday) + (written.begin.time or timedelta(0))
    end = monday + timedelta(days=written.end.weekday) + _closing(written.end)
    return begin, end if end > begin else end + timedelta(weeks=1)


def _walls(written: Period, year: int) -> tuple[datetime, datetime]:
    """What the wall clock shows when it begins and ends, in the year in which it begins."""
    first, last = written.begin, written.end
    if first.form == "weekly":
        return _week(written, datetime(2001, 1, 1))  # noqa: DTZ001  # a wall clock's time
    begin = datetime(first.year or year, first.month, first.day) + (first.time or timedelta(0))  # noqa: DTZ001
    end = datetime(last.year or year, last.month, last.day) + _closing(last)  # noqa: DTZ001
    if end <= begin and last.year is None:
        end = datetime(year + 1, last.month, last.day) + _closing(last)  # noqa: DTZ001
    return begin, end


def _closing(end: Moment) -> timedelta:
    """A day without a time is frozen to its end."""
    return timedelta(days=1) if end.time is None else end.time


def _first(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the wall clock shows this or later."""
    found = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return found if _shows(found, zone) == wall else _turn(wall, zone)


def _last(wall: datetime, zone: ZoneInfo) -> datetime:
    """The last instant at which the wall clock shows this, or the one at which it jumps over it."""
    found = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return found if _shows(found, zone) == wall else _turn(wall, zone)


def _shows(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _turn(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the wall clock jumps over a time that it never shows (PEP 495: the two readings of that time lie around it)."""
    low, high = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (low, middle) if _shows(middle, zone) >= wall else (middle, high)
    return high
