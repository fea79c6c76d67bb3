"""Logs of model servers become rows: the demo server's request log and KServe's payload log, as they are and as they should not be."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from tests.integration.live_rows.lane import NOW, Lane, content
from workers.contract.drift import Level
from workers.domain.policy.rules import LiveRows

SAID = "drift: {reference: drift/reference.parquet, prediction: label, score: probabilities, positive: 1, ignore: [id]}\n"
INPUTS = ("radius", "texture", "area")


def values(rows: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal([10 + shift, 20, 500], [2, 4, 90], (rows, 3))


def answers(inputs: np.ndarray) -> tuple[list[int], list[float]]:
    score = 1 / (1 + np.exp(-(inputs[:, 0] - 12)))
    return [int(one) for one in score > 0.5], [float(one) for one in score]


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    inputs = values(4000, 1)
    label, score = answers(inputs)
    columns: dict[str, Any] = {name: inputs[:, i] for i, name in enumerate(INPUTS)}
    reference = content(columns | {"id": np.arange(4000), "label": label, "probabilities": score})
    return Lane(tmp_path, said=SAID, reference=reference, rows=LiveRows("requests", "requests"))


def line(lane: Lane, at: datetime, inputs: np.ndarray, **changes: Any) -> bytes:
    """A line of the request log."""
    label, score = answers(inputs)
    n = len(inputs)
    said = {
        "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "id": "r",
        "model": "biopsy",
        "version": lane.label,
        "inputs": [{"name": "features", "shape": [n, 3], "datatype": "FP32", "data": inputs.ravel().tolist()}],
        "outputs": [
            {"name": "label", "shape": [n], "datatype": "INT64", "data": label},
            {"name": "probabilities", "shape": [n, 2], "datatype": "FP32", "data": [p for one in score for p in (1 - one, one)]},
        ],
    }
    return json.dumps(said | changes).encode() + b"\n"


def put_hours(lane: Lane, hours: int = 6, shift: float = 0.0) -> list[Path]:
    """A file for each of the last hours, with 20 requests of 10 rows each."""
    found = []
    for ago in range(hours):
        begin = NOW.replace(minute=0) - timedelta(hours=ago)
        content = b"".join(line(lane, begin + timedelta(minutes=i), values(10, ago * 100 + i, shift)) for i in range(20))
        found.append(lane.put(f"requests/biopsy/{begin:%Y-%m-%d}/{begin:%H}-0c6b.jsonl", content))
    return found


def test_the_request_log_is_measured_by_the_references_columns(lane: Lane) -> None:
    put_hours(lane)
    found = lane.measure()
    assert (found.verdict, found.live.rows, found.problems) == (Level.NONE, 1200, ())
    assert {column.column for column in found.columns} == {*INPUTS}
    assert found.prediction is not None and found.prediction.column == "probabilities" and found.prediction.verdict is Level.NONE
    put_hours(lane, shift=3)
    shifted = lane.measure()
    assert (shifted.verdict, shifted.live.rows) == (Level.ALERT, 1200)
    assert {column.column for column in shifted.columns if column.verdict is Level.ALERT} == {"radius"}
    assert shifted.prediction is not None and shifted.prediction.verdict is Level.ALERT


def test_a_closed_file_is_taken_up_once_and_a_growing_one_again(lane: Lane) -> None:
    files = put_hours(lane)
    lane.measure()
    kept = {place: place.stat().st_mtime_ns for place in (lane.own / "compacted").rglob("*.parquet")}
    assert len(kept) == 6
    with files[0].open("ab") as open_file:
        open_file.write(line(lane, NOW - timedelta(minutes=1), values(100, 77)))
    assert lane.measure().live.rows == 1300
    now = {place: place.stat().st_mtime_ns for place in (lane.own / "compacted").rglob("*.parquet")}
    assert len(now) == 6
    assert len(kept.items() & now.items()) == 5


def test_a_half_written_last_line_is_left_for_later(lane: Lane) -> None:
    files = put_hours(lane)
    whole = line(lane, NOW - timedelta(minutes=1), values(100, 77))
    with files[0].open("ab") as open_file:
        open_file.write(whole[:-400])
    found = lane.measure()
    assert (found.live.rows, found.problems) == (1200, ())
    with files[0].open("ab") as open_file:
        open_file.write(whole[-400:])
    assert lane.measure().live.rows == 1300


def test_what_was_killed_while_it_compacted_is_begun_anew(lane: Lane) -> None:
    put_hours(lane)
    whole = lane.measure()
    units = sorted((lane.own / "compacted").glob("*/*"))
    torn = next(units[0].iterdir())
    (torn / "told.json").unlink()
    (units[1] / ".writing-x").mkdir()
    (units[1] / ".writing-x" / "0.parquet").write_bytes(b"PAR1")
    (units[2] / "0123456789abcdef").mkdir()
    (units[2] / "0123456789abcdef" / "0.parquet").write_bytes(next(units[2].rglob("*.parquet")).read_bytes())
    again = lane.measure()
    assert (again.live.rows, again.columns, again.problems) == (whole.live.rows, whole.columns, ())


def test_a_log_that_is_removed_takes_its_rows_along(lane: Lane) -> None:
    files = put_hours(lane)
    lane.measure()
    files[3].unlink()
    assert lane.measure().live.rows == 1000


BAD = {
    "no JSON": b'{"time": \n',
    "no object": b"[1, 2]\n",
    "deep": b"[" * 100_000 + b"\n",
    "without a time": b'{"inputs": [{"name": "x", "shape": [1], "data": [1]}]}\n',
    "no list of tensors": b'{"time": "2026-11-26T05:00:00Z", "inputs": {"a": 1}}\n',
    "a tensor whose shape does not fit its data": b'{"time": "2026-11-26T05:00:00Z", "inputs": [{"name": "x", "shape": [2, 3], "data": [1]}]}\n',
    "a tensor without a shape": b'{"time": "2026-11-26T05:00:00Z", "inputs": [{"name": "x", "shape": [-1], "data": [1]}]}\n',
    "huge": b'{"time": "2026-11-26T05:00:00Z", "inputs": [{"name": "x", "shape": [1000000000, 1000000000], "data": []}]}\n',
    "lists in lists": b'{"time": "2026-11-26T05:00:00Z", "inputs": [{"name": "x", "shape": [1], "data": '
    + b"[" * 30
    + b"1"
    + b"]" * 30
    + b"}]}\n",
    "objects": b'{"time": "2026-11-26T05:00:00Z", "inputs": [{"name": "x", "shape": [1], "data": [{"a": 1}]}]}\n',
    "bytes": b"\xff\xfe\x00\n",
    "without a name": b'{"time": "2026-11-26T05:00:00Z", "inputs": [{"shape": [1], "data": [1]}]}\n',
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_line_is_told_and_costs_no_other(lane: Lane, bad: bytes) -> None:
    files = put_hours(lane)
    files[2].write_bytes(files[2].read_bytes() + bad + line(lane, NOW - timedelta(hours=1), values(10, 5)))
    found = lane.measure()
    assert (found.verdict, found.live.rows) == (Level.NONE, 1210)
    assert found.problems[0].startswith("1 lines of the log could not be used: 1 ")
    assert "lines of the log could not be used" in found.text


def test_a_line_of_ten_megabytes_is_passed_over(lane: Lane) -> None:
    files = put_hours(lane)
    files[2].write_bytes(b'{"time": "' + b"x" * (10 << 20) + b'"}\n' + files[2].read_bytes())
    found = lane.measure()
    assert found.live.rows == 1200
    assert found.problems == ("1 lines of the log could not be used: 1 longer than 8 MB.",)


def test_too_many_bad_lines_break_the_input(lane: Lane) -> None:
    files = put_hours(lane)
    files[2].write_bytes(files[2].read_bytes() + BAD["no JSON"] * 400)
    found = lane.measure()
    assert found.verdict is Level.BROKEN
    assert found.text.startswith("400 of 1,600 lines of the log could not be used")


def test_values_that_are_no_numbers_and_other_widths_count_as_missing(lane: Lane) -> None:
    put_hours(lane)
    nan = values(100, 8)
    nan[:, 1] = np.nan
    begin = NOW - timedelta(hours=2)
    lane.put(f"requests/biopsy/{begin:%Y-%m-%d}/{begin:%H}-nan.jsonl", line(lane, begin, nan))
    huge = json.loads(line(lane, begin, values(1, 9)))
    huge["inputs"][0]["data"] = [10**400, "text", True]
    lane.put(f"requests/biopsy/{begin:%Y-%m-%d}/{begin:%H}-huge.jsonl", json.dumps(huge).encode() + b"\n")
    wide = json.loads(line(lane, begin, values(3, 9)))
    wide["inputs"][0] |= {"shape": [3, 4], "data": [1.0] * 12}
    lane.put(f"requests/biopsy/{begin:%Y-%m-%d}/{begin:%H}-wide.jsonl", json.dumps(wide).encode() + b"\n")
    found = lane.measure()
    assert found.live.rows == 1304
    (texture,) = (one for one in found.columns if one.column == "texture")
    assert float(texture.missing_change or 0) == pytest.approx(104 / 1304, abs=1e-3)


def test_requests_of_other_versions_and_models_are_left_out(lane: Lane) -> None:
    put_hours(lane)
    other = line(lane, NOW - timedelta(minutes=9), values(50, 4, 30), version="v0.9.0-0123456789ab")
    lane.put(f"requests/biopsy/{NOW:%Y-%m-%d}/10-other.jsonl", other)
    lane.put(f"requests/churn/{NOW:%Y-%m-%d}/10-other.jsonl", line(lane, NOW, values(50, 4, 30)))
    found = lane.measure()
    assert found.live.rows == 1200
    assert found.remarks == ("50 rows of other versions were left out.",)


def event(kind: str, key: str, at: datetime, body: Any, **changes: Any) -> bytes:
    """A CloudEvent of KServe's logger."""
    said = {
        "specversion": "1.0",
        "id": key,
        "source": "http://biopsy",
        "type": f"org.kubeflow.serving.inference.{kind}",
        "time": at.isoformat(),
    }
    return json.dumps(said | {"data": body} | changes).encode() + b"\n"


