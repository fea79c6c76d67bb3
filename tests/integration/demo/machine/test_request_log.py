"""The model server's request log: whole lines of what clients asked, nothing of Towpath's own questions, and answers that never wait for it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from demo.model_server import request_log
from demo.model_server.request_log import Answered, RequestLog

from .onnx_files import identity
from .standing import standing

ONE = Answered("fraud", "v1", "r-1", [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": [1.5]}], [{"name": "y", "data": [2]}])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "requests"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(folder.rglob("*.jsonl")) for line in path.read_bytes().splitlines()]


async def test_a_line_says_what_was_asked_and_answered(tmp_path: Path, folder: Path) -> None:
    begun = datetime.now(UTC)
    given = {"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]}
    async with standing(tmp_path / "store", folder) as asker:
        await asker.load("v1", identity())
        await asker.default("v1")
        answer = await asker.post("/v2/models/fraud/infer", {"id": "order-7", "inputs": [given]})
        await asker.infer((5.0, 6.0), version="v1")
    named, unnamed = lines(folder)
    assert (named["id"], named["model"], named["version"]) == ("order-7", "fraud", "v1")
    assert (named["inputs"], named["outputs"]) == ([given], answer.body["outputs"])
    assert begun.timestamp() - 1 <= datetime.fromisoformat(named["time"]).timestamp() <= datetime.now(UTC).timestamp()
    assert len(unnamed["id"]) == 36
    (path,) = folder.rglob("*.jsonl")
    assert re.fullmatch(r"fraud/\d{4}-\d\d-\d\d/\d\d-[0-9a-f-]{36}\.jsonl", path.relative_to(folder).as_posix())


async def test_what_the_model_does_not_take_can_be_logged_beside_its_inputs(tmp_path: Path, folder: Path) -> None:
    given = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
    truth = {"name": "fraud", "shape": [1], "datatype": "INT64", "data": [1]}
    async with standing(tmp_path / "store", folder) as asker:
        await asker.load("v1", identity())
        await asker.default("v1")
        address = "/v2/models/fraud/infer"
        answer = await asker.post(address, {"inputs": [given], "parameters": {"logged": [truth]}})
        assert answer.status == 200
        for wrong in ({"logged": truth}, {"logged": [truth, truth]}, {"logged": ["fraud"]}):
            assert (await asker.post(address, {"inputs": [given], "parameters": wrong})).status == 400
    (line,) = lines(folder)
    assert line["inputs"] == [given, truth]
    assert [one["name"] for one in line["outputs"]] == [one["name"] for one in answer.body["outputs"]]


async def test_golden_predictions_and_refused_requests_are_no_traffic(tmp_path: Path, folder: Path) -> None:
    async with standing(tmp_path / "store", folder) as asker:
        await asker.load("v1", identity())
        await asker.default("v1")
        tensor = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}
        headers = {"User-Agent": "towpath"}
        async with asker.session.post(f"{asker.url}/v2/models/fraud/infer", json={"inputs": [tensor]}, headers=headers) as answer:
            assert answer.status == 200
        assert (await asker.post("/v2/models/fraud/infer", {"inputs": []})).status == 400
    assert lines(folder) == []


async def test_a_log_that_cannot_be_written_fails_no_request(tmp_path: Path, folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    async with standing(tmp_path / "store", folder) as asker:
        await asker.load("v1", identity())
        await asker.default("v1")
        assert (await asker.infer()).status == 200


def test_two_logs_share_a_folder_without_mixing_lines(folder: Path) -> None:
    logs = [RequestLog(folder) for _ in range(2)]
    for _ in range(200):
        for log in logs:
            log.add(ONE)
    for log in logs:
        log.close()
    assert len(lines(folder)) == 400


def test_a_file_and_a_line_have_a_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "LARGEST_FILE", 1000)
    monkeypatch.setattr(request_log, "LARGEST_LINE", 400)
    log = RequestLog(folder)
    for _ in range(20):
        log.add(ONE)
    log.add(Answered("fraud", "v1", "x" * 500, [], []))
    log.close()
    assert len(lines(folder)) == 20
    assert all(path.stat().st_size <= 1000 for path in folder.rglob("*.jsonl"))


def test_a_day_has_a_limit_that_a_restart_does_not_forget(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "LARGEST_DAY", 1000)
    for _ in range(2):
        log = RequestLog(folder)
        for _ in range(10):
            log.add(ONE)
        log.close()
    assert 0 < sum(path.stat().st_size for path in folder.rglob("*.jsonl")) <= 1000


def test_old_days_are_forgotten_and_slashes_make_no_folders(folder: Path) -> None:
    old = folder / "risk%2Ffraud" / "2026-01-01"
    old.mkdir(parents=True)
    (old / "07-old.jsonl").write_text("{}\n")
    log = RequestLog(folder)
    log.add(Answered("risk/fraud", "v1", None, [], []))
    log.close()
    assert [path.name for path in folder.iterdir()] == ["risk%2Ffraud"]
    assert len(list((folder / "risk%2Ffraud").iterdir())) == 1
    assert not old.exists()
