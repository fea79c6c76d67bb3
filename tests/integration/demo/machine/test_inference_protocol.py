"""The read side of the Open Inference Protocol V2: metadata, health, tensors, errors."""

import json
import math
from typing import Any

import pytest
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from demo.model_server import sessions

from .onnx_files import identity, model_of
from .standing import Answer, Asker

EXAMPLES: dict[str, list[Any]] = {
    "BOOL": [True, False, True, True],
    "INT8": [-128, 127, 0, 1],
    "INT16": [-32768, 32767, 0, 1],
    "INT32": [-(2**31), 2**31 - 1, 0, 1],
    "INT64": [-(2**63), 2**63 - 1, 0, 1],
    "UINT8": [0, 255, 1, 2],
    "UINT16": [0, 65535, 1, 2],
    "UINT32": [0, 2**32 - 1, 1, 2],
    "UINT64": [0, 2**64 - 1, 1, 2],
    "FP32": [0.5, -1.25, 3.0, 2.0],
    "FP64": [0.1, -1e300, 3.0, 2.0],
    "BYTES": ["a", "", "zwölf", "\u0000"],
}


async def ask(server: Asker, **tensor: Any) -> Answer:
    given = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1.0, 2.0], **tensor}
    return await server.post("/v2/models/fraud/infer", {"inputs": [given]})


async def test_server_metadata_announces_both_extensions(server: Asker) -> None:
    answer = await server.get("/v2")
    assert answer.body == {"name": "here", "version": "2", "extensions": ["model_repository", "towpath_default"]}


async def test_an_empty_server_is_alive_and_ready_and_knows_no_model(server: Asker) -> None:
    assert (await server.get("/v2/health/live")).status == 200
    assert (await server.get("/v2/health/ready")).status == 200
    for path in ("", "/ready", "/versions/v1", "/versions/v1/ready"):
        answer = await server.get(f"/v2/models/fraud{path}")
        assert (answer.status, answer.body["error"]) == (404, "unknown model fraud")


async def test_metadata_shows_interface_default_digest_and_fence(server: Asker) -> None:
    loaded = await server.load("v1", identity(), fence=3)
    before = await server.metadata()
    assert before.body["parameters"] == {"default_version": None, "digest": None, "fence": 3}
    assert (before.body["versions"], before.body["inputs"]) == (["v1"], [])

    await server.default("v1", fence=4)
    after = (await server.metadata()).body
    assert after["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]
    assert after["outputs"] == [{"name": "y", "datatype": "FP32", "shape": [-1, 2]}]
    digest = loaded.body["parameters"]["digest"]
    assert after["parameters"] == {"default_version": "v1", "digest": digest, "fence": 4}
    own = (await server.metadata("v1")).body["parameters"]
    assert own == {"default_version": "v1", "digest": digest, "entry": "model.onnx", "fence": 4}


async def test_ready_means_that_the_same_address_would_answer(server: Asker) -> None:
    await server.load("v1", identity())
    assert (await server.get("/v2/models/fraud/versions/v1/ready")).status == 200
    assert (await server.get("/v2/models/fraud/ready")).status == 400
    assert (await server.infer()).status == 400
    await server.default("v1")
    assert (await server.get("/v2/models/fraud/ready")).body == {"name": "fraud", "version": "v1", "ready": True}


async def test_an_answer_names_id_version_and_digest(serving: Asker) -> None:
    digest = (await serving.metadata()).body["parameters"]["digest"]
    tensor = {"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4.5]]}
    answer = await serving.post("/v2/models/fraud/infer", {"id": "42", "inputs": [tensor], "outputs": [{"name": "y"}]})
    assert answer.body == {
        "model_name": "fraud",
        "model_version": "v1",
        "id": "42",
        "parameters": {"digest": digest},
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 2], "data": [1.0, 2.0, 3.0, 4.5]}],
    }


@pytest.mark.parametrize("datatype", EXAMPLES)
async def test_every_type_comes_back_as_it_went(server: Asker, datatype: str) -> None:
    await server.load("v1", identity(datatype))
    await server.default("v1")
    values = EXAMPLES[datatype]
    for data in (values, [values[:2], values[2:]]):
        answer = await ask(server, datatype=datatype, shape=[2, 2], data=data)
        assert (answer.status, answer.data) == (200, values)


