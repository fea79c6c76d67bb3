"""What a whole conversation sees and is about no promotion: posted once, with a mark in its metadata by which it is found again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis

from bot.asked import Asked
from bot.broker import as_text
from bot.delivery.search import MayNotLook, Search
from bot.delivery.whisper import PLAIN, shown
from bot.links import Links
from bot.people import People, people_of
from bot.slack import LOCKED_OUT_PAUSE, Later, SaidNo, Slack, Unknown
from bot.views import Post, answer, shared
from workers.contract.outcomes import Delivery, Outcome

log = structlog.get_logger("bot.notices")

KEPT = 7 * 24 * 3600
PAUSE = 1.0
DOUBT, FOUND = "?", "found"

MayPost = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class _Public:
    """A post, where it belongs, and the mark that makes it one."""

    post: Post
    mark: str
    channel: str
    thread: str | None = None


class Notices:
    """Posts for everybody in a conversation. Nobody is notified by one: people are named, not mentioned."""

    def __init__(self, slack: Slack, redis: Redis, search: Search, people: People, links: Links) -> None:
        self._slack = slack
        self._redis = redis
        self._search = search
        self._people = people
        self._links = links

    async def post(self, entry_id: str, delivery: Delivery, may_post: MayPost) -> None:
        """Post what an entry of the outcome stream says, unless that was done."""
        post = answer(delivery.outcome, self._links, await self._names(delivery.outcome))
        try:
            await self._insist(_Public(post, _mark(f"{entry_id} {delivery.to_wire()}"), delivery.channel), may_post)
        except SaidNo as exc:
            log.error("notice_refused", channel=delivery.channel, code=exc.code)

    async def share(self, asked: Asked, outcome: Outcome, may_post: MayPost) -> str | None:
        """Post the answer to a question for everybody, unless that was done; the thread that it is in or begins, if that is known.

        Raises bot.slack's SaidNo: we cannot post there.
        """
        names = await self._names(outcome) | await self._people.names([asked.user])
        post = answer(outcome, self._links, names)
        if asked.is_shared:
            post = shared(post, asked.sentence, asked.user, names)
        public = _Public(post, _mark(f"share {asked.request_id}"), asked.channel, asked.everybodys_thread)
        posted = await self._insist(public, may_post)
        return public.thread or (posted if asked.is_shared else None)

    async def _names(self, outcome: Outcome) -> dict[str, str]:
        return await self._people.names(people_of(outcome))

    async def _insist(self, public: _Public, may_post: MayPost) -> str | None:
        while True:
            await may_post()
            try:
                return await self._once(public)
            except SaidNo as exc:
                if not exc.is_lockout:
                    raise
                log.error("notice_refused", channel=public.channel, code=exc.code)
                await asyncio.sleep(LOCKED_OUT_PAUSE)
            except Later as exc:
                await asyncio.sleep(exc.seconds)
            except Unknown:
                await asyncio.sleep(PAUSE)

    async def _once(self, public: _Public) -> str | None:
        """The `ts` of the post, if it is known."""
        key = f"towpath:bot:notice:{public.mark}"
        known = as_text(await self._redis.get(key))
        if known == DOUBT and await self._is_there(public):
            await self._redis.set(key, FOUND, ex=KEPT)
            return None
        if known in (None, DOUBT):
            await self._redis.set(key, DOUBT, ex=KEPT)
            thread = {"thread_ts": public.thread} if public.thread else {}
            metadata = {"event_type": "towpath_notice", "event_payload": {"notice": public.mark}}
            asked = {"channel": public.channel, **thread, **shown(public.post), "metadata": metadata, **PLAIN}
            answered = await self._slack.call("chat.postMessage", **asked)
            known = str(answered["ts"])
            await self._redis.set(key, known, ex=KEPT)
        return None if known == FOUND else known

    async def _is_there(self, public: _Public) -> bool:
        """Whether it was posted. Where we may not look it counts as not posted: rather twice than never."""
        try:
            return await self._search.notice(public.channel, public.thread, public.mark)
        except MayNotLook as exc:
            log.warning(
                "posting_without_looking", channel=public.channel, method=str(exc), fix="install the app again with its history scopes"
            )
            return False


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
