"""Socket Mode: the same deliveries over a connection that we open. Kept first, acknowledged then; nothing else differs."""

from __future__ import annotations

import asyncio
import json
import logging

import aiohttp
import structlog
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot import clock
from bot.intake import Delivery, Intake, ephemeral
from bot.slack import proxy_for

log = structlog.get_logger("bot.sockets")

LOOK_EVERY = 5.0
FORMS = {"events_api", "slash_commands", "interactive"}


class Socket:
    """Our connection to Slack; it reconnects by itself, also when Slack refreshes it."""

    def __init__(self, app_token: str, api_url: str, intake: Intake) -> None:
        logger = logging.getLogger("slack_sdk.socket_mode")
        web = AsyncWebClient(base_url=api_url, logger=logger)
        web.proxy = proxy_for(api_url)
        self._client = SocketModeClient(app_token=app_token, web_client=web, logger=logger)
        self._client.proxy = proxy_for(api_url)
        self._client.socket_mode_request_listeners.append(self._hear)
        self._intake = intake

    async def keep_connected(self) -> None:
        """Connect, and see to it that the connection stands, until cancelled. (The client renews a standing one by itself.)"""
        while True:
            try:
                if not await self.is_connected():
                    await self._client.connect_to_new_endpoint()
                    log.info("socket_connected")
            except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as exc:
                log.warning("socket_unconnected", error=type(exc).__name__)
            await asyncio.sleep(LOOK_EVERY)

    async def is_connected(self) -> bool:
        """Whether the connection stands."""
        return bool(await self._client.is_connected())

    async def close(self) -> None:
        """Close it for good."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def _hear(self, _client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if request.type not in FORMS or self._intake.signers.socket is None:
            return
        body = json.dumps(request.payload, ensure_ascii=False).encode()
        timestamp = str(int(clock.epoch_seconds()))
        signature = self._intake.signers.socket.sign(timestamp, body)
        refusal = await self._intake.take(Delivery(body, "socket", timestamp, signature))
        if refusal is None:
            await self._client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        elif request.type == "slash_commands":
            answer = SocketModeResponse(envelope_id=request.envelope_id, payload=dict(ephemeral(refusal)))
            await self._client.send_socket_mode_response(answer)
        else:
            self._intake.tell_of(refusal, request.payload)
