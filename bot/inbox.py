"""Where requests go: the inbox of the loop that writes, and the Celery queues. The bot calls no worker in any other way."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from celery import Celery
from redis.asyncio import Redis

from workers.contract import lanes
from workers.contract.envelope import Sealed

log = structlog.get_logger("bot.inbox")


class Inbox:
    """Hands sealed envelopes over."""

    def __init__(self, redis: Redis, url: str) -> None:
        self._redis = redis
        self._celery = Celery("towpath", broker=url, set_as_current=False)
        self._celery.conf.update(
            task_serializer="json",
            accept_content=["json"],
            task_ignore_result=True,
            broker_connection_timeout=3,
            broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 3},
        )
        self._ringing: asyncio.Task[None] | None = None
        self._again = False

    async def change(self, sealed: Sealed) -> None:
        """Put a request to change something into the inbox, and wake the loop that writes. Raises redis' errors."""
        await self._redis.xadd(lanes.INBOX, {"envelope": sealed.to_wire()}, maxlen=lanes.LONGEST_STREAM, approximate=True)
        self.ring()

    async def query(self, sealed: Sealed) -> None:
        """Have a question answered. Raises kombu's errors."""
        await self._send(lanes.ANSWER, envelope=sealed.to_wire())

    async def look(self, sealed: Sealed) -> None:
        """Have a question answered from Git. Raises kombu's errors."""
        await self._send(lanes.VERIFY_RECORD, envelope=sealed.to_wire())

    async def rebuild(self) -> None:
        """Have the workers publish again what Redis lost. Raises kombu's errors."""
        await self._send(lanes.REBUILD)

    def ring(self) -> None:
        """Wake the loop that writes: one task is enough for all that lies in the inbox, and a sweep comes for what a lost one left."""
        self._again = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring())

    async def close(self) -> None:
        """Let a bell that is being rung be heard."""
        if self._ringing:
            await asyncio.wait([self._ringing], timeout=3)
        await asyncio.to_thread(self._celery.close)

    async def _ring(self) -> None:
        while self._again:
            self._again = False
            try:
                await self._send(lanes.DRAIN)
            except Exception as exc:
                log.warning("bell_unheard", error=type(exc).__name__)

    async def _send(self, task: str, **arguments: Any) -> None:
        """Celery's client blocks: it runs in a thread."""
        await asyncio.to_thread(self._celery.send_task, task, kwargs=arguments, queue=lanes.QUEUES[task], retry=False, ignore_result=True)
