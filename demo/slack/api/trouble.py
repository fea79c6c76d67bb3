"""Planned trouble around a call, and its line in the feed: the same for API methods, uploads and response URLs."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from demo.slack.faults import ApiFault
from demo.slack.shapes import Json
from demo.slack.stage import Stage

TOO_MANY = 429


async def troubled(
    request: web.Request, stage: Stage, method: str, given: Json, act: Callable[[], Awaitable[tuple[int, Json]]]
) -> web.Response:
    """Answer a call unless a fault comes first; `act` does the work and returns status and JSON."""
    faults = stage.faults.met_by(method)
    for fault in faults:
        if fault.kind == "delay":
            await asyncio.sleep(fault.by)
    stopped = next((row for row in faults if row.kind in {"rate_limited", "server_error", "error"}), None)
    status, answer = _stopped(stopped) if stopped else await act()
    stage.feed.add("api_call", {"method": method, "args": given, "status": status, "answer": answer})
    if any(row.kind == "drop_answer" for row in faults) and request.transport:
        request.transport.abort()
    headers = {"Retry-After": str(stopped.retry_after)} if stopped and status == TOO_MANY else {}
    return web.json_response(answer, status=status, headers=headers)


def _stopped(fault: ApiFault) -> tuple[int, Json]:
    if fault.kind == "rate_limited":
        return TOO_MANY, {"ok": False, "error": "ratelimited"}
    if fault.kind == "error":
        return 200, {"ok": False, "error": fault.code}
    return fault.status, {"ok": False, "error": "internal_error"}
