"""The web application of the model server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from demo.model_server import control, inference
from demo.model_server.journal import Journal
from demo.model_server.messages import BYTES_LIMIT
from demo.model_server.repository import Repository
from demo.model_server.request_log import RequestLog, Unlogged
from demo.model_server.store import Store
from demo.model_server.wire import JOURNAL, NAME, REPOSITORY, REQUESTS, SWITCHBOARD, Switchboard, errors_as_json

BODY_LIMIT = BYTES_LIMIT * 3 // 2


def build(store: Path, name: str, requests: Path | None = None) -> web.Application:
    """Return the server called `name` over the folder `store`, which it restores before it listens.

    What clients ask is logged in the folder `requests`, if there is one. Starting it raises StoreInUse when another server holds the folder.
    """
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[errors_as_json, _delayed])
    files = Store(store)
    app[NAME] = name
    app[REPOSITORY] = Repository(files)
    app[JOURNAL] = Journal()
    app[SWITCHBOARD] = Switchboard()
    app[REQUESTS] = RequestLog(requests) if requests else Unlogged()
    app.add_routes(inference.routes)
    app.add_routes(control.routes)

    async def restored(_app: web.Application) -> AsyncIterator[None]:
        with files.held():
            await app[REPOSITORY].restore()
            yield
            await asyncio.to_thread(app[REQUESTS].close)

    app.cleanup_ctx.append(restored)
    return app


@web.middleware
async def _delayed(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Keep every answer of the protocol back for as long as the faults say."""
    delay = request.app[SWITCHBOARD].faults.delay
    if delay and request.path.startswith("/v2"):
        await asyncio.sleep(delay / 1000)
    return await handler(request)
