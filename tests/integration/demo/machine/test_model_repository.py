"""The write side: load beside, flip, unload; fences, operation ids, digests; nothing fails while versions change."""

import asyncio
import base64
import hashlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from demo.model_server import digest, messages
from demo.model_server.messages import Load, Operation, Unload
from demo.model_server.refusals import Refused
from demo.model_server.repository import Repository
from demo.model_server.shelf import SLOTS
from demo.model_server.store import Store

from .onnx_files import identity, model_of, negation
from .standing import Answer, Asker

BROKEN = b"this is no model"


async def test_a_load_shows_the_digest_and_leaves_the_default(serving: Asker) -> None:
    content = negation()
    line = f"{hashlib.sha256(content).hexdigest()} {len(content)} model.onnx\n"
    answer = await serving.load("v2", content)
    assert answer.body["parameters"] == {
        "result": "done",
        "version": "v2",
        "digest": f"sha256:{hashlib.sha256(line.encode()).hexdigest()}",
        "default_version": "v1",
        "fence": None,
    }
    assert (await serving.infer()).data == [1.0, 2.0]
    assert (await serving.infer(version="v2")).data == [-1.0, -2.0]


async def test_the_digest_covers_all_files_sorted_by_the_bytes_of_their_paths(server: Asker, tmp_path: Path) -> None:
    files = {"b/weights.bin": b"2", "model.onnx": identity(), "a.txt": b"1", "é.txt": b"3", "b-c.txt": b"4"}
    answer = await server.load("v1", files)
    order = ["a.txt", "b-c.txt", "b/weights.bin", "model.onnx", "é.txt"]
    lines = "".join(f"{hashlib.sha256(files[path]).hexdigest()} {len(files[path])} {path}\n" for path in order)
    expected = f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"
    assert answer.body["parameters"]["digest"] == expected
    assert digest.of_folder(tmp_path / "store" / "models" / "fraud" / "versions" / "v1") == expected


async def test_another_entry_is_opened_when_the_config_says_so(server: Asker) -> None:
    config = '{"default_model_filename": "net/fraud.onnx", "max_batch_size": 8}'
    assert (await server.load("v1", {"net/fraud.onnx": identity()}, config=config)).status == 200
    assert (await server.metadata("v1")).body["parameters"]["entry"] == "net/fraud.onnx"


async def test_the_same_version_again_is_already_there_and_another_is_a_conflict(serving: Asker) -> None:
    assert (await serving.load("v1", identity())).result == "already"
    clash = await serving.load("v1", negation())
    assert (clash.status, clash.result) == (409, "conflict")
    assert (await serving.infer()).data == [1.0, 2.0]


@pytest.mark.parametrize(
    "content",
    [
        BROKEN,
        b"",
        identity()[:-20],
        model_of("NoSuchOperator", "FP32", ("rows", 2)),
        model_of("Identity", "FP32", ("rows", 2), answers="INT64"),
        model_of("Identity", "FP32", ("rows", 2), domain="com.example.unknown"),
        model_of("MatMul", "FP32", ("rows", 2), operands=2),  # opens, but cannot answer a single row
    ],
    ids=["text", "empty", "cut short", "unknown operator", "wrong type", "unknown domain", "fails the probe"],
)
async def test_a_corrupt_model_leaves_nothing_behind(serving: Asker, tmp_path: Path, content: bytes) -> None:
    before = sorted((tmp_path / "store").rglob("*"))
    answer = await serving.load("v2", content)
    assert (answer.status, answer.result) == (409, "corrupt")
    assert str(tmp_path) not in answer.body["error"]
    assert sorted((tmp_path / "store").rglob("*")) == before
    assert (await serving.metadata()).body["versions"] == ["v1"]
    assert (await serving.infer()).data == [1.0, 2.0]
    assert (await serving.load("v2", negation())).result == "done"


@pytest.mark.parametrize(
    "path",
    [
        "../model.onnx",
        "/model.onnx",
        "a//model.onnx",
        "./model.onnx",
        "a\\model.onnx",
        "a/../model.onnx",
        "c:model.onnx",
        "model\n.onnx",
        "model\u202e.onnx",
        "x" * 300,
        "/".join("abcdefghij"),
        "",
    ],
)
async def test_a_path_that_leaves_its_folder_or_hides_is_refused(server: Asker, tmp_path: Path, path: str) -> None:
    answer = await server.load("v1", {"model.onnx": identity(), path: b"x"})
    assert answer.status == 400
    assert (await server.post("/v2/repository/index")).body == []
    assert [found.name for found in tmp_path.iterdir()] == ["store"]


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"config": "{}"},
        {"file:v1/model.onnx": 7},
        {"file:v1/model.onnx": "not base64!"},
        {"file:v1/model.onnx": "AAAA", "file:v2/model.onnx": "AAAA"},
        {"file:v1/other.onnx": "AAAA"},
        {"file:v1/model.onnx": "AAAA", "file:v1/model.onnx/more": "AAAA"},
        {"file:.v1/model.onnx": "AAAA"},
        {f"file:{'v' * 65}/model.onnx": "AAAA"},
        {"file:v1/model.onnx": "AAAA", "config": "{"},
        {"file:v1/model.onnx": "AAAA", "config": {"default_model_filename": "model.onnx"}},
        {"file:v1/model.onnx": "AAAA", "config": '{"default_model_filename": 3}'},
        {"file:v1/model.onnx": "AAAA", "fence": -1},
        {"file:v1/model.onnx": "AAAA", "fence": True},
        {"file:v1/model.onnx": "AAAA", "fence": 1.5},
        {"file:v1/model.onnx": "AAAA", "operation_id": ""},
        {"file:v1/model.onnx": "AAAA", "operation_id": "a b"},
        {f"file:v1/{number}": "AAAA" for number in range(300)},
    ],
)
async def test_a_load_that_is_no_load_is_refused(server: Asker, parameters: dict[str, Any]) -> None:
    answer = await server.post("/v2/repository/models/fraud/load", {"parameters": parameters})
    assert (answer.status, answer.result) == (400, "malformed")


