"""Where requests go: the inbox of the loop that writes, and the Celery queues. The bot calls no worker in any other way."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from celery import Celery
from redis.asyncio import Redis

from bot.bell import Bell
from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.envelope import Sealed

LOOK_AT_MOST_EVERY = 1.0
LOOK_EXPIRES = 45.0
LOOKS: dict[type[ask.Request], str] = {ask.AuditVerify: lanes.VERIFY_RECORD, ask.ShowDrift: lanes.SHOW_DRIFT}
"""The task that answers each question which the projection cannot answer."""


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
        self._drain = Bell(lambda: self._send(lanes.DRAIN))
        self._look = Bell(self._look_at_source, lambda: asyncio.sleep(LOOK_AT_MOST_EVERY))

    async def change(self, sealed: Sealed) -> None:
        """Put a request to change something into the inbox, and wake the loop that writes. Raises redis' errors."""
        await self._redis.xadd(lanes.INBOX, {"envelope": sealed.to_wire()}, maxlen=lanes.LONGEST_STREAM, approximate=True)
        self.ring()

    async def query(self, sealed: Sealed) -> None:
        """Have a question answered. Raises kombu's errors."""
        await self._send(lanes.ANSWER, envelope=sealed.to_wire())

    async def look_into(self, sealed: Sealed, question: type[ask.Request]) -> None:
        """Have a question answered from Git, or from live rows. Raises kombu's errors."""
        await self._send(LOOKS[question], envelope=sealed.to_wire())

    async def rebuild(self) -> None:
        """Have the workers publish again what Redis lost. Raises kombu's errors."""
        await self._send(lanes.REBUILD)

    def ring(self) -> None:
        """Wake the loop that writes: one task is enough for all that lies in the inbox, and a sweep comes for what a lost one left."""
        self._drain.press()

    def look(self) -> None:
        """Have the source branch and the tags looked at now, rather than at the next beat of the clock."""
        self._look.press()

    async def close(self) -> None:
        """Let bells that are being rung be heard."""
        await asyncio.gather(self._drain.heard(3), self._look.heard(3))
        await asyncio.to_thread(self._celery.close)

    async def _look_at_source(self) -> None:
        """A look that nobody took in time is worth nothing, since the clock asks for one as well: it expires, so that none pile up."""
        send = partial(
            self._celery.send_task, expires=LOOK_EXPIRES, queue=lanes.QUEUES[lanes.LOOK_AT_SOURCE], retry=False, ignore_result=True
        )
        await asyncio.to_thread(send, lanes.LOOK_AT_SOURCE)

    async def _send(self, task: str, **arguments: Any) -> None:
        """Celery's client blocks: it runs in a thread."""
        await asyncio.to_thread(self._celery.send_task, task, kwargs=arguments, queue=lanes.QUEUES[task], retry=False, ignore_result=True)
