"""The life of Redis: a key says since when it remembers. When the key is missing, everything was lost, and the workers publish it again."""

from __future__ import annotations

import asyncio

import structlog
from redis.asyncio import Redis

from bot import clock
from bot.broker import as_text
from bot.inbox import Inbox
from workers.contract import lanes

log = structlog.get_logger("bot.epoch")

LOOK_EVERY = 1.0


class Epoch:
    """Watches the key."""

    def __init__(self, redis: Redis, inbox: Inbox) -> None:
        self._redis = redis
        self._inbox = inbox
        self.current: str | None = None

    async def run(self) -> None:
        """Look every second until cancelled."""
        while True:
            try:
                await self.look()
            except Exception as exc:  # Celery's client raises kombu's own errors, which the bot does not import.
                log.warning("epoch_unread", error=type(exc).__name__)
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Read the key; ask for a rebuild and set it when it is missing."""
        found = as_text(await self._redis.get(lanes.EPOCH))
        if found is None:
            await self._inbox.rebuild()
            await self._redis.set(lanes.EPOCH, str(int(clock.epoch_seconds() * 1000)), nx=True)
            found = as_text(await self._redis.get(lanes.EPOCH))
            log.info("redis_is_new", epoch=found)
        self.current = found
