"""What the workers published of a promotion, for pages and forms; when Redis lost it, they are asked to publish it again."""

from __future__ import annotations

import asyncio

import structlog
from redis.asyncio import Redis

from bot.broker import as_text
from bot.inbox import Inbox
from workers.contract import lanes, wire
from workers.contract.drift import Watching
from workers.contract.names import ArtifactName, EnvironmentName, PromotionId
from workers.contract.outcomes import Moved

log = structlog.get_logger("bot.projection")

LONGEST_WAIT = 5.0
LOOK_EVERY = 0.1


class Projection:
    """Reads promotions."""

    def __init__(self, redis: Redis, inbox: Inbox) -> None:
        self._redis = redis
        self._inbox = inbox

    async def promotion(self, promotion: PromotionId) -> Moved | None:
        """The promotion's document as it is now. Raises redis' errors."""
        text = as_text(await self._redis.get(lanes.document(f"promotion:{promotion}")))
        try:
            return wire.read(Moved, wire.load(text)) if text else None
        except wire.BadWire as exc:
            log.error("document_torn", promotion=promotion, why=str(exc)[:200])
            return None

    async def watching(self, environment: EnvironmentName, artifact: ArtifactName) -> Watching | None:
        """What is known of a lane's drift; the workers are asked for it when the projection is lost. Raises redis' errors and kombu's."""
        text = as_text(await self._redis.get(lanes.document(f"drift:{environment}:{artifact}")))
        if text is None and not await self._redis.exists(lanes.document("head")):
            await self._inbox.rebuild()
        try:
            return wire.read(Watching, wire.load(text)) if text else None
        except wire.BadWire as exc:
            log.error("document_torn", artifact=artifact, environment=environment, why=str(exc)[:200])
            return None

    async def promotion_once_published(self, promotion: PromotionId) -> Moved | None:
        """The promotion's document; when it is missing the workers are asked for it and waited for, at most five seconds."""
        found = await self.promotion(promotion)
        if found is None:
            log.info("rebuild_asked", promotion=promotion)
            await self._inbox.rebuild()
        deadline = asyncio.get_running_loop().time() + LONGEST_WAIT
        while found is None and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(LOOK_EVERY)
            found = await self.promotion(promotion)
        return found
