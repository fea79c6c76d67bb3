"""What one answer found, kept for the next who asks the same a moment later. Losing it costs only the work again."""

from __future__ import annotations

from typing import Any

import redis

from workers.adapters.redis.connection import told


class Kept:
    """Small documents with an end, in one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def get(self, name: str) -> bytes | None:
        """What was kept under the name, if it is not over."""
        with told(f"looking for {name}"):
            found: Any = self._client.get(name)
        return found if isinstance(found, bytes) else None

    def put(self, name: str, content: bytes, seconds: int) -> None:
        """Keep it for so long."""
        with told(f"keeping {name}"):
            self._client.set(name, content, ex=seconds)
