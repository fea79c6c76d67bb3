"""Freezes that come weekly, yearly or once, against a walk over every minute of the wall clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workers.domain import calendar
from workers.domain.calendar import BadMoment, covers, following, period, windows

MINUTE = timedelta(minutes=1)
ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Africa/Casablanca")
CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
NIGHT = st.builds("{:02}:{:02}".format, st.integers(0, 3), st.integers(0, 59))


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def walked(begin: datetime, end: datetime, zone: str) -> tuple[datetime, datetime]:
    """From the first minute at which the wall clock shows `begin` or later, to the last at which it shows `end` or earlier."""
    start = begin.replace(tzinfo=UTC) - timedelta(hours=16)
    shown = [
        (now := start + n * MINUTE, now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0))
        for n in range(int((end - begin) / MINUTE) + 32 * 60)
    ]
    first = next(now for now, wall in shown if wall >= begin)
    last, wall = next((now, wall) for now, wall in reversed(shown) if wall <= end)
    return first, last if wall == end else last + MINUTE


@given(
    st.sampled_from(["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-02-15"]),
    NIGHT | CLOCK,
    st.integers(1, 40 * 60),
    st.sampled_from(ZONES),
)
@example("2026-03-29", "02:30", 60, "Europe/Amsterdam")
@example("2026-10-25", "02:30", 20, "Europe/Amsterdam")
@example("2026-10-25", "01:30", 30, "Europe/Amsterdam")
@example("2026-04-05", "01:45", 10, "Australia/Lord_Howe")
@settings(max_examples=60, deadline=None)
def test_a_window_is_what_a_walk_over_every_minute_finds(day: str, clock: str, lasts: int, zone: str) -> None:
    begin = datetime.fromisoformat(f"{day} {clock}")
    end = begin + timedelta(minutes=lasts)
    written = period(f"{begin:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}", zone)
    (found,) = windows(written, datetime(2026, 6, 1, tzinfo=UTC))
    assert (found.begins, found.ends) == walked(begin, end, zone)


@given(st.integers(0, 6), CLOCK, st.integers(0, 6), CLOCK, st.sampled_from(ZONES), st.integers(0, 2 * 365 * 24 * 60))
@settings(max_examples=80, deadline=None)
def test_a_weekly_freeze_covers_what_its_wall_clock_says(begins: int, at_: str, ends: int, until: str, zone: str, minutes: int) -> None:
    if (begins, at_) == (ends, until):
        return
    written = period(f"{calendar.DAYS[begins]} {at_}", f"{calendar.DAYS[ends]} {until}", zone)
    now = datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE
    wall = now.astimezone(ZoneInfo(zone))
    near = {(now + timedelta(hours=h)).astimezone(ZoneInfo(zone)).utcoffset() for h in (-3, 0, 3)}
    minute = (wall.weekday() * 24 + wall.hour) * 60 + wall.minute
    first, last = (day * 1440 + int(text[:2]) * 60 + int(text[3:]) for day, text in ((begins, at_), (ends, until)))
    inside = first <= minute < last if first < last else minute >= first or minute < last
    if len(near) == 1:  # the hours around a turn of the clock are the other test's
        assert (covers([written], now) is not None) == inside
    nearest = following([written], now)
    assert nearest is not None
    assert nearest.ends > now
    assert (nearest.begins <= now) == (covers([written], now) is not None)


def test_a_weekend_is_frozen_from_friday_to_monday() -> None:
    weekend = period("Fri 16:00", "Mon 08:00", "Europe/Amsterdam")
    found = covers([weekend], at("2026-11-28 12:00"))
    assert found is not None
    assert (found.begins, found.ends) == (at("2026-11-27 16:00", "Europe/Amsterdam"), at("2026-11-30 08:00", "Europe/Amsterdam"))
    assert covers([weekend], found.begins) is not None
    assert covers([weekend], found.begins - timedelta(seconds=1)) is None
    assert covers([weekend], found.ends) is None


@pytest.mark.parametrize(
    ("now", "inside"), [("2026-12-19 23:59", False), ("2026-12-20 00:00", True), ("2027-01-02 23:59", True), ("2027-01-03 00:00", False)]
)
def test_a_yearly_freeze_goes_over_the_end_of_the_year_and_its_last_day_is_whole(now: str, inside: bool) -> None:
    assert (covers([period("12-20", "01-02", "Asia/Kolkata")], at(now, "Asia/Kolkata")) is not None) == inside


def test_windows_that_follow_each_other_end_together() -> None:
    night, morning = period("Mon 22:00", "Tue 06:00", "UTC"), period("Tue 06:00", "Tue 09:00", "UTC")
    found = covers([night, morning], at("2026-11-23 23:00"))
    assert found is not None
    assert found.ends == at("2026-11-24 09:00")


def test_what_was_frozen_once_is_over() -> None:
    once = period("2026-12-20 18:00", "2026-12-21", "UTC")
    assert covers([once], at("2026-12-21 23:59")) is not None
    assert following([once], at("2026-12-22 00:00")) is None


WRONG = {
    ("Fri 16:00", "12-20", "UTC"): "write both in one form",
    ("Friday", "Mon", "UTC"): "is no moment",
    ("Fri 24:00", "Mon", "UTC"): "is no moment",
    ("02-30", "03-01", "UTC"): "not every year has",
    ("02-29", "03-01", "UTC"): "not every year has",
    ("2027-02-29", "2027-03-01", "UTC"): "does not exist",
    ("2026-12-20", "2026-12-19", "UTC"): "before it begins",
    ("Fri 16:00", "Fri 16:00", "UTC"): "never ends",
    ("Mon", "Sun", "UTC"): "never ends",
    ("01-01", "12-31", "UTC"): "never ends",
    ("Fri", "Mon", "Europe/Amsterdamn"): "no time zone",
    ("Fri", "Mon", "../../etc/localtime"): "no time zone",
    ("Fri", "Mon", "localtime"): "no time zone",
    ("Fri", "Mon", "right/UTC"): "no time zone",
}


@pytest.mark.parametrize("written", WRONG)
def test_what_cannot_come_is_told(written: tuple[str, str, str]) -> None:
    with pytest.raises(BadMoment, match=WRONG[written]):
        period(*written)