async def test_a_model_in_a_group_is_one_segment_of_the_address(server: Asker) -> None:
    grouped = Asker(server.session, server.url, model="team/fraud")
    await grouped.load("v1", identity())
    await grouped.default("v1")
    assert (await grouped.infer()).body["model_name"] == "team/fraud"
    assert (await server.get("/v2/models/team/fraud")).status == 404


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        ({"name": "z"}, "inputs are x, not z"),
        ({"datatype": "FP64"}, "datatype is FP32"),
        ({"datatype": ["FP32"]}, "datatype is FP32"),
        ({"shape": [1, 3]}, "shape [-1, 2] is expected"),
        ({"shape": [2]}, "shape [-1, 2] is expected"),
        ({"shape": [-1, 2]}, "shape is a list of whole numbers"),
        ({"shape": [True, 2]}, "shape is a list of whole numbers"),
        ({"shape": [10**9, 2]}, "at most"),
        ({"shape": [2, 2]}, "has 4 elements, data has 2"),
        ({"data": [[1.0], [2.0]]}, "nested unlike its shape"),
        ({"data": [[1.0, 2.0, 3.0]]}, "nested unlike its shape"),
        ({"shape": [2, 2], "data": [[1.0, 2.0], 3.0]}, "nested unlike its shape"),
        ({"data": [[[1.0], [2.0]]]}, "list is not FP32"),
        ({"data": "12"}, "data is a list"),
        ({"data": ["1", "2"]}, "str is not FP32"),
        ({"data": [True, 1.0]}, "bool is not FP32"),
        ({"data": [None, 1.0]}, "NoneType is not FP32"),
        ({"data": [1e39, 1.0]}, "out of range for FP32"),
        ({"data": [10**400, 1.0]}, "out of range for FP32"),
    ],
)
async def test_a_wrong_tensor_is_refused_with_the_reason(serving: Asker, tensor: dict[str, Any], reason: str) -> None:
    answer = await ask(serving, **tensor)
    assert answer.status == 400
    assert reason in answer.body["error"]


@pytest.mark.parametrize(("datatype", "value"), [("INT8", 128), ("UINT8", -1), ("INT64", 2**63), ("INT32", 1.0)])
async def test_whole_numbers_are_never_wrapped_or_rounded(server: Asker, datatype: str, value: float) -> None:
    await server.load("v1", identity(datatype))
    await server.default("v1")
    assert (await ask(server, datatype=datatype, data=[value, 0])).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"inputs": {}}',
        b'{"inputs": [1]}',
        b'{"inputs": []}',
        b'{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [NaN, 1]}]}',
        b'{"inputs": [{"name": "x"}, {"name": "x"}]}',
        b'{"id": 7, "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 1]}]}',
        b'{"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 1]}], "outputs": [{"name": "q"}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
async def test_a_wrong_body_is_refused_and_the_server_goes_on(serving: Asker, body: bytes) -> None:
    answer = await serving.ask("POST", "/v2/models/fraud/infer", content=body)
    assert answer.status == 400
    assert answer.body["error"]
    assert (await serving.infer()).status == 200


async def test_the_binary_extension_is_refused(serving: Asker) -> None:
    header = {"Inference-Header-Content-Length": "10"}
    async with serving.session.post(f"{serving.url}/v2/models/fraud/infer", headers=header, data=b"x") as answer:
        assert answer.status == 400


async def test_unknown_addresses_and_methods_are_errors_in_json(server: Asker) -> None:
    assert await server.get("/v2/nothing") == Answer(404, {"error": "Not Found"})
    assert await server.get("/v2/models/fraud/infer") == Answer(405, {"error": "Method Not Allowed"})
    assert (await server.get("/v2/models/Fraud")).status == 404
    assert (await server.get("/v2/models/..%2F..%2Fetc")).status == 404
    assert (await server.get("/v2/models/fraud/versions/%2E%2E%2Fx")).status == 404


async def test_what_json_cannot_say_is_an_error_not_a_lie(server: Asker) -> None:
    await server.load("v1", model_of("Log", "FP32", ("rows", 2)))
    await server.default("v1")
    answer = await server.infer((0.0, -1.0))
    assert (answer.status, answer.result) == (500, "not_finite")
    assert (await server.infer((math.e, 1.0))).data == pytest.approx([1.0, 0.0])


async def test_a_text_that_is_no_text_is_the_callers_fault(server: Asker) -> None:
    await server.load("v1", identity("BYTES"))
    await server.default("v1")
    lone = json.loads('"\\ud800"')
    assert (await ask(server, datatype="BYTES", data=[lone, "b"])).status == 400


def test_every_error_of_the_runtime_is_translated() -> None:
    found = {kind for kind in vars(runtime).values() if isinstance(kind, type) and issubclass(kind, Exception)}
    assert found == set(sessions.BLAME)
