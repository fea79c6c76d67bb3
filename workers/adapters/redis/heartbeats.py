"""Signs of life in Redis: written by each lane, read by `towpath doctor`."""

from __future__ import annotations

from typing import Any

import redis

from workers.adapters.redis.connection import told
from workers.contract import heartbeats, wire
from workers.contract.heartbeats import Beat, Seen


class Heartbeats:
    """The signs of all processes on one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def give(self, beat: Beat) -> None:
        """This process is alive."""
        with told("giving a sign of life"), self._client.pipeline(transaction=True) as pipe:
            pipe.set(heartbeats.key(beat.name), wire.canonical(beat), ex=heartbeats.KEPT)
            pipe.sadd(heartbeats.NAMES, beat.name)
            pipe.execute()

    def seen(self) -> list[Seen]:
        """Who gave a sign within the last minutes. Who did not is forgotten."""
        with told("looking for signs of life"):
            members: Any = self._client.smembers(heartbeats.NAMES)
            names = sorted(name.decode() for name in members)
            found = {name: seen for name in names if (seen := self._of(name))}
            if gone := [name for name in names if name not in found]:
                self._client.srem(heartbeats.NAMES, *gone)
        return list(found.values())

    def _of(self, name: str) -> Seen | None:
        with self._client.pipeline(transaction=True) as pipe:
            pipe.get(heartbeats.key(name))
            pipe.pttl(heartbeats.key(name))
            text, left = pipe.execute()
        try:
            return Seen(wire.read(Beat, wire.load(text)), heartbeats.KEPT - left / 1000) if text else None
        except wire.BadWire:
            return None