async def test_too_many_bytes_are_refused(server: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "BYTES_LIMIT", 100)
    assert "too large" in (await server.load("v1", {"model.onnx": identity(), "b": b"x" * 100})).body["error"]


@pytest.mark.parametrize("name", ["Fraud", "fraud_x", "-fraud", "a%2F%2Fb", "%2E%2E", "a%00", "x" * 129])
async def test_only_names_of_the_grammar_become_models(server: Asker, name: str) -> None:
    body = {"parameters": {"file:v1/model.onnx": base64.b64encode(identity()).decode()}}
    assert (await server.post(f"/v2/repository/models/{name}/load", body)).status == 404


async def test_the_index_lists_versions_and_can_leave_out_what_is_not_ready(serving: Asker) -> None:
    await serving.load("v2", negation())
    expected = [{"name": "fraud", "version": label, "state": "READY", "reason": ""} for label in ("v1", "v2")]
    assert (await serving.post("/v2/repository/index")).body == expected
    assert (await serving.post("/v2/repository/index", {"ready": True})).body == expected


async def test_a_flip_changes_who_answers_and_a_second_one_changes_nothing(serving: Asker) -> None:
    await serving.load("v2", negation())
    assert (await serving.default("v2")).result == "done"
    assert (await serving.infer()).data == [-1.0, -2.0]
    assert (await serving.default("v2")).result == "already"
    assert (await serving.default("v9")).status == 404
    nobody = Asker(serving.session, serving.url, model="nobody")
    assert (await nobody.default("v1")).status == 404


async def test_the_default_can_be_dropped_so_that_nothing_is_served(serving: Asker) -> None:
    dropped = await serving.unload("v1")
    assert (dropped.result, dropped.body["parameters"]["default_version"]) == ("done", None)
    assert (await serving.infer()).status == 404
    assert (await serving.get("/v2/models/fraud/ready")).status == 404
    assert (await serving.post("/v2/repository/index")).body == []
    assert (await serving.get("/v2/health/ready")).status == 200
    assert (await serving.load("v1", negation())).result == "done"


async def test_dropping_the_default_beside_others_leaves_the_model_not_ready(serving: Asker) -> None:
    await serving.load("v2", negation())
    await serving.unload("v1")
    assert (await serving.infer()).status == 400
    assert (await serving.infer(version="v2")).status == 200
    assert (await serving.infer(version="v1")).status == 404


async def test_unload_without_a_version_drops_all_and_keeps_the_fence(serving: Asker) -> None:
    await serving.load("v2", negation(), fence=7)
    assert (await serving.unload()).result == "done"
    assert (await serving.post("/v2/repository/index")).body == []
    assert (await serving.load("v1", identity(), fence=6)).result == "stale_fence"


async def test_unload_of_what_is_not_there_is_unknown(serving: Asker) -> None:
    assert (await serving.unload("v9")).status == 404
    assert (await Asker(serving.session, serving.url, model="nobody").unload()).status == 404
    assert (await serving.post("/v2/repository/models/fraud/unload", {"parameters": {"version": 1}})).status == 400


async def test_a_stale_fence_changes_nothing(serving: Asker) -> None:
    await serving.load("v2", negation(), fence=8)
    stale = await serving.default("v2", fence=7)
    assert stale == Answer(409, {"error": "stale fence 7: 8 was seen", "parameters": {"result": "stale_fence", "fence": 8}})
    assert (await serving.load("v3", identity(), fence=7)).status == 409
    assert (await serving.unload("v1", fence=0)).status == 409
    assert (await serving.infer()).data == [1.0, 2.0]
    assert (await serving.default("v2", fence=8)).result == "done"


async def test_a_refused_request_raises_the_fence_all_the_same(serving: Asker) -> None:
    assert (await serving.load("v2", BROKEN, fence=9)).result == "corrupt"
    assert (await serving.default("v9", fence=10)).status == 404
    assert (await serving.default("v1", fence=9)).result == "stale_fence"


