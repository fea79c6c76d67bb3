"""The names that the grammar knows, from the projection; kept for two seconds. Without them names are recognised by their shape."""

from __future__ import annotations

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot import clock
from bot.broker import as_text
from bot.grammar import Vocabulary
from workers.contract import lanes, wire
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.promotion import Kind

log = structlog.get_logger("bot.vocabulary")

KEPT = 2.0


class Names:
    """The vocabulary as it is now."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._known = Vocabulary()
        self._until = 0.0

    async def now(self) -> Vocabulary:
        """The names of artifacts and environments; the last known ones when Redis cannot say."""
        if clock.ticks() >= self._until:
            try:
                self._known = read(as_text(await self._redis.get(lanes.document("vocabulary"))))
            except (RedisError, OSError, TimeoutError, wire.BadWire) as exc:
                log.warning("vocabulary_unread", error=type(exc).__name__)
            self._until = clock.ticks() + KEPT
        return self._known


def read(text: str | None) -> Vocabulary:
    """The vocabulary in its document; empty without one. Raises BadWire."""
    data = wire.load(text) if text else {}
    if not isinstance(data, dict):
        raise wire.BadWire("the vocabulary is no mapping")
    artifacts = wire.read(dict[ArtifactName, Kind], data.get("artifacts", {}))
    environments = wire.read(tuple[EnvironmentName, ...], data.get("environments", []))
    return Vocabulary({str(name): kind for name, kind in artifacts.items()}, tuple(str(name) for name in environments))
