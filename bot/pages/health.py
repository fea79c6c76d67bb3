"""`/healthz`: whether this bot can do its work. `/health`: whether all of Towpath can, as the bot's watchdog sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from bot.watchdog import Watchdog

Check = Callable[[], Awaitable[bool]]


class Health:
    """Runs its checks at each request; a check that raises has failed."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def handle(self, _request: web.Request) -> web.Response:
        """JSON: every check with true or false."""
        found = {name: await _holds(check) for name, check in self._checks.items()}
        return web.json_response(found, status=200 if all(found.values()) else 503, headers={"Cache-Control": "no-store"})


class Lanes:
    """Shows what the watchdog sees. Whoever runs the bot is not to end it for this: the trouble may be another process's."""

    def __init__(self, watchdog: Watchdog) -> None:
        self._watchdog = watchdog

    async def handle(self, _request: web.Request) -> web.Response:
        """JSON: the seconds since the last sign of life of each lane (null: none yet), and what is amiss in words. 503 while anything is."""
        watchdog = self._watchdog
        amiss = {**watchdog.amiss} if watchdog.is_alive else {"watchdog": "the watchdog of this bot does not look"}
        found = {"lanes": watchdog.ages, "amiss": amiss}
        return web.json_response(found, status=503 if amiss else 200, headers={"Cache-Control": "no-store"})


async def _holds(check: Check) -> bool:
    try:
        return await check()
    except Exception:
        return False
