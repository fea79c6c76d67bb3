"""The faults that tests and the story set, and the log that counts effects."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from demo.model_server import control
from demo.model_server.faults import WRONG_DIGEST
from demo.model_server.refusals import Refused

from .onnx_files import identity, negation
from .standing import Asker


async def test_a_wrong_digest_is_reported_on_metadata_until_the_faults_are_removed(serving: Asker) -> None:
    right = (await serving.metadata()).body["parameters"]["digest"]
    await serving.faults(wrong_digest=True)
    for version in (None, "v1"):
        assert (await serving.metadata(version)).body["parameters"]["digest"] == WRONG_DIGEST
    await serving.ask("DELETE", "/_/faults")
    assert (await serving.metadata()).body["parameters"]["digest"] == right


async def test_wrong_answers_begin_with_the_next_flip_and_end_with_the_roll_back(serving: Asker) -> None:
    await serving.load("v2", negation())
    await serving.faults(wrong_answers=True)
    assert (await serving.infer()).data == [1.0, 2.0]
    assert (await serving.infer(version="v2")).data == [-1.0, -2.0]
    await serving.default("v2")
    assert (await serving.infer()).data == [-0.875, -1.875]
    await serving.default("v1")
    assert (await serving.infer()).data == [1.0, 2.0]


@pytest.mark.parametrize(("datatype", "given", "shown"), [
    ("BOOL", [True, False], [False, True]),
    ("INT64", [1, 2], [2, 3]),
    ("BYTES", ["a", "b"], ["a?", "b?"]),
])  # fmt: skip
async def test_every_type_can_be_wrong(server: Asker, datatype: str, given: list[Any], shown: list[Any]) -> None:
    await server.load("v1", identity(datatype))
    await server.faults(wrong_answers=True)
    await server.default("v1")
    tensor = {"name": "x", "shape": [1, 2], "datatype": datatype, "data": given}
    assert (await server.post("/v2/models/fraud/infer", {"inputs": [tensor]})).data == shown


async def test_a_refusal_counts_down_and_has_no_effect(serving: Asker) -> None:
    await serving.faults(refuse="load", status=502, times=2)
    answers = [await serving.load("v2", negation()) for _ in range(3)]
    assert [answer.status for answer in answers] == [502, 502, 200]
    assert [entry[2] for entry in await serving.log()] == ["done", "done", "refused", "refused", "done"]


async def test_all_operations_can_be_refused_for_good(serving: Asker) -> None:
    await serving.faults(refuse="all")
    assert (await serving.load("v2", negation())).status == 503
    assert (await serving.default("v1")).status == 503
    assert (await serving.unload("v1")).status == 503
    assert (await serving.infer()).status == 200


async def test_an_answer_can_hang_after_the_effect_once(serving: Asker) -> None:
    await serving.load("v2", negation())
    await serving.faults(hang_after_effect="default", seconds=3600)
    hanging = asyncio.create_task(serving.default("v2", operation_id="op-1"))
    async with asyncio.timeout(10):
        while (await serving.infer()).body["model_version"] != "v2":
            pass
    assert not hanging.done()
    assert (await serving.default("v2", operation_id="op-1")).result == "already"
    hanging.cancel()
    assert [entry for entry in await serving.log() if entry[0] == "default"] == [
        ("default", "v1", "done"),
        ("default", "v2", "done"),
        ("default", "v2", "already"),
    ]


async def test_every_answer_of_the_protocol_can_be_delayed(serving: Asker) -> None:
    await serving.faults(delay=3_600_000)
    waiting = [asyncio.create_task(ask) for ask in (serving.infer(), serving.get("/v2/health/live"))]
    for _ in range(5):
        assert (await serving.get("/_/log")).status == 200
    assert not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await serving.ask("DELETE", "/_/faults")
    assert (await serving.infer()).status == 200


async def test_the_log_tells_who_asked_for_what(server: Asker) -> None:
    await server.load("v1", identity(), operation_id="op-1", fence=3)
    entry = (await server.get("/_/log")).body["log"][0]
    assert entry == {
        "seq": 1,
        "op": "load",
        "model": "fraud",
        "version": "v1",
        "operation_id": "op-1",
        "fence": 3,
        "result": "done",
    }


@pytest.mark.parametrize("faults", [
    [], {"wrong": True}, {"wrong_version": ["fraud", "v1"]}, {"refuse": "infer"}, {"refuse": ["load"]},
    {"status": 200}, {"times": -1}, {"times": "2"}, {"seconds": -1}, {"delay": "slow"}, {"wrong_digest": 1},
])  # fmt: skip
async def test_faults_that_nobody_knows_are_refused(server: Asker, faults: Any) -> None:
    assert (await server.ask("PUT", "/_/faults", faults)).status == 400
    assert (await server.get("/_/faults")).body["refuse"] is None


@pytest.mark.parametrize("peer", [("192.0.2.7", 4711), ("2001:db8::1", 4711, 0, 0), None])
async def test_faults_and_log_are_for_this_host_alone(peer: Any) -> None:
    class Transport(asyncio.Transport):
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return peer if name == "peername" else default

    request = make_mocked_request("GET", "/_/log", app=web.Application(), transport=Transport())
    with pytest.raises(Refused, match="this host alone"):
        await control.log(request)
