"""From a delivery's body to the listener that it is for: Bolt does the matching, and nothing of it reaches a log."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult

from bot.identity import Home
from bot.listeners import Listeners

log = structlog.get_logger("bot.dispatch")


def silent_logger() -> logging.Logger:
    """Bolt's warnings quote whole payloads; this logger lets none of them through."""
    logger = logging.getLogger("slack_bolt.towpath")
    logger.setLevel(logging.CRITICAL)
    return logger


class Dispatcher:
    """Calls the listener that a body is for."""

    def __init__(self, home: Home, listeners: Listeners) -> None:
        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=home.enterprise,
                team_id=home.team,
                bot_user_id=home.bot_user,
                bot_id=home.bot_id,
                bot_token="xoxb-unused",  # noqa: S106
            )

        self._app = AsyncApp(
            name="towpath",
            logger=silent_logger(),
            signing_secret="checked-at-the-door",  # noqa: S106
            request_verification_enabled=False,
            process_before_response=True,
            authorize=authorize,
        )
        self._app.error(_report)
        listeners.attach(self._app)

    async def dispatch(self, body: dict[str, Any]) -> bool:
        """Whether the listener came to its end. A body that none is for counts as done."""
        response = await self._app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        return int(response.status) < 500


async def _report(error: Exception) -> BoltResponse:
    log.error("listener_failed", exc_info=error)
    return BoltResponse(status=500)
