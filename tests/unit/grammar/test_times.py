"""Times: each reading is one instant, and what could be two, or is on the wrong side of now, is refused with an example."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.grammar import depends_on_when
from bot.grammar.times import NOWHEN, Moment, NoTime, read, read_duration, span, zone
from bot.grammar.words import split
from workers.contract.names import Duration

HERE = ZoneInfo("Europe/Amsterdam")
WEDNESDAY = Moment(datetime(2026, 11, 25, 14, 0, tzinfo=UTC), HERE)
"""Three in the afternoon in Amsterdam."""
TO_COME = {
    "18:00": "2026-11-25T17:00:00.000Z",
    "today 18:00": "2026-11-25T17:00:00.000Z",
    "tomorrow 9:00": "2026-11-26T08:00:00.000Z",
    "Tomorrow 09:00": "2026-11-26T08:00:00.000Z",
    "fri 17:00": "2026-11-27T16:00:00.000Z",
    "Friday 17:00.": "2026-11-27T16:00:00.000Z",
    "wed 18:00": "2026-11-25T17:00:00.000Z",
    "wed 15:00": "2026-12-02T14:00:00.000Z",
    "2026-12-01": "2026-11-30T23:00:00.000Z",
    "2026-12-01 18:00": "2026-12-01T17:00:00.000Z",
    "2026-12-01 18:00 utc": "2026-12-01T18:00:00.000Z",
    "18:00 UTC": "2026-11-25T18:00:00.000Z",
    "2027-07-01 18:00": "2027-07-01T16:00:00.000Z",
    "2026-12-01T17:00:00.000Z": "2026-12-01T17:00:00.000Z",
    "in 2h": "2026-11-25T16:00:00.000Z",
    "in 90 minutes": "2026-11-25T15:30:00.000Z",
    "in 2 days": "2026-11-27T14:00:00.000Z",
}
PAST = {
    "9:00": "2026-11-25T08:00:00.000Z",
    "yesterday 9:00": "2026-11-24T08:00:00.000Z",
    "mon 9:00": "2026-11-23T08:00:00.000Z",
    "wed 9:00": "2026-11-25T08:00:00.000Z",
    "wed 18:00": "2026-11-18T17:00:00.000Z",
    "2026-11-01": "2026-10-31T23:00:00.000Z",
    "2h ago": "2026-11-25T12:00:00.000Z",
    "3 days ago": "2026-11-22T14:00:00.000Z",
}
NONE = {
    "9:00": "past", "2026-11-24 18:00": "past", "yesterday 9:00": "past", "tomorrow": "no single", "fri": "no single", "5": "no single",
    "2026-02-30": "no single", "2026-13-01 9:00": "no single", "18:00 fri": "no single", "18:00 19:00": "no single", "2h": "no single",
    "2h ago": "no single", "in 2h ago": "no single", "utc": "no single", "24:00": "no single", "17.30": "no single", "12-01 9:00": "no single",
    "2027-03-28 02:30": "twice or never", "2027-10-31 02:30": "twice or never",
}  # fmt: skip


@pytest.mark.parametrize(("said", "meant"), TO_COME.items())
def test_a_time_to_come(said: str, meant: str) -> None:
    assert span(split(said)) == len(split(said))
    assert read(split(said), WEDNESDAY, "until") == meant


@pytest.mark.parametrize(("said", "meant"), PAST.items())
def test_a_time_that_is_past_stands_after_since(said: str, meant: str) -> None:
    assert read(split(said), WEDNESDAY, "since") == meant


@pytest.mark.parametrize(("said", "why"), NONE.items())
def test_what_says_no_single_time_to_come_is_refused_with_a_reason(said: str, why: str) -> None:
    with pytest.raises(NoTime, match=why):
        read(split(said), WEDNESDAY, "until")


def test_what_is_to_come_does_not_stand_after_since() -> None:
    for said in ("18:00", "in 2h", "tomorrow 9:00"):
        with pytest.raises(NoTime):
            read(split(said), WEDNESDAY, "since")


def test_a_length_after_for_or_in_counts_from_now() -> None:
    assert read(split("2h"), WEDNESDAY, "for") == read(split("2 hours"), WEDNESDAY, "in") == "2026-11-25T16:00:00.000Z"


def test_without_a_moment_only_dates_are_times() -> None:
    assert read(split("2026-12-01 18:00"), NOWHEN, "until") == "2026-12-01T18:00:00.000Z"
    for said in ("18:00", "in 2h", "fri 17:00", "tomorrow 9:00"):
        with pytest.raises(NoTime, match="date"):
            read(split(said), NOWHEN, "until")


def test_the_night_in_which_clocks_are_set_is_said_in_utc() -> None:
    with pytest.raises(NoTime, match="2027-10-31 00:30 utc"):
        read(split("2027-10-31 02:30"), WEDNESDAY, "until")
    assert read(split("2027-10-31 00:30 utc"), WEDNESDAY, "until") == "2027-10-31T00:30:00.000Z"


def test_durations() -> None:
    assert read_duration(split("90 minutes")) == Duration.read("90m")
    for said in ("2 moons", "0h", "-2h", "2", "h"):
        with pytest.raises(NoTime):
            read_duration(split(said))


def test_an_unknown_zone_is_utc() -> None:
    assert zone("Europe/Amsterdam") == HERE
    assert zone("../../etc/passwd") == zone(None) == zone("Mars/Base") == UTC


def test_only_sentences_that_may_say_a_time_need_to_know_the_moment() -> None:
    assert depends_on_when("freeze prod until fri 17:00 because x")
    assert not depends_on_when("show status biopsy")
    assert not depends_on_when("approve")
