"""Live rows in an object store, over real HTTP: what is asked for, with which credentials, and what is said when it does not answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.live_rows.lane import NOW, Lane, table, times
from tests.integration.live_rows.s3 import serving
from workers.contract.drift import Level
from workers.domain.policy.rules import LiveRows
from workers.ports.errors import BadContent, WorldError


def rows(day: int) -> dict[str, object]:
    begin = NOW.replace(day=day, hour=0, minute=0)
    return {**table(1500, seed=day), "seen_at": times(1500, begin, min(NOW, begin + timedelta(days=1)))}


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    lane = Lane(tmp_path, rows=LiveRows("parquet", "s3://logs/{environment}/{artifact}", time="seen_at"))
    for day in (10, 24, 25):
        lane.put(f"logs/prod/biopsy/date=2026-11-{day}/a.parquet", rows(day))
    lane.put("logs/prod/biopsy-2/date=2026-11-25/a.parquet", rows(25))
    return lane


def test_rows_are_read_by_ranges_and_partitions_that_do_not_count_never(lane: Lane) -> None:
    with serving(lane.live, "AKIDTEST") as (url, seen):
        lane.environ |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIDTEST",
            "AWS_SECRET_ACCESS_KEY": "hunter2",
            "AWS_REGION": "eu-west-1",
        }
        found = lane.measure()
        assert (found.verdict, found.live.rows, found.problems) == (Level.NONE, 3000, ())
        assert found.source == "s3://logs/prod/biopsy" or found.source.startswith("s3://")
        assert not [request for request in seen if "date=2026-11-10" in request and request.startswith("GET")]
        seen.clear()
        assert lane.measure().digest == found.digest
        assert not [request for request in seen if request.endswith("a.parquet")], "what is kept is not read again"


def test_who_may_not_read_is_told_so_and_no_secret_is(lane: Lane) -> None:
    with serving(lane.live, "AKIDOTHER") as (url, _):
        lane.environ |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "AKIDTEST",
            "AWS_SECRET_ACCESS_KEY": "hunter2",
            "AWS_REGION": "eu-west-1",
        }
        with pytest.raises(WorldError, match="the credentials do not allow it") as told:
            lane.measure()
    assert "hunter2" not in str(told.value) and "AKIDTEST" not in str(told.value)


@pytest.mark.parametrize("path", ["s3://", "s3:///x", "s3://logs/../other"])
def test_a_path_without_a_bucket_or_with_steps_up_is_refused(lane: Lane, path: str) -> None:
    lane.rows = LiveRows("parquet", path, time="seen_at")
    with pytest.raises(BadContent, match="names no bucket, or has"):
        lane.measure()
