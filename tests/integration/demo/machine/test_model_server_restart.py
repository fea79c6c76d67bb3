"""What a restarted server finds again, and what it says about what it does not."""

import base64
import json
from pathlib import Path

import httpx
import pytest

from demo.model_server.process import ModelServer
from demo.model_server.store import StoreInUse
from demo.processes import ChildFailed

from .onnx_files import identity, negation
from .standing import standing


async def fill(store: Path) -> None:
    """Leave `v1` (identity), `v2` (negation, the default) and fence 5 in the store."""
    async with standing(store) as server:
        await server.load("v1", identity())
        await server.default("v1")
        await server.load("v2", negation(), fence=5)
        await server.default("v2", operation_id="op-1")


async def test_a_restart_restores_versions_default_fence_and_operations(tmp_path: Path) -> None:
    await fill(tmp_path)
    async with standing(tmp_path) as server:
        assert (await server.infer()).data == [-1.0, -2.0]
        assert (await server.infer(version="v1")).data == [1.0, 2.0]
        assert (await server.metadata()).body["parameters"]["fence"] == 5
        assert (await server.default("v1", fence=4)).result == "stale_fence"
        assert (await server.default("v1")).result == "done"
        assert (await server.default("v2", operation_id="op-1")).result == "already"


@pytest.mark.parametrize("damage", [b"broken", None])
async def test_a_lost_default_is_told_and_nothing_else_takes_its_place(tmp_path: Path, damage: bytes | None) -> None:
    await fill(tmp_path)
    model = tmp_path / "models" / "fraud" / "versions" / "v2" / "model.onnx"
    model.unlink() if damage is None else model.write_bytes(damage)
    for _ in range(2):
        async with standing(tmp_path) as server:
            assert (await server.get("/v2/health/ready")).status == 503
            assert (await server.infer()).status == 400
            assert (await server.get("/v2/models/fraud/ready")).status == 400
            assert (await server.infer(version="v1")).status == 200
            index = (await server.post("/v2/repository/index")).body
            assert [(row["version"], row["state"]) for row in index] == [("v1", "READY"), ("v2", "UNAVAILABLE")]
            assert index[1]["reason"] == "the files on disk are not those that were loaded"
            assert len((await server.post("/v2/repository/index", {"ready": True})).body) == 1
    async with standing(tmp_path) as server:
        await server.load("v2", negation())
        assert (await server.get("/v2/health/ready")).status == 503
        await server.default("v2")
        assert (await server.get("/v2/health/ready")).status == 200
        assert (await server.infer()).data == [-1.0, -2.0]


async def test_a_lost_version_that_nobody_relied_on_does_not_make_the_server_unready(tmp_path: Path) -> None:
    await fill(tmp_path)
    (tmp_path / "models" / "fraud" / "versions" / "v1" / "model.onnx").write_bytes(b"broken")
    async with standing(tmp_path) as server:
        assert (await server.get("/v2/health/ready")).status == 200
        assert (await server.infer()).status == 200
        assert (await server.unload("v1")).result == "done"
        assert [row["version"] for row in (await server.post("/v2/repository/index")).body] == ["v2"]


@pytest.mark.parametrize("state", ["", "[]", "{}", '{"slots": [{"version": 1}]}'])
async def test_an_unreadable_state_never_takes_the_server_down(tmp_path: Path, state: str) -> None:
    await fill(tmp_path)
    (tmp_path / "models" / "fraud" / "state.json").write_text(state)
    async with standing(tmp_path) as server:
        assert (await server.get("/v2/health/live")).status == 200
        assert (await server.get("/v2/health/ready")).status == 503
        await server.load("v1", identity())
        await server.default("v1")
        assert (await server.get("/v2/health/ready")).status == 200


async def test_left_overs_of_a_stop_half_way_are_removed(tmp_path: Path) -> None:
    await fill(tmp_path)
    orphan = tmp_path / "models" / "fraud" / "versions" / "v3" / "model.onnx"
    orphan.parent.mkdir()
    orphan.write_bytes(negation())
    (tmp_path / "staging" / "half").mkdir()
    (tmp_path / "models" / "Not-a-Model").mkdir()
    async with standing(tmp_path) as server:
        assert (await server.metadata()).body["versions"] == ["v1", "v2"]
        assert not orphan.exists()
        assert list((tmp_path / "staging").iterdir()) == []
        assert (await server.load("v3", identity())).result == "done"


async def test_two_servers_never_share_a_store(tmp_path: Path) -> None:
    async with standing(tmp_path):
        with pytest.raises(StoreInUse):
            async with standing(tmp_path):
                pass


def test_the_command_serves_and_survives_a_kill(tmp_path: Path) -> None:
    golden = Path(__file__).parents[4] / "demo" / "assets" / "models" / "wine" / "v1.0.0"
    request = json.loads((golden / "golden" / "input.json").read_bytes())
    with ModelServer(tmp_path, "prod") as server:
        assert httpx.get(f"{server.url}/v2").json()["name"] == "prod"
        load_over_http(server.url, (golden / "model" / "model.onnx").read_bytes())
        before = httpx.post(f"{server.url}/v2/models/wine/infer", json=request).json()
        server.kill()
        server.restart()
        assert httpx.post(f"{server.url}/v2/models/wine/infer", json=request).json() == before

        second = ModelServer(tmp_path, "prod")
        with pytest.raises(ChildFailed, match="another model server holds"):
            second.start()


def load_over_http(url: str, content: bytes) -> None:
    files = {"file:v1.0.0/model.onnx": base64.b64encode(content).decode()}
    loaded = httpx.post(f"{url}/v2/repository/models/wine/load", json={"parameters": files})
    flipped = httpx.post(f"{url}/v2/repository/models/wine/versions/v1.0.0/default")
    assert (loaded.status_code, flipped.status_code) == (200, 200)
