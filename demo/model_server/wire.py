"""What the handlers share: JSON bodies, names in the address, and errors in the protocol's form."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from demo.model_server import names
from demo.model_server.faults import Faults
from demo.model_server.journal import Journal
from demo.model_server.names import BadName
from demo.model_server.refusals import Refused, malformed
from demo.model_server.repository import Repository
from demo.model_server.request_log import Requests

REPOSITORY = web.AppKey("repository", Repository)
JOURNAL = web.AppKey("journal", Journal)
NAME = web.AppKey("name", str)
REQUESTS: web.AppKey[Requests] = web.AppKey("requests")

log = structlog.get_logger(__name__)


class Switchboard:
    """Holds the faults of the moment, which a control request replaces as a whole."""

    def __init__(self) -> None:
        self.faults = Faults()


SWITCHBOARD = web.AppKey("switchboard", Switchboard)


async def read_json(request: web.Request) -> Any:
    """Return the JSON body, None when it is empty. Raises Refused (400)."""
    raw = await request.read()
    if not raw:
        return None
    try:
        return json.loads(raw, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise malformed("the body is not JSON") from exc


def model_of(request: web.Request) -> str:
    """Return the model named in the address; a `/` in it is written `%2F`. Raises Refused (404)."""
    try:
        return names.read_model(request.match_info["model"])
    except BadName as exc:
        raise Refused(404, str(exc), "unknown") from exc


def version_of(request: web.Request) -> str | None:
    """Return the version named in the address, None when there is none. Raises Refused (404)."""
    if "version" not in request.match_info:
        return None
    try:
        return names.read_version(request.match_info["version"])
    except BadName as exc:
        raise Refused(404, str(exc), "unknown") from exc


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error as `{"error": "..."}` with its status."""
    try:
        return await handler(request)
    except Refused as exc:
        return web.json_response(exc.body(), status=exc.status)
    except web.HTTPException as exc:
        kept = {name: exc.headers[name] for name in ("Allow", "Location") if name in exc.headers}
        return web.json_response({"error": exc.reason}, status=exc.status, headers=kept)
    except Exception:
        log.exception("model_server.error", method=request.method)
        return web.json_response({"error": "internal error; the server's log has the details"}, status=500)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")
