"""What was read once is not read again, however the window moves, and what changes is."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.integration.live_rows.lane import NOW, Lane, table, times


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    lane = Lane(tmp_path)
    for ago in range(12):
        day = NOW.replace(hour=0, minute=0) - timedelta(days=ago)
        end = min(day + timedelta(days=1), NOW)
        columns = {**table(480, seed=ago, shift=ago / 10), "seen_at": times(480, day, end)}
        lane.put(f"biopsy/date={day:%Y-%m-%d}/rows.parquet", columns)
    return lane


def days(lane: Lane) -> set[str]:
    found = {name.partition("/")[0].removeprefix("date=2026-11-") for name in lane.read}
    lane.read.clear()
    return found


def test_nothing_is_read_again_while_nothing_is_new(lane: Lane) -> None:
    first = lane.measure()
    assert days(lane) == {"19", "20", "21", "22", "23", "24", "25", "26"}
    lane.now += timedelta(minutes=5)
    again = lane.measure()
    assert days(lane) == set()
    assert (again.digest, again.columns) == (first.digest, first.columns)


def test_rows_that_are_still_to_come_keep_their_hour_open(lane: Lane) -> None:
    hour = NOW.replace(minute=0)
    lane.put("biopsy/date=2026-11-26/ahead.parquet", {**table(600, seed=1), "seen_at": times(600, hour, hour + timedelta(hours=1))})
    before = lane.measure().live.rows
    lane.read.clear()
    lane.now += timedelta(minutes=15)
    assert (lane.measure().live.rows, days(lane)) == (before + 150, {"26"})


def test_a_window_that_moves_on_reads_what_is_new(lane: Lane) -> None:
    lane.measure()
    days(lane)
    lane.now += timedelta(days=2, hours=3)
    moved = lane.measure()
    assert days(lane) == {"26"}, "the hours of the day that was open"
    fresh = Lane(lane.folder / "fresh", now=lane.now)
    fresh.live = lane.live
    assert fresh.measure().columns == moved.columns


def test_a_longer_window_reads_only_the_days_before(lane: Lane) -> None:
    lane.measure()
    days(lane)
    lane.measure(timedelta(days=10))
    assert days(lane) == {"16", "17", "18", "19"}


def test_a_file_that_comes_late_changes_its_day_alone(lane: Lane) -> None:
    lane.measure()
    days(lane)
    day = NOW.replace(hour=0, minute=0) - timedelta(days=3)
    late = {**table(900, seed=50, shift=5), "seen_at": times(900, day, day + timedelta(hours=2))}
    lane.put("biopsy/date=2026-11-23/late.parquet", late)
    found = lane.measure()
    assert days(lane) == {"23"}
    assert found.live.rows == pytest.approx(7 * 480 + 900 + 270, abs=40)


def test_another_reference_has_profiles_of_its_own(lane: Lane) -> None:
    lane.measure()
    days(lane)
    assert lane.version.drift_digest
    other = Lane(lane.folder / "other", reference=b"size,kind,label,id\n" + b"1.5,a,benign,1\n2.5,b,benign,2\n" * 300)
    other.live, other.own = lane.live, lane.own
    other.measure()
    assert days(other) >= {"20", "25"}


def test_profiles_that_were_lost_or_spoilt_are_made_again(lane: Lane) -> None:
    first = lane.measure()
    for i, place in enumerate(sorted(path for path in (lane.own / "profiles").rglob("*") if path.is_file())):
        place.write_bytes([b"", b"towpath window profile 1 \n", place.read_bytes()[:-7]][i % 3])
    days(lane)
    assert lane.measure().digest == first.digest
    assert days(lane) >= {"20", "25"}


def test_rows_of_one_unsorted_file_fall_into_their_hours(tmp_path: Path) -> None:
    lane = Lane(tmp_path)
    order = np.random.default_rng(5).permutation(4000)
    whole = {**table(4000, seed=9), "seen_at": times(4000)}
    lane.put(
        "biopsy/a.parquet", {name: np.asarray(column)[order] if name != "seen_at" else column.take(order) for name, column in whole.items()}
    )
    shuffled = lane.measure(timedelta(days=1))
    sorted_ = Lane(tmp_path / "sorted")
    sorted_.put("biopsy/a.parquet", whole)
    assert shuffled.columns == sorted_.measure(timedelta(days=1)).columns
    assert shuffled.live.rows == sorted_.measure(timedelta(days=1)).live.rows
