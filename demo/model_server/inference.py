"""Health, metadata and inference: the part of the Open Inference Protocol V2 that changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from demo.model_server import tensors
from demo.model_server.faults import WRONG_DIGEST
from demo.model_server.refusals import Refused, malformed
from demo.model_server.repository import Served
from demo.model_server.request_log import Answered
from demo.model_server.tensors import Array
from demo.model_server.wire import NAME, REPOSITORY, REQUESTS, SWITCHBOARD, model_of, read_json, version_of

EXTENSIONS = ["model_repository", "towpath_default"]
PLATFORM = "onnxruntime_onnx"
PROTOCOL_VERSION = "2"
PROVER = "towpath"
"""The user agent of who asks for golden predictions: they are no traffic, so they are not logged."""

routes = web.RouteTableDef()


@routes.get("/v2")
async def server_metadata(request: web.Request) -> web.Response:
    """Answer who this is and which extensions it speaks."""
    return web.json_response({"name": request.app[NAME], "version": PROTOCOL_VERSION, "extensions": EXTENSIONS})


@routes.get("/v2/health/live")
async def live(_request: web.Request) -> web.Response:
    """Answer 200 as long as the process answers."""
    return web.json_response({"live": True})


@routes.get("/v2/health/ready")
async def ready(request: web.Request) -> web.Response:
    """Answer 200, or 503 while a model has lost the version that its callers rely on."""
    is_ready = request.app[REPOSITORY].ready
    return web.json_response({"ready": is_ready}, status=200 if is_ready else 503)


@routes.get("/v2/models/{model}/ready")
@routes.get("/v2/models/{model}/versions/{version}/ready")
async def model_ready(request: web.Request) -> web.Response:
    """Answer 200 only if the same address would answer an inference now."""
    name = model_of(request)
    served = request.app[REPOSITORY].served(name, version_of(request))
    return web.json_response({"name": name, "version": served.slot.version, "ready": True})


@routes.get("/v2/models/{model}")
async def model_metadata(request: web.Request) -> web.Response:
    """Answer all versions, and the interface and digest of the default one."""
    name = model_of(request)
    shelf = request.app[REPOSITORY].find(name)
    served = None if shelf.default is None else request.app[REPOSITORY].served(name, None)
    parameters = {
        "default_version": shelf.default,
        "digest": _digest(request, served),
        "fence": shelf.fence,
    }
    return web.json_response(_metadata(name, list(shelf.versions), served, parameters))


@routes.get("/v2/models/{model}/versions/{version}")
async def version_metadata(request: web.Request) -> web.Response:
    """Answer the interface and the digest of one version."""
    name = model_of(request)
    served = request.app[REPOSITORY].served(name, version_of(request))
    shelf = request.app[REPOSITORY].find(name)
    parameters = {
        "default_version": shelf.default,
        "digest": _digest(request, served),
        "entry": served.slot.entry,
        "fence": shelf.fence,
    }
    return web.json_response(_metadata(name, [served.slot.version], served, parameters))


@routes.post("/v2/models/{model}/infer")
@routes.post("/v2/models/{model}/versions/{version}/infer")
async def infer(request: web.Request) -> web.Response:
    """Answer an inference request; which version and digest answered is part of the answer."""
    if "Inference-Header-Content-Length" in request.headers:
        raise malformed("the binary data extension is not spoken; send JSON")
    body = await read_json(request)
    name, version = model_of(request), version_of(request)
    if not isinstance(body, dict):
        raise malformed('the body is a JSON object like {"inputs": [...]}')
    served = request.app[REPOSITORY].served(name, version)
    faults = request.app[SWITCHBOARD].faults
    outputs, besides = _requested(served, body.get("outputs")), _besides(body)

    def answered() -> list[dict[str, Any]]:
        arrays = served.session.run(_inputs(served, body.get("inputs")), outputs)
        shown = faults.answers(name, served.slot.version, arrays)
        return _written(served, outputs, shown)

    found = await asyncio.to_thread(answered)
    if request.headers.get("User-Agent") != PROVER:
        request.app[REQUESTS].add(Answered(name, served.slot.version, body.get("id"), [*body["inputs"], *besides], found))
    answer = {
        "model_name": name,
        "model_version": served.slot.version,
        **_id(body),
        "parameters": {"digest": served.slot.digest},
        "outputs": found,
    }
    return web.json_response(answer)


def _metadata(name: str, versions: list[str], served: Served | None, parameters: Mapping[str, Any]) -> dict[str, Any]:
    session = served.session if served else None
    return {
        "name": name,
        "versions": versions,
        "platform": PLATFORM,
        "inputs": [port.metadata() for port in session.inputs] if session else [],
        "outputs": [port.metadata() for port in session.outputs] if session else [],
        "parameters": parameters,
    }


def _digest(request: web.Request, served: Served | None) -> str | None:
    if served is None:
        return None
    return WRONG_DIGEST if request.app[SWITCHBOARD].faults.wrong_digest else served.slot.digest


def _id(body: Mapping[str, Any]) -> dict[str, str]:
    given = body.get("id")
    if given is not None and not isinstance(given, str):
        raise malformed("id is a text")
    return {} if given is None else {"id": given}


def _inputs(served: Served, given: Any) -> dict[str, Array]:
    """Return the arrays of a request's `inputs`, each input of the model exactly once. Raises Refused (400)."""
    entries = _named(given, "inputs")
    expected = {port.name: port for port in served.session.inputs}
    if entries.keys() != expected.keys():
        raise malformed(f"inputs are {', '.join(expected)}, not {', '.join(entries)[:200] or 'none'}")
    return {name: tensors.read(expected[name], entry) for name, entry in entries.items()}


def _besides(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the tensors in `parameters.logged`: columns that the model does not take, for the log alone, such as the truth in a replay."""
    parameters = body.get("parameters")
    given = parameters.get("logged", []) if isinstance(parameters, dict) else []
    return list(_named(given, "parameters.logged").values())


def _requested(served: Served, given: Any) -> list[str]:
    """Return the names of the outputs to compute: those asked for, else all. Raises Refused (400)."""
    offered = [port.name for port in served.session.outputs]
    if given is None or given == []:
        return offered
    asked = list(_named(given, "outputs"))
    unknown = [name for name in asked if name not in offered]
    if unknown:
        raise malformed(f"there is no output {unknown[0][:80]}; there are {', '.join(offered)}")
    return asked


def _named(given: Any, field: str) -> dict[str, Mapping[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise malformed(f"{field} is a list of objects")
    names = [entry.get("name") for entry in given]
    if not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise malformed(f"each entry of {field} has a name of its own")
    return dict(zip(names, given, strict=True))


def _written(served: Served, names: Sequence[str], arrays: Sequence[Array]) -> list[dict[str, Any]]:
    ports = {port.name: port for port in served.session.outputs}
    if len(names) != len(arrays):
        raise Refused(500, "the model left out an output", "failed")
    return [tensors.write(ports[name], array) for name, array in zip(names, arrays, strict=True)]
