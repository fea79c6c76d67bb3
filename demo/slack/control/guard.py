"""Who may use the control API and the page: this machine only, and no other web site's script."""

import ipaddress
import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from demo.slack.shapes import CannotDo, Json, Refused
from demo.slack.stage import STAGE

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OURS = ("/_/", "/page/", "/archives/")
FORBIDDEN, UNSUPPORTED, CONFLICT = 403, 415, 409


def reason_to_refuse(request: web.Request) -> str | None:
    """Why this request may not steer the workspace; None when it may.

    The Host check stops DNS rebinding, the Origin check other sites' scripts, the JSON type plain cross-site forms.
    """
    if not _loopback(request.remote or ""):
        return "only clients on this machine are served"
    host = urlsplit(f"//{request.host}").hostname or ""
    if host != "localhost" and not _loopback(host):
        return f"unknown host {host}"
    origin = request.headers.get("Origin")
    if origin and origin != f"{request.scheme}://{request.host}":
        return "requests of other sites are refused"
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"} and request.path.startswith("/_/"):
        return "requests of other sites are refused"
    return None


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Protects the page and the control API; turns CannotDo and Refused into JSON answers there."""
    if request.path != "/" and not request.path.startswith(OURS):
        return await handler(request)
    if why := reason_to_refuse(request):
        return _no("forbidden", why, FORBIDDEN)
    if request.method == "POST" and request.content_type != "application/json":
        return _no("unsupported_media_type", "send application/json", UNSUPPORTED)
    request.app[STAGE].origin = str(request.url.origin())
    try:
        return await handler(request)
    except CannotDo as no:
        return _no(no.code, no.reason, CONFLICT)
    except Refused as no:
        return _no(no.error, json.dumps(no.extra) if no.extra else no.error, CONFLICT)


def _no(code: str, reason: str, status: int) -> web.Response:
    return web.json_response({"error": code, "reason": reason}, status=status)


async def body_of(request: web.Request) -> Json:
    """The JSON object of a request. Raises CannotDo."""
    try:
        found = json.loads(await request.text() or "{}")
    except ValueError as exc:
        raise CannotDo("bad_json", str(exc)) from exc
    if not isinstance(found, dict):
        raise CannotDo("bad_json", "send a JSON object")
    return found
