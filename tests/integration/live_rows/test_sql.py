"""Live rows by a query: of one DuckDB file, read-only, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.integration.live_rows.lane import NOW, Lane, table, times
from workers.contract.drift import Level
from workers.domain.policy.rules import LiveRows
from workers.ports.errors import BadContent, Unreachable

QUERY = "SELECT size, kind, label, seen_at FROM seen WHERE seen_at >= $begin AND seen_at < $end"


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    import pyarrow as pa  # noqa: PLC0415

    lane = Lane(tmp_path, rows=LiveRows("sql", database="env:WAREHOUSE", query=QUERY, time="seen_at"))
    lane.environ["WAREHOUSE"] = str(tmp_path / "warehouse.duckdb")
    rows = pa.table({**table(4000, seed=3), "seen_at": times(4000, NOW.replace(day=20), NOW)})  # noqa: F841  # the query names it
    with duckdb.connect(lane.environ["WAREHOUSE"]) as connection:
        connection.execute("CREATE TABLE seen AS SELECT * FROM rows")
    return lane


def asked(lane: Lane, query: str, time: str | None = "seen_at") -> Lane:
    lane.rows = LiveRows("sql", database="env:WAREHOUSE", query=query, time=time)
    return lane


def test_a_query_gives_rows(lane: Lane) -> None:
    found = lane.measure()
    assert (found.verdict, found.live.rows, found.problems) == (Level.NONE, 4000, ())
    assert found.source == "a query of WAREHOUSE"
    lane.read.clear()
    assert lane.measure().digest == found.digest


def test_rows_that_are_written_later_count(lane: Lane) -> None:
    lane.measure()
    with duckdb.connect(lane.environ["WAREHOUSE"]) as connection:
        connection.execute("INSERT INTO seen SELECT * REPLACE (size + 9 AS size) FROM seen")
    assert (lane.measure().live.rows, lane.measure().verdict) == (8000, Level.ALERT)


def test_a_query_without_times_gives_the_window_by_itself(lane: Lane) -> None:
    found = asked(lane, QUERY.replace("size, kind, label, seen_at", "size, kind, label"), None).measure()
    assert found.live.rows == 4000


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("SELECT 1; SELECT 2", "must be one SELECT"),
        ("DELETE FROM seen", "must be one SELECT"),
        ("COPY seen TO '/tmp/x.csv'", "must be one SELECT"),
        ("ATTACH '/tmp/other.db'", "must be one SELECT"),
        ("INSTALL httpfs", "must be one SELECT"),
        ("SET memory_limit = '64GB'", "must be one SELECT"),
        ("SELEC", "cannot be read"),
        ("SELECT * FROM nowhere", "does not run"),
        ("SELECT * FROM read_csv('/etc/passwd')", "does not run"),
        ("SELECT * FROM read_parquet('https://example.com/x.parquet')", "does not run"),
        ("SELECT * FROM seen WHERE size > $limit", r"asks for \$limit; it can be told \$begin and \$end"),
        ("SELECT a.size, string_agg(b.kind || c.kind) FROM seen a, seen b, seen c GROUP BY 1", "needs more than 256MB of memory"),
    ],
)
def test_what_is_no_harmless_query_is_refused(lane: Lane, query: str, why: str) -> None:
    with pytest.raises(BadContent, match=why):
        asked(lane, query, None).measure()


def test_times_without_a_zone_are_compared_in_utc_whatever_the_hosts_own_is(lane: Lane) -> None:
    query = QUERY + " AND current_setting('TimeZone') = 'UTC'"
    assert asked(lane, query).measure().live.rows == 4000


def test_a_database_that_is_not_there_or_none_is_said(lane: Lane) -> None:
    (lane.folder / "text.duckdb").write_text("no database\n" * 500)
    for value, error, why in (
        ("", BadContent, "this host has not set WAREHOUSE to a DuckDB file"),
        ("postgresql://user:hunter2@db/x", BadContent, "must be the path of a DuckDB file"),
        (str(lane.folder / "none.duckdb"), Unreachable, "No such file"),
        (str(lane.folder / "text.duckdb"), BadContent, "it is no DuckDB file"),
        ("hunter2", Unreachable, "No such file"),
    ):
        lane.environ["WAREHOUSE"] = value
        with pytest.raises(error, match=why) as told:
            lane.measure()
        assert "hunter2" not in str(told.value)
