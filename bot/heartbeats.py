"""The signs of life of the workers, as the bot reads them."""

from __future__ import annotations

from typing import Any

from redis.asyncio import Redis

from workers.contract import heartbeats, wire
from workers.contract.heartbeats import Beat


async def ages(redis: Redis) -> dict[str, float]:
    """For each lane that gave a sign lately, how many seconds ago the last one was. Raises redis' errors."""
    found: dict[str, float] = {}
    names: Any = await redis.smembers(heartbeats.NAMES)
    for name in sorted(names):
        async with redis.pipeline(transaction=True) as pipe:
            pipe.get(heartbeats.key(name))
            pipe.pttl(heartbeats.key(name))
            text, left = await pipe.execute()
        if text and (beat := _read(text)):
            age = heartbeats.KEPT - left / 1000
            found[beat.lane] = min(age, found.get(beat.lane, age))
    return found


def _read(text: str) -> Beat | None:
    try:
        return wire.read(Beat, wire.load(text))
    except wire.BadWire:
        return None
