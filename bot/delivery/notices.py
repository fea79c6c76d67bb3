"""What a whole channel must know and is about no promotion: posted once, with a mark in its metadata by which it is found again."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import Awaitable, Callable

import structlog
from redis.asyncio import Redis

from bot.broker import as_text
from bot.delivery.search import Search
from bot.delivery.whisper import PLAIN, shown
from bot.links import Links
from bot.people import People
from bot.slack import Later, SaidNo, Slack, Unknown
from bot.views import answer
from workers.contract.names import ActorId
from workers.contract.outcomes import Delivery

log = structlog.get_logger("bot.notices")

KEPT = 7 * 24 * 3600
PAUSE = 1.0
DOUBT = "?"


class Notices:
    """Posts notices."""

    def __init__(self, slack: Slack, redis: Redis, search: Search, people: People, links: Links) -> None:
        self._slack = slack
        self._redis = redis
        self._search = search
        self._people = people
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
            post = answer(delivery.outcome, self._links, await self._people.names(_users_in(delivery.outcome)))
            answered = await self._slack.call("chat.postMessage", channel=delivery.channel, **shown(post), metadata=metadata, **PLAIN)
            await self._redis.set(key, str(answered["ts"]), ex=KEPT)


def _users_in(outcome: object) -> set[str]:
    """The people that an outcome names in its own fields: a notice names them without ringing for them."""
    if not dataclasses.is_dataclass(outcome):
        return set()
    values = (getattr(outcome, field.name) for field in dataclasses.fields(outcome))
    return {value.user for value in values if isinstance(value, ActorId) and value.is_person}
