"""What folders say of the rows below them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workers.adapters.rows.partitions import DAY, HOUR, Partition, of

THEN = datetime(2026, 11, 26, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "begin", "length"),
    [
        ("date=2026-11-26/a.parquet", THEN, DAY),
        ("x/dt=2026-11-26/a.parquet", THEN, DAY),
        ("2026-11-26/a.parquet", THEN, DAY),
        ("2026/11/26/a.parquet", THEN, DAY),
        ("x/2026/11/26/05/a.parquet", THEN + timedelta(hours=5), HOUR),
        ("year=2026/month=11/day=26/a.parquet", THEN, DAY),
        ("year=2026/month=11/day=26/hour=23/a.parquet", THEN + timedelta(hours=23), HOUR),
        ("date=2026-11-26/hour=05/a.parquet", THEN + timedelta(hours=5), HOUR),
    ],
)
def test_folders_say_a_day_or_an_hour(name: str, begin: datetime, length: timedelta) -> None:
    assert of(name) == Partition(begin=begin, end=begin + length)


@pytest.mark.parametrize(
    "name", ["a.parquet", "2026-11-26.parquet", "date=2026-13-40/a.parquet", "date=2026-11-26/hour=x/a.parquet", "20/11/26/a", "2026/11/a"]
)
def test_what_is_no_day_says_none(name: str) -> None:
    assert (of(name).begin, of(name).end) == (None, None)


def test_folders_say_whose_rows_they_are() -> None:
    assert of("model=fraud/version=v3.0.0-9f86d081884c/a.parquet") == Partition("fraud", "v3.0.0-9f86d081884c")
