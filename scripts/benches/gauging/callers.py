"""Callers in a closed loop: each keeps one connection, and asks again as soon as it has its answer. Made to cost little beside the server."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"
DEADLINE = 120.0


@dataclass(frozen=True)
class Answer:
    """One answer: when it was there (a tick of `time.perf_counter`), how long it took in seconds, and what it said. Status 0: there was none."""

    at: float
    seconds: float
    status: int
    body: bytes = b""


@dataclass(frozen=True)
class Place:
    """Where to call: a TCP port of this machine."""

    port: int
    host: str = "127.0.0.1"


async def call(place: Place, requests: Iterator[bytes], callers: int, pause: float = 0.0) -> list[Answer]:
    """Send whole HTTP/1.1 requests until there are no more, by so many callers at once; every answer in the order in which they came.

    Each caller waits `pause` seconds between an answer and its next request. A connection that breaks is one answer with status 0; its caller
    connects again. Raises TimeoutError after two minutes, and OSError when nobody listens.
    """
    talk = _Talk(requests, pause)
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(*(_keep_calling(place, talk) for _ in range(callers)))
    return talk.answers


@dataclass(frozen=True)
class _Talk:
    """What all callers share."""

    requests: Iterator[bytes]
    pause: float
    answers: list[Answer] = field(default_factory=list)


async def _keep_calling(place: Place, talk: _Talk) -> None:
    loop = asyncio.get_running_loop()
    is_over = False
    while not is_over:
        over: asyncio.Future[bool] = loop.create_future()
        transport, _ = await loop.create_connection(lambda over=over: _Caller(talk, over), place.host, place.port)  # type: ignore[misc]
        try:
            is_over = await over
        finally:
            transport.close()


class _Caller(asyncio.Protocol):
    """One connection. `over` becomes true when there are no more requests, false when the connection broke."""

    def __init__(self, talk: _Talk, over: asyncio.Future[bool]) -> None:
        self._talk = talk
        self._over = over
        self._got = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._got += data
        if (whole := _whole(self._got)) is None:
            return
        now = time.perf_counter()
        self._talk.answers.append(Answer(now, now - self._began, int(self._got[9:12]), whole))
        self._got = b""
        if self._talk.pause:
            asyncio.get_running_loop().call_later(self._talk.pause, self._ask)
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._over.done():
            now = time.perf_counter()
            self._talk.answers.append(Answer(now, now - self._began, 0))
            self._over.set_result(False)

    def _ask(self) -> None:
        if self._over.done():
            return
        request = next(self._talk.requests, None)
        if request is None:
            self._over.set_result(True)
            return
        self._began = time.perf_counter()
        self._transport.write(request)


def _whole(got: bytes) -> bytes | None:
    """The body, once all of it is there."""
    head, end, body = got.partition(_END)
    if not end:
        return None
    length = _LENGTH.search(head)
    return body if len(body) >= (int(length[1]) if length else 0) else None


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A whole request."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode() + body
