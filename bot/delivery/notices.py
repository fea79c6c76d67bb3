"""What a whole channel must know and is about no promotion: posted once, with a mark in its metadata by which it is found again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import structlog
from redis.asyncio import Redis

from bot.broker import as_text
from bot.delivery.search import Search
from bot.delivery.whisper import PLAIN, shown
from bot.links import Links
from bot.slack import Later, SaidNo, Slack, Unknown
from bot.views import answer
from workers.contract.outcomes import Delivery

log = structlog.get_logger("bot.notices")

KEPT = 7 * 24 * 3600
PAUSE = 1.0
DOUBT = "?"


class Notices:
    """Posts notices."""

    def __init__(self, slack: Slack, redis: Redis, search: Search, links: Links) -> None:
        self._slack = slack
        self._redis = redis
        self._search = search
        self._links = links

    async def post(self, entry_id: str, delivery: Delivery, may_post: Callable[[], Awaitable[None]]) -> None:
        """Post what an entry of the outcome stream says, unless that was done."""
        mark = hashlib.sha256(f"{entry_id} {delivery.to_wire()}".encode()).hexdigest()[:20]
        while True:
            await may_post()
            try:
                await self._once(mark, delivery)
                return
            except SaidNo as exc:
                log.error("notice_refused", channel=delivery.channel, code=exc.code)
                return
            except Later as exc:
                await asyncio.sleep(exc.seconds)
            except Unknown:
                await asyncio.sleep(PAUSE)

    async def _once(self, mark: str, delivery: Delivery) -> None:
        key = f"towpath:bot:notice:{mark}"
        known = as_text(await self._redis.get(key))
        if known == DOUBT and await self._search.notice(delivery.channel, mark):
            await self._redis.set(key, "found", ex=KEPT)
        elif known in (None, DOUBT):
            await self._redis.set(key, DOUBT, ex=KEPT)
            metadata = {"event_type": "towpath_notice", "event_payload": {"notice": mark}}
            post = answer(delivery.outcome, self._links, {})
            answered = await self._slack.call("chat.postMessage", channel=delivery.channel, **shown(post), metadata=metadata, **PLAIN)
            await self._redis.set(key, str(answered["ts"]), ex=KEPT)
