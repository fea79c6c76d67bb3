"""A lane is measured: the reference from Git, live rows from Parquet, and nothing that cannot be told is told as *no drift*."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.integration.live_rows.lane import DRIFT, NOW, Lane, content, table, times
from workers.contract.drift import Level
from workers.domain.policy.rules import LiveRows
from workers.ports.errors import BadContent


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(tmp_path)


def rows(count: int = 3000, **columns: object) -> dict[str, object]:
    """Live rows over the last three days."""
    return {**table(count, seed=2), "seen_at": times(count), **columns}


def test_the_same_world_is_no_drift(lane: Lane) -> None:
    lane.put("biopsy/rows.parquet", rows())
    found = lane.measure()
    assert (found.verdict, found.problems) == (Level.NONE, ())
    assert found.text == "None of 2 columns drifted; the prediction did not."
    assert (found.reference.rows, found.live.rows, found.total) == (5000, 3000, 2)
    assert (found.live.begin, found.live.end, found.at) == (
        "2026-11-19T10:00:00.000Z",
        "2026-11-26T10:30:00.000Z",
        "2026-11-26T10:30:00.000Z",
    )
    assert {column.column for column in found.columns} == {"size", "kind"}
    assert found.prediction is not None and found.prediction.column == "label"
    assert found.approximate is not None and "off by at most 0.001" in found.approximate
    assert found.source == "biopsy"


def test_another_world_is_an_alert_that_names_what_moved(lane: Lane) -> None:
    lane.put("biopsy/rows.parquet", rows(**table(3000, seed=2, shift=3)))
    found = lane.measure()
    assert (found.verdict, found.columns[0].column, found.columns[0].verdict) == (Level.ALERT, "size", Level.ALERT)
    assert found.prediction is not None and found.prediction.verdict is Level.ALERT
    assert [bars.column for bars in found.bars] == ["label", "size", "kind"]


def test_the_window_decides_which_rows_count(lane: Lane) -> None:
    lane.put(
        "biopsy/old.parquet", {**table(2000, seed=3, shift=4), "seen_at": times(2000, NOW - timedelta(days=20), NOW - timedelta(days=8))}
    )
    lane.put("biopsy/new.parquet", rows())
    assert (lane.measure().verdict, lane.measure().live.rows) == (Level.NONE, 3000)
    assert lane.measure(timedelta(days=30)).verdict is Level.ALERT
    assert lane.measure(timedelta(days=1)).live.rows == pytest.approx(1020, abs=25)


def test_no_rows_are_too_few_and_the_newest_ones_are_told(lane: Lane) -> None:
    found = lane.measure()
    assert (found.verdict, found.live.rows) == (Level.TOO_FEW, 0)
    assert found.text.startswith("There are no live rows of biopsy v1.0.0 from 2026-11-19 10:00 UTC to 2026-11-26 10:30 UTC")
    lane.put("biopsy/rows.parquet", {**table(500), "seen_at": times(500, NOW - timedelta(days=20), NOW - timedelta(days=10))})
    assert "the newest ones known are of 2026-11-16" in lane.measure().text
    lane.put("biopsy/rows.parquet", {**table(500), "seen_at": times(500, NOW + timedelta(days=1), NOW + timedelta(days=2))})
    assert lane.measure().verdict is Level.TOO_FEW


def test_one_row_is_too_few(lane: Lane) -> None:
    lane.put("biopsy/rows.parquet", rows(1))
    found = lane.measure()
    assert (found.verdict, found.live.rows) == (Level.TOO_FEW, 1)
    assert "a verdict needs 200 on each side" in found.text


def test_a_version_without_a_reference_says_what_to_do(tmp_path: Path) -> None:
    lane = Lane(tmp_path, said="")
    with pytest.raises(BadContent, match=r"names no rows that drift could be measured against; name `drift: \{reference: FILE\}`"):
        lane.measure()


def test_a_reference_that_is_no_table_is_refused_in_words(tmp_path: Path) -> None:
    lane = Lane(tmp_path, reference=b"PAR1 hello PAR1")
    with pytest.raises(BadContent, match="it is torn, or neither Parquet nor CSV"):
        lane.measure()


def test_a_reference_may_be_a_csv(tmp_path: Path) -> None:
    made = table(2000)
    lines = ["size,kind,label,id", *(f"{a},{b},{c},{d}" for a, b, c, d in zip(*made.values(), strict=True))]
    lane = Lane(tmp_path, reference="\n".join(lines).encode())
    lane.put("biopsy/rows.parquet", rows())
    assert (lane.measure().verdict, lane.measure().reference.rows) == (Level.NONE, 2000)


def test_rows_of_other_versions_are_left_out(lane: Lane) -> None:
    versions = [lane.label] * 1000 + ["v0.9.0-000000000000"] * 2000
    shifted = np.concatenate([table(1000, seed=2)["size"], table(2000, shift=9)["size"]])
    lane.put("biopsy/rows.parquet", rows(size=shifted, version=versions))
    found = lane.measure()
    assert (found.verdict, found.live.rows) == (Level.NONE, 1000)
    assert found.remarks == ("2,000 rows of other versions were left out.",)
    lane.put("biopsy/rows.parquet", rows(version=["v0.9.0"] * 3000))
    found = lane.measure()
    assert (found.verdict, found.live.rows) == (Level.TOO_FEW, 0)
    assert found.text.endswith("; 3,000 rows there are of other versions.")


def test_partitions_name_versions_models_and_days(lane: Lane) -> None:
    lane.put(
        f"biopsy/version={lane.label}/date=2026-11-25/a.parquet",
        rows(400, seen_at=times(400, NOW - timedelta(hours=30), NOW - timedelta(hours=12))),
    )
    lane.put("biopsy/version=v9.0.0-abc/date=2026-11-25/a.parquet", b"never looked at")
    lane.put("biopsy/model=other/date=2026-11-25/a.parquet", b"never looked at")
    lane.put(f"biopsy/version={lane.label}/date=2026-10-01/a.parquet", b"never looked at")
    found = lane.measure()
    assert (found.verdict, found.live.rows, found.problems) == (Level.NONE, 400, ())


def test_days_are_enough_where_rows_have_no_times(lane: Lane) -> None:
    lane.rows = LiveRows("parquet", "biopsy")
    for day in ("2026-11-10", "2026-11-24", "2026-11-25", "2026-11-26"):
        lane.put(f"biopsy/date={day}/a.parquet", table(300, seed=int(day[-2:])))
    found = lane.measure()
    assert (found.live.rows, found.live.begin) == (900, "2026-11-19T00:00:00.000Z")
    lane.read.clear()
    assert lane.measure().digest == found.digest
    assert lane.read == ["date=2026-11-26/a.parquet"]


def test_without_times_or_days_all_rows_count(lane: Lane) -> None:
    lane.rows = LiveRows("parquet", "biopsy")
    lane.put("biopsy/a.parquet", table(300))
    assert lane.measure().live.rows == 300


def test_a_file_that_lacks_a_column_is_told_and_counts_as_missing(lane: Lane) -> None:
    lane.put("biopsy/new.parquet", rows(2000))
    renamed = rows(1000)
    renamed["size_mm"] = renamed.pop("size")
    lane.put("biopsy/old.parquet", renamed)
    found = lane.measure()
    assert found.verdict is Level.ALERT
    assert "1,000 of 3,000 rows come from files without the column size; it counts as missing there." in found.problems
    lane.put("biopsy/new.parquet", renamed)
    found = lane.measure()
    assert found.verdict is Level.BROKEN
    assert "size: no live row has this column" in found.text


def test_another_type_in_one_file_is_told(lane: Lane) -> None:
    lane.put("biopsy/a.parquet", rows(2800))
    lane.put("biopsy/b.parquet", rows(200, size=[f"{i} mm" for i in range(200)], seen_at=times(200)))
    found = lane.measure()
    assert "200 of 3,000 rows have another type in size; they count as missing." in found.problems
    lane.put("biopsy/b.parquet", rows(200, size=[str(value) for value in table(200)["size"]], seen_at=times(200)))
    assert (lane.measure().verdict, lane.measure().problems) == (Level.NONE, ())
    lane.put("biopsy/a.parquet", rows(2800, size=[[1.0]] * 2800))
    assert lane.measure().verdict is Level.BROKEN


def test_a_torn_file_among_good_ones_is_told_and_among_few_breaks_the_input(lane: Lane) -> None:
    for i in range(15):
        lane.put(f"biopsy/{i}.parquet", rows(200, seen_at=times(200), id=np.arange(200) + i))
    whole = content(rows(200))
    lane.put("biopsy/torn.parquet", whole[: len(whole) // 2])
    found = lane.measure()
    assert (found.verdict, found.live.rows) == (Level.NONE, 3000)
    assert found.text.endswith("1 of 16 files of live rows could not be read.")
    assert found.problems == ("torn.parquet could not be read: it is torn, or no Parquet.",)
    for i in range(5):
        lane.put(f"biopsy/torn-{i}.parquet", b"PAR1")
    found = lane.measure()
    assert found.verdict is Level.BROKEN
    assert found.text == "6 of 21 files of live rows could not be read; the rest says nothing for all of them."


def test_a_page_that_cannot_be_decoded_takes_no_rows_along(lane: Lane) -> None:
    for i in range(15):
        lane.put(f"biopsy/{i}.parquet", rows(200, id=np.arange(200) + i))
    spoilt = bytearray(content(rows(60_000), row_group_size=5000, compression="zstd"))
    page = parquet.read_metadata(io.BytesIO(spoilt)).row_group(8).column(0).data_page_offset
    spoilt[page + 40 : page + 3000] = bytes(2960)
    lane.put("biopsy/spoilt.parquet", bytes(spoilt))
    found = lane.measure()
    assert found.live.rows == 3000
    assert found.verdict is Level.BROKEN, "most bytes are in the file that is lost"
    assert "spoilt.parquet could not be read" in found.problems[0]
    assert lane.measure().digest == found.digest


def test_files_that_are_there_twice_count_once(lane: Lane) -> None:
    same = content(rows(1000))
    for name in ("a", "b", "date=2026-11-25/c"):
        lane.put(f"biopsy/{name}.parquet", same)
    lane.put("biopsy/other.parquet", rows(1000, id=np.arange(1000) + 1))
    found = lane.measure()
    assert found.live.rows == 2000
    assert "b.parquet holds the same bytes as a.parquet and was counted once." in found.problems


def test_times_without_a_zone_count_as_utc_and_the_report_says_so(lane: Lane) -> None:
    naive = times(3000).cast(pa.timestamp("us"))
    lane.put("biopsy/a.parquet", rows(seen_at=naive))
    found = lane.measure(timedelta(days=1))
    assert found.problems == ("The times in seen_at say no time zone and count as UTC.",)
    other = Lane(lane.folder / "other")
    amsterdam = times(3000).cast(pa.timestamp("ns", "Europe/Amsterdam"))
    other.put("biopsy/a.parquet", rows(seen_at=amsterdam))
    told = other.measure(timedelta(days=1))
    assert (told.live.rows, told.problems) == (found.live.rows, ())
    texts = pa.array([f"{one:%Y-%m-%dT%H:%M:%S}+00:00" for one in times(3000).to_pylist()])
    other.put("biopsy/a.parquet", rows(seen_at=texts))
    assert other.measure(timedelta(days=1)).live.rows == pytest.approx(found.live.rows, abs=1)


@pytest.mark.parametrize("seen_at", [np.arange(3000), np.array(["soon"] * 3000)])
def test_a_column_that_holds_no_times_is_told(lane: Lane, seen_at: object) -> None:
    lane.put("biopsy/a.parquet", rows(seen_at=seen_at))
    found = lane.measure()
    assert found.verdict is Level.BROKEN
    assert "its column of times" in found.problems[0]


def test_a_file_without_the_column_of_times_is_told(lane: Lane) -> None:
    lane.put("biopsy/a.parquet", table(1000))
    assert "it has no column seen_at, which says when a row was seen" in lane.measure().problems[0]


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "biopsy/../../x", "."])
def test_no_path_leads_out_of_the_hosts_folder(lane: Lane, path: str) -> None:
    lane.rows = LiveRows("parquet", path, time="seen_at")
    with pytest.raises(BadContent, match="live rows"):
        lane.measure()


def test_links_are_not_followed(lane: Lane) -> None:
    outside = lane.folder / "outside"
    outside.mkdir()
    (outside / "rows.parquet").write_bytes(content(rows()))
    (lane.live / "linked").symlink_to(outside)
    lane.rows = LiveRows("parquet", "linked", time="seen_at")
    with pytest.raises(BadContent, match="is a link, or leads through one"):
        lane.measure()
    lane.rows = LiveRows("parquet", "biopsy", time="seen_at")
    for i in range(20):
        lane.put(f"biopsy/{i}.parquet", rows(100, id=np.arange(100) + i))
    (lane.live / "biopsy/rows.parquet").symlink_to(outside / "rows.parquet")
    (lane.live / "biopsy/folder").symlink_to(outside)
    found = lane.measure()
    assert found.live.rows == 2000
    assert found.problems == ("rows.parquet could not be read: it is a link, which is never followed.",)


def test_a_host_that_has_no_folder_for_live_rows_says_which_setting_it_lacks(lane: Lane) -> None:
    lane.live = None  # type: ignore[assignment]
    with pytest.raises(BadContent, match="set TOWPATH_LIVE_ROWS"):
        lane.measure()


def test_missing_values_are_counted_whatever_they_look_like(lane: Lane) -> None:
    size = table(3000, seed=2)["size"]
    size[:600] = np.nan
    size[600:700] = np.inf
    lane.put("biopsy/a.parquet", rows(size=pa.array([None if i >= 2900 else value for i, value in enumerate(size)])))
    found = lane.measure()
    (column,) = (one for one in found.columns if one.column == "size")
    assert column.missing_change == "0.2667"


def test_what_is_said_of_the_output_is_told_when_the_reference_lacks_it(tmp_path: Path) -> None:
    lane = Lane(tmp_path, said=DRIFT.replace("label", "diagnosis"))
    lane.put("biopsy/a.parquet", rows())
    found = lane.measure()
    assert found.prediction is None
    assert "The reference has no column diagnosis, so predictions are not compared." in found.problems