@pytest.mark.parametrize("form", ["v1", "v2", "v1 by name", "text", "base64"])
def test_kserves_payload_log_is_joined_and_measured(lane: Lane, form: str) -> None:
    lane.rows = LiveRows("kserve", "payloads/{artifact}")
    for i in range(120):
        inputs = values(10, i)
        label, score = answers(inputs)
        request: dict[str, Any] = {"instances": inputs.tolist()}
        response: dict[str, Any] = {"predictions": [{"label": a, "probabilities": b} for a, b in zip(label, score, strict=True)]}
        if form == "v1 by name":
            request = {"instances": [dict(zip(INPUTS, row, strict=True)) for row in inputs.tolist()]}
        if form == "v2":
            said = json.loads(line(lane, NOW, inputs))
            request, response = {"inputs": said["inputs"]}, {"model_version": "1", "outputs": said["outputs"]}
        at = NOW - timedelta(minutes=2 * i + 1)
        changes: list[dict[str, Any]] = [{}, {}]
        if form == "text":
            changes = [{"data": json.dumps(body)} for body in (request, response)]
        if form == "base64":
            changes = [{"data": None, "data_base64": base64.b64encode(json.dumps(body).encode()).decode()} for body in (request, response)]
        folder = f"payloads/biopsy/{at:%Y-%m-%d/%H}"
        lane.put(f"{folder}/{i}-request.json", event("request", str(i), at, request, **changes[0]).rstrip())
        lane.put(f"{folder}/{i}-response.json", event("response", str(i), at, response, **changes[1]))
    found = lane.measure()
    assert (found.verdict, found.live.rows, found.problems) == (Level.NONE, 1200, ())
    assert found.prediction is not None and found.prediction.verdict is Level.NONE and found.prediction.psi is not None
    assert {column.column for column in found.columns} == {*INPUTS}


