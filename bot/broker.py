"""Connections to Redis, and the one path on which a delivery from Slack becomes durable.

`Appender` keeps one connection and writes all that arrives within one turn of the event loop in one packet; the answers come back in order.
That costs a third of a call through a connection pool, and it is the only work between Slack's request and our 200.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Mapping

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from workers.contract import lanes

PATIENCE = 1.5
CONNECT_WITHIN = 1.5


class NotTaken(Exception):
    """Redis did not get it: certainly nothing happened."""


class Unclear(Exception):
    """Redis got it, or not: no answer came in time."""


def connect(url: str, *, timeout: float | None = 10.0) -> Redis:
    """A client whose every call ends within `timeout` seconds (longer than any blocking read of ours), answers as text."""
    return Redis.from_url(
        url,
        decode_responses=True,
        encoding_errors="surrogateescape",
        socket_timeout=timeout,
        socket_connect_timeout=CONNECT_WITHIN,
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),  # A pooled connection may have died unnoticed.
        health_check_interval=15,
    )


def as_text(value: object) -> str | None:
    """What a client of `connect` answers for a key: text, or None for no such key."""
    return value if isinstance(value, str) else None


class Appender:
    """Appends to one Redis stream; reconnects by itself, and notices a lost connection before anybody's request does."""

    def __init__(self, url: str, stream: str) -> None:
        self._pool = connect(url, timeout=None).connection_pool  # `_Line` watches the time itself: one timer for all.
        self._head = ("XADD", stream, "MAXLEN", "~", str(lanes.LONGEST_STREAM), "*")
        self._connecting = asyncio.Lock()
        self._line: _Line | None = None

    async def append(self, fields: Mapping[str, str | bytes]) -> None:
        """Return once Redis holds the entry. Raises NotTaken or Unclear, both within two seconds."""
        line = self._line
        if line is None or line.is_over:
            line = await self._new_line()
        await line.ask(*self._head, *(part for pair in fields.items() for part in pair))

    async def close(self) -> None:
        """End the connection; what still waits is unclear."""
        if self._line:
            await self._line.end(Unclear("the bot stops"))

    async def _new_line(self) -> _Line:
        async with self._connecting:
            if self._line and not self._line.is_over:
                return self._line
            connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
            try:
                async with asyncio.timeout(PATIENCE):
                    await connection.connect()
            except (RedisError, OSError, TimeoutError) as exc:
                raise NotTaken("connecting to Redis") from exc
            self._line = _Line(connection)
            return self._line


class _Line:
    """One connection with commands under way: a reader that matches answers to commands in order, and a watch on the oldest one."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._unsent: list[bytes] = []
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()
        self._sending: set[asyncio.Task[None]] = set()
        self.is_over = False
        self._watch: asyncio.TimerHandle | None = None
        self._reader = asyncio.create_task(self._read())

    async def ask(self, *command: str | bytes) -> None:
        """Send with all that this turn of the loop sends; return when its answer is there."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append((self._loop.time() + PATIENCE, done))
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent += self._connection.pack_command(*command)
        if self._watch is None:
            self._watch = self._loop.call_later(PATIENCE, self._look)
        await done

    async def end(self, trouble: Exception) -> None:
        """Tell all who wait, and hang up."""
        self.is_over = True
        self._unsent = []
        while self._waiting:
            self._answer(trouble)
        if self._watch:
            self._watch.cancel()
        if self._reader is not asyncio.current_task():
            self._reader.cancel()
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._connection.disconnect(nowait=True)

    def _flush(self) -> None:
        packed, self._unsent = self._unsent, []
        task = asyncio.ensure_future(self._send(packed))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, packed: list[bytes]) -> None:
        if self.is_over:
            return
        with contextlib.suppress(RedisError, OSError, TimeoutError):  # The reader sees the same broken line and tells those who wait.
            await self._connection.send_packed_command(packed, check_health=False)

    def _look(self) -> None:
        self._watch = None
        if not self._waiting:
            return
        left = self._waiting[0][0] - self._loop.time()
        if left > 0:
            self._watch = self._loop.call_later(left, self._look)
        else:
            self._sending.add(asyncio.ensure_future(self.end(Unclear("waiting for Redis"))))

    async def _read(self) -> None:
        while True:
            try:
                await self._connection.read_response(disable_decoding=True, timeout=math.inf)
            except (RedisConnectionError, OSError) as exc:
                await self.end(Unclear(f"waiting for Redis ({type(exc).__name__})"))
                return
            except RedisError as exc:
                self._answer(NotTaken(f"Redis refused it ({type(exc).__name__})"))
            else:
                self._answer(None)

    def _answer(self, trouble: Exception | None) -> None:
        _, done = self._waiting.popleft()
        if done.done():
            return
        if trouble:
            done.set_exception(trouble)
        else:
            done.set_result(None)
