"""Servers that take slash commands in, one per process: `doors.py floor|bolt|intake PORT`. The secret and Redis come from the environment.

floor   aiohttp, and nothing but the check of Slack's signature
bolt    Bolt's AsyncApp over aiohttp as it comes, with a listener that only acknowledges
intake  our own front door as `bot.app` opens it, with its durable append to Redis, and nobody who consumes
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.broker import Appender
from bot.intake import LARGEST, PATHS, Intake
from bot.signature import IntakeSigners, Signer, is_fresh
from workers.contract import lanes

SECRET = "SLACK_SIGNING_SECRET"  # noqa: S105  # the name of a setting


def floor() -> web.Application:
    """Check the signature and its age."""
    signer = Signer(os.environ[SECRET])

    async def take(request: web.Request) -> web.Response:
        body, headers = await request.read(), request.headers
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        holds = is_fresh(timestamp, time.time()) and signer.holds(timestamp, body, headers.get("X-Slack-Signature", ""))
        return web.Response(status=200 if holds else 401)

    return _served_at_all_paths(take)


def bolt() -> web.Application:
    """Acknowledge in a listener, everything else as Bolt has it. Authorisation needs no call to Slack."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0CEDAR", bot_user_id="U0TOWPATH", bot_id="B0TOWPATH", bot_token="xoxb-none")  # noqa: S106

    app = AsyncApp(signing_secret=os.environ[SECRET], authorize=authorize)

    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    app.command("/towpath")(acknowledge)
    return app.web_app(path=PATHS[0])


def intake() -> web.Application:
    """The bot's own door."""

    async def tell(response_url: str, text: str) -> None:
        print(f"not kept, and {len(text)} characters for {len(response_url)} were not sent", file=sys.stderr)

    appender = Appender(os.environ["REDIS_URL"], lanes.INTAKE)
    return _served_at_all_paths(Intake(IntakeSigners(os.environ[SECRET], None), appender, tell).over_http)


DOORS = {"floor": floor, "bolt": bolt, "intake": intake}


def _served_at_all_paths(take: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    app = web.Application(client_max_size=LARGEST)
    for path in PATHS:
        app.router.add_post(path, take)
    return app


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response()


async def serve(door: str, port: int) -> None:
    """Serve until SIGTERM, with a runner set up as the bot's."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    app = DOORS[door]()
    app.router.add_get("/healthz", _healthy)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=3.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