def test_a_request_without_a_response_is_a_row_and_strange_events_are_told(lane: Lane) -> None:
    lane.rows = LiveRows("kserve", "payloads")
    good = [event("request", str(i), NOW - timedelta(minutes=i + 1), {"instances": values(10, i).tolist()}) for i in range(30)]
    bad = [
        event("explain", "x", NOW, {"instances": [[1, 2, 3]]}),
        event("request", "y", NOW, "{"),
        event("request", "z", NOW, {"instances": [[1], [1, 2]]}),
    ]
    lane.put("payloads/log.jsonl", b"".join((*good, *bad)))
    found = lane.measure()
    assert found.live.rows == 300
    assert "3 of 303 lines of the log could not be used" in found.text
    assert found.verdict is Level.NONE
    assert "Live rows have no column label, so it is not compared." in found.problems


def test_a_log_is_kept_as_columns_with_their_times(lane: Lane) -> None:
    put_hours(lane, hours=1)
    lane.measure()
    (place,) = (lane.own / "compacted").rglob("*.parquet")
    kept = parquet.read_table(place)
    assert kept.schema.names == [
        "label", "probabilities.0", "probabilities.1", "features.0", "features.1", "features.2", "towpath.time", "towpath.version",
    ]  # fmt: skip
    assert str(kept.schema.field("towpath.time").type) == "timestamp[us, tz=UTC]"
