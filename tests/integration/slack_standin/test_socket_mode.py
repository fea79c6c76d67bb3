"""Socket Mode with Bolt's own handler and the SDK's own client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from demo.slack.client import Workspace

from .stands import ANA, APP_TOKEN, BOT_TOKEN, bolt, standing, web_client


@pytest.fixture
async def ws() -> AsyncIterator[Workspace]:
    async with standing(lambda given: given["app"].update(socket_mode=True)) as workspace:
        yield workspace


@asynccontextmanager
async def connected(ws: Workspace, answer: Any) -> AsyncIterator[SocketModeClient]:
    client = SocketModeClient(app_token=APP_TOKEN, web_client=web_client(ws))
    client.socket_mode_request_listeners.append(answer)
    await client.connect()  # type: ignore[no-untyped-call]
    try:
        yield client
    finally:
        await client.close()  # type: ignore[no-untyped-call]


async def test_bolt_handler(ws: Workspace) -> None:
    app = bolt(ws)

    @app.command("/towpath")
    async def towpath(ack: Any, command: dict[str, Any]) -> None:
        await ack(f"Got it: {command['text']}")

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], say: Any) -> None:
        await say("here I am", thread_ts=event["ts"])

    handler = AsyncSocketModeHandler(app, APP_TOKEN, web_client=web_client(ws, APP_TOKEN))
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        ana = ws.person("ana")
        assert (await ana.command("deploys", "/towpath", "show status")).ok
        await ws.until(lambda seen: seen.ephemeral("Got it: show status", to=ANA))
        root = await ana.say("deploys", "@towpath hello")
        await ws.until(lambda seen: seen.message("here I am", thread=root.ts))
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
    assert {row["transport"] for row in (await ws.seen()).deliveries()} == {"socket"}


async def test_each_envelope_goes_to_one_connection(ws: Workspace) -> None:
    got: list[tuple[str, str]] = []

    def listener(name: str) -> Any:
        async def answer(client: SocketModeClient, request: SocketModeRequest) -> None:
            got.append((name, request.payload["event_id"]))
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

        return answer

    async with connected(ws, listener("a")), connected(ws, listener("b")):
        for n in range(6):
            await ws.person("ana").say("deploys", f"message {n}")
        await ws.until(lambda seen: len(seen.deliveries("event")) >= 6)
    assert len({event for _, event in got}) == len(got) == 6
    assert {name for name, _ in got} == {"a", "b"}


async def test_an_event_without_ack_comes_again(ws: Workspace) -> None:
    got: list[SocketModeRequest] = []

    async def silent_at_first(client: SocketModeClient, request: SocketModeRequest) -> None:
        got.append(request)
        if len(got) > 1:
            await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))

    await ws.timing(ack_deadline=0.5, retry_delays=[0] * 20)
    async with connected(ws, silent_at_first):
        await ws.person("ana").say("deploys", "hello")
        await ws.until(lambda seen: [row for row in seen.deliveries("event") if row["outcome"] == "ok"])
    assert [row.retry_attempt for row in got[:2]] == [0, 1]
    assert got[1].retry_reason == "http_timeout"
    assert got[0].payload["event_id"] == got[1].payload["event_id"]


async def test_the_client_comes_back_after_a_disconnect(ws: Workspace) -> None:
    heard = asyncio.Event()

    async def answer(client: SocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        heard.set()

    await ws.timing(retry_delays=[0.05] * 50)
    async with connected(ws, answer):
        assert await ws.disconnect_sockets() == 1
        await ws.person("ana").say("deploys", "are you back?")
        await asyncio.wait_for(heard.wait(), 10)
    opened = [row for row in (await ws.seen()).api_calls("apps.connections.open") if row["answer"]["ok"]]
    assert len(opened) == 2


async def test_without_a_connection_commands_fail(ws: Workspace) -> None:
    ack = await ws.person("ana").command("deploys", "/towpath", "status")
    assert ack.outcome == "connection_failed"
    assert (await ws.seen()).ephemeral("dispatch_failed", to=ANA)
    assert BOT_TOKEN not in str([row.body for row in (await ws.seen()).happenings()])
