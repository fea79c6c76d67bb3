"""Connections to Redis, and the one path on which a delivery from Slack becomes durable.

`Appender` keeps one connection and writes all that arrives within one turn of the event loop in one packet; the answers come back in order.
That costs a third of a call through a connection pool, and it is the only work between Slack's request and our 200.
"""

from __future__ import annotations

import asyncio
import contextlib
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


class NotTaken(Exception):
    """Redis did not get it: certainly nothing happened."""


class Unclear(Exception):
    """Redis got it, or not: no answer came in time."""


def connect(url: str, *, timeout: float = 10.0) -> Redis:
    """A client whose every call ends within `timeout` seconds (longer than any blocking read of ours), answers as text, no retries."""
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, 3.0),
        retry=Retry(NoBackoff(), 0),
        health_check_interval=15,
    )


class Appender:
    """Appends to one Redis stream; reconnects by itself."""

    def __init__(self, url: str, stream: str) -> None:
        self._pool = connect(url, timeout=PATIENCE).connection_pool
        self._head = ("XADD", stream, "MAXLEN", "~", str(lanes.LONGEST_STREAM), "*")
        self._connection: AbstractConnection | None = None
        self._connecting = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._unsent: list[bytes] = []
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._news = asyncio.Event()

    async def append(self, fields: Mapping[str, str | bytes]) -> None:
        """Return once Redis holds the entry. Raises NotTaken or Unclear, both within two seconds."""
        connection = self._connection or await self._connected()
        packed = connection.pack_command(*self._head, *(part for pair in fields.items() for part in pair))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._flush, connection)
        self._unsent += packed
        self._news.set()
        await done

    async def close(self) -> None:
        """End the connection; what still waits is unclear."""
        await self._drop(Unclear("the bot stops"))

    async def _connected(self) -> AbstractConnection:
        async with self._connecting:
            if self._connection:
                return self._connection
            connection = self._pool.make_connection()
            try:
                async with asyncio.timeout(PATIENCE):
                    await connection.connect()
            except (RedisError, OSError, TimeoutError) as exc:
                raise NotTaken("connecting to Redis") from exc
            self._connection = connection
            self._reader = asyncio.create_task(self._read(connection))
            return connection

    def _flush(self, connection: AbstractConnection) -> None:
        packed, self._unsent = self._unsent, []
        self._sending = asyncio.ensure_future(self._send(connection, packed))

    async def _send(self, connection: AbstractConnection, packed: list[bytes]) -> None:
        with contextlib.suppress(RedisError, OSError):  # The reader sees the same broken connection and tells those who wait.
            await connection.send_packed_command(packed, check_health=False)

    async def _read(self, connection: AbstractConnection) -> None:
        while True:
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
            try:
                async with asyncio.timeout(PATIENCE):
                    await connection.read_response(disable_decoding=True, timeout=None)
            except (RedisConnectionError, OSError, TimeoutError) as exc:
                await self._drop(Unclear(f"waiting for Redis ({type(exc).__name__})"))
                return
            except RedisError as exc:
                self._answer(NotTaken(f"Redis refused it ({type(exc).__name__})"))
            else:
                self._answer(None)

    def _answer(self, trouble: Exception | None) -> None:
        done = self._waiting.popleft()
        if done.done():
            return
        if trouble:
            done.set_exception(trouble)
        else:
            done.set_result(None)

    async def _drop(self, trouble: Exception) -> None:
        connection, self._connection = self._connection, None
        self._unsent = []
        while self._waiting:
            self._answer(trouble)
        if self._reader and self._reader is not asyncio.current_task():
            self._reader.cancel()
        if connection:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await connection.disconnect(nowait=True)
