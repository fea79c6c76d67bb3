"""Which shards of the conversations this bot serves: a lease in Redis for each, taken and renewed; who holds it posts, nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot import clock
from bot.slack import PATIENCE
from bot.together import end
from workers.contract import lanes

log = structlog.get_logger("bot.shards")

LEASE = 15.0
RENEW_EVERY = 2.0
NEEDED = PATIENCE + 1.0
"""So much of the lease must be left when a post begins: a post that ends after the lease could meet another bot's."""

_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder == false or holder == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return ARGV[1]
end
return holder
"""
_LEAVE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Serving(Protocol):
    """Serves one shard."""

    async def run(self) -> None:
        """Serve until cancelled."""


class Lease:
    """One shard's lease, as this bot sees it."""

    def __init__(self) -> None:
        self.until = 0.0
        self._renewed = asyncio.Event()

    def renew(self, until: float) -> None:
        """It holds until then (a tick of our clock)."""
        self.until = until
        self._renewed.set()

    async def enough(self) -> None:
        """Return once there is enough of it left for one post."""
        while self.until - clock.ticks() < NEEDED:
            self._renewed.clear()
            await self._renewed.wait()


class Shards:
    """Takes leases and starts whoever serves a shard."""

    def __init__(self, redis: Redis, me: str, serving: Callable[[int, Lease], Serving]) -> None:
        self._redis = redis
        self._me = me
        self._serving = serving
        self._held: dict[int, tuple[Lease, asyncio.Task[None]]] = {}

    @property
    def held(self) -> int:
        """How many shards this bot serves."""
        return len(self._held)

    async def run(self) -> None:
        """Take and renew until cancelled, then leave them to others."""
        try:
            while True:
                for shard in range(lanes.SHARDS):
                    await self._look_at(shard)
                await asyncio.sleep(RENEW_EVERY)
        finally:
            await self._leave_all()

    async def _look_at(self, shard: int) -> None:
        begun = clock.ticks()
        is_ours: bool | None
        try:
            holder = await self._redis.eval(_TAKE, 1, _key(shard), self._me, int(LEASE * 1000))
            is_ours = holder == self._me
            if not is_ours and clock.is_over(str(holder)):
                await self._redis.eval(_LEAVE, 1, _key(shard), str(holder))
                log.info("shard_of_a_dead_bot", shard=shard)
                is_ours = await self._redis.eval(_TAKE, 1, _key(shard), self._me, int(LEASE * 1000)) == self._me
        except (RedisError, OSError, TimeoutError):
            is_ours = None
        held = self._held.get(shard)
        if is_ours:
            if held and held[1].done():
                log.error("shard_fell_over", shard=shard, exc_info=held[1].exception())
                held = None
            if held is None:
                lease = Lease()
                held = self._held[shard] = (lease, asyncio.create_task(self._serving(shard, lease).run()))
                log.info("shard_taken", shard=shard)
            held[0].renew(begun + LEASE)
        elif held and (is_ours is not None or held[0].until < clock.ticks()):
            del self._held[shard]
            log.warning("shard_lost", shard=shard)
            await end([held[1]])

    async def _leave_all(self) -> None:
        await end([task for _, task in self._held.values()])
        for shard in self._held:
            try:
                await asyncio.wait_for(self._redis.eval(_LEAVE, 1, _key(shard), self._me), 1.0)
            except (RedisError, OSError, TimeoutError):
                log.info("shard_not_released", shard=shard)


def _key(shard: int) -> str:
    return f"towpath:bot:shard:{shard}"
