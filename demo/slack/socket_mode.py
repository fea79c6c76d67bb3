"""Deliveries over Socket Mode: WebSocket connections of the app, each envelope to just one of them.

Source: Slack's Socket Mode protocol: `hello`, envelopes with `envelope_id`, acknowledgements that echo it, and
`disconnect` before the server closes.
"""

import asyncio
import json
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from demo.slack.clock import new_id, new_secret
from demo.slack.parcel import Parcel, Taken
from demo.slack.shapes import Json
from demo.slack.tuning import Timing
from demo.slack.workspace import App

MOST_CONNECTIONS = 10
GRACE = 10.0
"""Seconds between the announcement of a disconnect and the end of the connection."""
TYPES = {"event": "events_api", "command": "slash_commands", "interactive": "interactive"}


@dataclass
class _Line:
    """One open connection."""

    socket: web.WebSocketResponse
    name: str = field(default_factory=lambda: new_id("applink-", 6))


class SocketTransport:
    """Hands out tickets (`apps.connections.open`), holds the connections, sends envelopes, takes acknowledgements."""

    name = "socket"

    def __init__(self, app: App, timing: Timing) -> None:
        self._app = app
        self._timing = timing
        self._tickets: set[str] = set()
        self._lines: list[_Line] = []
        self._turn = 0
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    def ticket(self) -> str:
        """A one-time word for a WebSocket URL."""
        word = new_secret()
        self._tickets.add(word)
        return word

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._lines)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The WebSocket endpoint: until the app or a disconnect ends it."""
        word = request.query.get("ticket", "")
        if word not in self._tickets:
            return web.Response(status=408, text="this URL was used or never given")
        self._tickets.discard(word)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        line = _Line(socket)
        if len(self._lines) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self._lines.append(line)
        try:
            await socket.send_json(self._hello(line))
            await self._listen(socket)
        finally:
            self._lines = [row for row in self._lines if row is not line]
        return socket

    def _hello(self, line: _Line) -> Json:
        debug = {"host": line.name, "build_number": 1, "approximate_connection_time": 18060}
        about = {"connection_info": {"app_id": self._app.id}, "debug_info": debug}
        return {"type": "hello", "num_connections": len(self._lines), **about}

    async def _listen(self, socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            try:
                said = json.loads(frame.data)
            except ValueError:
                continue
            waiting = self._waiting.get(said.get("envelope_id", "")) if isinstance(said, dict) else None
            if waiting and not waiting.done():
                waiting.set_result(said)

    async def carry(self, parcel: Parcel) -> Taken:
        """Send the envelope on one connection, in turn, and wait for its acknowledgement."""
        if not self._lines:
            return Taken("connection_failed")
        self._turn += 1
        line = self._lines[self._turn % len(self._lines)]
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[parcel.envelope] = waiting
        try:
            await line.socket.send_json(_envelope(parcel))
            said = await asyncio.wait_for(asyncio.shield(waiting), self._timing.ack_deadline)
        except TimeoutError:
            return Taken("http_timeout")
        except (ConnectionError, RuntimeError):
            return Taken("connection_failed")
        finally:
            self._waiting.pop(parcel.envelope, None)
        answer = said.get("payload") if parcel.kind != "event" else None
        return Taken("ok", 200, json.dumps(answer).encode() if answer else b"", is_json=bool(answer))

    async def disconnect(self, reason: str) -> int:
        """Ask every connection to come back anew, and use it no more; how many there were. It ends after a grace."""
        told = list(self._lines)
        for line in told:
            await line.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": line.name}})
            self._lines.remove(line)
            self._later(line)
        return len(told)

    def _later(self, line: _Line) -> None:
        async def end() -> None:
            await asyncio.sleep(GRACE)
            await line.socket.close()

        task = asyncio.create_task(end())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """End the connections without a word."""
        for task in list(self._leaving):
            task.cancel()
        for line in list(self._lines):
            await line.socket.close()


def _envelope(parcel: Parcel) -> Json:
    made: Json = {"envelope_id": parcel.envelope, "payload": parcel.payload, "type": TYPES[parcel.kind]}
    made["accepts_response_payload"] = parcel.kind != "event"
    if parcel.kind == "event":
        made |= {"retry_attempt": parcel.attempt, "retry_reason": parcel.reason}
    return made
