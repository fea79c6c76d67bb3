"""`/healthz`: 200 while this bot can do its work, 503 with the reason while it cannot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Check = Callable[[], Awaitable[bool]]


class Health:
    """Runs its checks at each request; a check that raises has failed."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def handle(self, _request: web.Request) -> web.Response:
        """JSON: every check with true or false."""
        found = {name: await _holds(check) for name, check in self._checks.items()}
        return web.json_response(found, status=200 if all(found.values()) else 503, headers={"Cache-Control": "no-store"})


async def _holds(check: Check) -> bool:
    try:
        return await check()
    except Exception:
        return False
