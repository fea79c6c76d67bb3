"""The requests that change what is served, and those by which tests set faults and count effects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from ipaddress import ip_address
from typing import Any

from aiohttp import web

from demo.model_server import faults, messages
from demo.model_server.messages import Operation
from demo.model_server.refusals import Refused, malformed
from demo.model_server.repository import Outcome
from demo.model_server.wire import JOURNAL, REPOSITORY, SWITCHBOARD, model_of, read_json, version_of

Ask = Callable[[], Awaitable[Outcome]]

routes = web.RouteTableDef()


@routes.post("/v2/repository/index")
async def index(request: web.Request) -> web.Response:
    """Answer every version with its state; with `{"ready": true}` only those that answer."""
    body = await read_json(request)
    if body is not None and not isinstance(body, dict):
        raise malformed('the body is a JSON object like {"ready": true}')
    rows = request.app[REPOSITORY].index()
    if (body or {}).get("ready") is True:
        rows = [row for row in rows if row["state"] == "READY"]
    return web.json_response(rows)


@routes.post("/v2/repository/models/{model}/load")
async def load(request: web.Request) -> web.Response:
    """Load the files in the body as one version."""
    name, asked = model_of(request), messages.read_load(await read_json(request))
    ask = partial(request.app[REPOSITORY].load, name, asked)
    return await _perform(request, "load", (name, asked.version), asked.operation, ask)


@routes.post("/v2/repository/models/{model}/unload")
async def unload(request: web.Request) -> web.Response:
    """Drop the version in the body, or all."""
    name, asked = model_of(request), messages.read_unload(await read_json(request))
    ask = partial(request.app[REPOSITORY].unload, name, asked)
    return await _perform(request, "unload", (name, asked.version), asked.operation, ask)


@routes.post("/v2/repository/models/{model}/versions/{version}/default")
async def make_default(request: web.Request) -> web.Response:
    """Flip the pointer that callers without a version follow."""
    name, version = model_of(request), version_of(request) or ""
    asked = messages.read_operation(await read_json(request))
    ask = partial(request.app[REPOSITORY].make_default, name, version, asked)
    return await _perform(request, "default", (name, version), asked, ask)


@routes.get("/_/log")
async def log(request: web.Request) -> web.Response:
    """Answer what was performed and refused since the start, in order."""
    _only_here(request)
    return web.json_response({"log": request.app[JOURNAL].to_json()})


@routes.get("/_/faults")
async def show_faults(request: web.Request) -> web.Response:
    """Answer the faults of the moment."""
    _only_here(request)
    return web.json_response(request.app[SWITCHBOARD].faults.to_json())


@routes.put("/_/faults")
async def set_faults(request: web.Request) -> web.Response:
    """Replace the faults by those in the body."""
    _only_here(request)
    request.app[SWITCHBOARD].faults = faults.read(await read_json(request))
    return web.json_response(request.app[SWITCHBOARD].faults.to_json())


@routes.delete("/_/faults")
async def clear_faults(request: web.Request) -> web.Response:
    """Remove all faults."""
    _only_here(request)
    request.app[SWITCHBOARD].faults = faults.Faults()
    return web.json_response(request.app[SWITCHBOARD].faults.to_json())


async def _perform(request: web.Request, verb: str, subject: tuple[str, str | None], asked: Operation, ask: Ask) -> web.Response:
    """Do what is asked, write down how it ended, and answer; the faults of the moment come before and after."""
    board = request.app[SWITCHBOARD]
    try:
        board.faults.check(verb)
        outcome = await ask()
    except Refused as exc:
        _note(request, verb, subject, asked, exc.result)
        raise
    _note(request, verb, subject, asked, outcome.result)
    if outcome.result == "done":
        if verb == "default":
            board.faults.flipped(subject[0], outcome.version)
        await asyncio.sleep(board.faults.hang(verb))
    return web.json_response({"parameters": asdict(outcome)})


def _note(request: web.Request, verb: str, subject: tuple[str, str | None], asked: Operation, result: str) -> None:
    request.app[JOURNAL].add(verb, *subject, (asked.operation_id, asked.fence), result)


def _only_here(request: web.Request) -> None:
    """Raise Refused (403) for a caller on another host."""
    peer: Any = request.transport.get_extra_info("peername") if request.transport else None
    if not peer or not ip_address(str(peer[0]).partition("%")[0]).is_loopback:
        raise Refused(403, "faults and log are for this host alone", "forbidden")