class SlowDisk(Store):
    """A store that takes until `done` is set to write files."""

    done = threading.Event()
    began = threading.Event()

    def stage(self, files: Mapping[str, bytes]) -> Path:
        self.began.set()
        assert self.done.wait(20)
        return super().stage(files)


async def test_a_newer_fence_overtakes_a_load_that_is_under_way(tmp_path: Path) -> None:
    disk = SlowDisk(tmp_path)
    with disk.held():
        repository = Repository(disk)
        asked = Load("v1", "model.onnx", {"model.onnx": identity()}, Operation(fence=2))
        slow = asyncio.create_task(repository.load("fraud", asked))
        assert await asyncio.to_thread(disk.began.wait, 20)
        await repository.unload("fraud", Unload(None, Operation(fence=3)))
        disk.done.set()
        with pytest.raises(Refused, match="stale fence 2: 3 was seen"):
            await slow
        assert repository.index() == []
        assert list((tmp_path / "staging").iterdir()) == []


async def test_left_overs_in_the_place_of_a_version_do_not_stop_a_load(serving: Asker, tmp_path: Path) -> None:
    left_over = tmp_path / "store" / "models" / "fraud" / "versions" / "v2" / "old.bin"
    left_over.parent.mkdir()
    left_over.write_bytes(b"x")
    assert (await serving.load("v2", negation())).result == "done"
    assert not left_over.exists()


async def test_an_operation_delivered_twice_has_one_effect(serving: Asker) -> None:
    await serving.load("v2", negation())
    assert (await serving.default("v2", operation_id="op-1")).result == "done"
    assert (await serving.default("v1", operation_id="op-2")).result == "done"
    late = await serving.default("v2", operation_id="op-1")
    assert (late.result, late.body["parameters"]["default_version"]) == ("already", "v1")
    assert (await serving.infer()).data == [1.0, 2.0]
    assert (await serving.unload("v2", operation_id="op-3")).result == "done"
    assert (await serving.unload("v2", operation_id="op-3")).result == "already"


async def test_one_operation_may_load_and_flip(server: Asker) -> None:
    assert (await server.load("v1", identity(), operation_id="op")).result == "done"
    assert (await server.default("v1", operation_id="op")).result == "done"
    assert (await server.infer()).status == 200


async def test_the_same_load_twice_at_once_is_one_version(server: Asker) -> None:
    answers = await asyncio.gather(*(server.load("v1", identity()) for _ in range(4)))
    assert sorted(answer.result for answer in answers) == ["already", "already", "already", "done"]


async def test_a_flip_retires_all_but_the_last_two_and_the_newest(serving: Asker, tmp_path: Path) -> None:
    for label in ("v2", "v3", "v4", "v5"):
        await serving.load(label, negation())
    await serving.default("v3")
    assert (await serving.metadata()).body["versions"] == ["v1", "v3", "v5"]
    folder = tmp_path / "store" / "models" / "fraud" / "versions"
    assert sorted(path.name for path in folder.iterdir()) == ["v1", "v3", "v5"]
    await serving.default("v1")
    assert (await serving.metadata()).body["versions"] == ["v1", "v3", "v5"]


async def test_loads_alone_do_not_fill_the_memory(serving: Asker) -> None:
    for number in range(2, SLOTS + 4):
        await serving.load(f"v{number}", negation())
    versions = (await serving.metadata()).body["versions"]
    assert len(versions) == SLOTS
    assert {"v1", f"v{SLOTS + 3}"} <= set(versions)
    assert (await serving.infer()).data == [1.0, 2.0]


async def test_no_request_fails_while_versions_come_and_go(serving: Asker) -> None:
    seen: list[Answer] = []
    stop = asyncio.Event()
    answered = {"v1": asyncio.Event(), "v2": asyncio.Event()}

    async def keep_asking() -> None:
        while not stop.is_set():
            seen.append(await serving.infer())
            answered[seen[-1].body["model_version"]].set()

    async def until_answered_by(version: str) -> None:
        answered[version].clear()
        await answered[version].wait()

    async with asyncio.TaskGroup() as clients:
        for _ in range(4):
            clients.create_task(keep_asking())
        await until_answered_by("v1")
        for version, content in (("v2", negation()), ("v3", BROKEN), ("v2", negation()), ("v1", identity())):
            loaded = await serving.load(version, content)
            if loaded.status == 200:
                assert (await serving.default(version)).status == 200
                await until_answered_by(version)
        stop.set()

    expected = {"v1": [1.0, 2.0], "v2": [-1.0, -2.0]}
    assert [answer for answer in seen if answer.status != 200] == []
    assert all(answer.data == expected[answer.body["model_version"]] for answer in seen)
    assert [entry for entry in await serving.log() if entry[2] == "done"] == [
        ("load", "v1", "done"),
        ("default", "v1", "done"),
        ("load", "v2", "done"),
        ("default", "v2", "done"),
        ("default", "v1", "done"),
    ]
