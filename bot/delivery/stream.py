"""One shard's outcomes: read in order, given to the conversation they belong to; the position moves on once all before it is delivered."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.asked import Asked, Waiting
from bot.broker import as_text
from bot.delivery.epoch import Epoch
from bot.delivery.lane import Lane
from bot.delivery.notices import Notices
from bot.delivery.shards import Lease
from bot.delivery.show import Show
from bot.delivery.story import TELLINGS, Story, story
from bot.delivery.whisper import Reader, Whisper
from bot.links import Links
from bot.people import People
from bot.slack import SaidNo
from bot.together import end
from bot.views import Post, answer, can_be_shared, read_as, with_share
from workers.contract import lanes, wire
from workers.contract.outcomes import Delivery, Outcome, Silence

log = structlog.get_logger("bot.stream")

BLOCK = 2.0
PAUSE = 1.0
MOST_AT_WORK = 500
REMEMBERED = 30 * 60

NOT_SHARED = Post("I cannot post here, so nobody else saw the answer. Invite me to this channel, then ask again.")


@dataclass(frozen=True)
class Counter:
    """What serving a shard needs."""

    redis: Redis
    show: Show
    whisper: Whisper
    notices: Notices
    waiting: Waiting
    people: People
    links: Links
    epoch: Epoch


@dataclass
class _Entry:
    id: str
    is_done: bool = False


class Stream:
    """Serves one shard."""

    def __init__(self, shard: int, lease: Lease, counter: Counter) -> None:
        self._counter = counter
        self._name = lanes.outcomes(shard)
        self._position_key = f"towpath:bot:position:{shard}"
        self._lease = lease
        self._at_work: deque[_Entry] = deque()
        self._advanced, self._room = asyncio.Event(), asyncio.Event()
        self._lanes: dict[str, Lane] = {}
        self._tails: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve until cancelled; a Redis that is away or was emptied is waited for."""
        saver = asyncio.create_task(self._save_positions())
        try:
            await self._read()
        finally:
            at_work = [task for lane in self._lanes.values() for task in lane.tasks]
            await end([saver, *self._tails.values(), *at_work])

    async def _read(self) -> None:
        position: str | None = None
        epoch: str | None = None
        redis = self._counter.redis
        while True:
            try:
                if position is None or epoch != self._counter.epoch.current:
                    epoch = self._counter.epoch.current
                    position = as_text(await redis.get(self._position_key)) or "0-0"
                found = await redis.xread({self._name: position}, count=100, block=int(BLOCK * 1000))
                for entry_id, fields in _entries(found):
                    position = entry_id
                    self._take(entry_id, fields.get("delivery", ""))
                while len(self._at_work) > MOST_AT_WORK:
                    self._room.clear()
                    await self._room.wait()
            except (RedisError, OSError, TimeoutError) as exc:
                log.warning("outcomes_unreadable", stream=self._name, error=type(exc).__name__)
                await asyncio.sleep(PAUSE)

    def _take(self, entry_id: str, text: str) -> None:
        entry = _Entry(entry_id)
        self._at_work.append(entry)

        def done() -> None:
            entry.is_done = True
            self._advanced.set()

        try:
            delivery = Delivery.from_wire(text)
        except wire.BadWire as exc:
            log.error("outcome_torn", stream=self._name, entry=entry_id, why=str(exc)[:200])
            done()
            return
        if isinstance(delivery.outcome, TELLINGS):
            self._tell(delivery, story(delivery.outcome), done)
        elif delivery.actor is None:
            self._chain(f"in {delivery.channel}", lambda: self._counter.notices.post(entry_id, delivery, self._lease.enough), done)
        else:
            self._chain(f"to {delivery.actor}", lambda: self._answer(delivery, text), done)

    def _tell(self, delivery: Delivery, told: Story, done: Callable[[], None]) -> None:
        lane = self._lanes.setdefault(told.channel, Lane(self._counter.show.bring_up_to_date, self._lease.enough))
        lane.put(told, done)
        self._chain("settle", lambda: self._settle(delivery, told), lambda: None)

    async def _settle(self, delivery: Delivery, told: Story) -> None:
        for request_id in {delivery.request_id, *told.requests}:
            if request_id and (request_id == delivery.request_id or self._counter.waiting.is_mine(request_id)):
                await self._counter.waiting.settle(request_id)

    async def _answer(self, delivery: Delivery, text: str) -> None:
        """Answer a person. The same answer twice delivered is once given; another answer to the same request is given as well."""
        counter = self._counter
        asked = await counter.waiting.find(delivery.request_id) if delivery.request_id else None
        if delivery.request_id:
            await counter.waiting.settle(delivery.request_id)
        mark = f"towpath:bot:answered:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
        if isinstance(delivery.outcome, Silence) or delivery.actor is None or await counter.redis.exists(mark):
            return
        if asked and asked.is_shared and can_be_shared(delivery.outcome):
            await self._share(asked, delivery.outcome)
        else:
            thread = delivery.conversation.thread if delivery.conversation else None
            reader = Reader.of(asked) if asked else Reader(delivery.actor.user, delivery.channel, thread)
            await self._lease.enough()
            await counter.whisper.tell(reader, self._for_one(delivery.outcome, asked))
        await counter.redis.set(mark, "1", ex=REMEMBERED)

    def _for_one(self, outcome: Outcome, asked: Asked | None) -> Post:
        """An answer for the eyes of who asked: what a misspelt question was read as, and a button to share it."""
        post = answer(outcome, self._counter.links, {})
        if asked and asked.guessed and post.text:
            post = read_as(post, asked.guessed)
        if asked and asked.question and can_be_shared(outcome) and not _is_between_us(asked.channel):
            post = with_share(post, asked.question)
        return post

    async def _share(self, asked: Asked, outcome: Outcome) -> None:
        """Show an answer to everybody, in place of the one that only its reader saw."""
        counter = self._counter
        try:
            await counter.notices.share(asked, outcome, self._lease.enough)
        except SaidNo as exc:
            log.warning("not_shared", channel=asked.channel, code=exc.code)
            await counter.whisper.tell(Reader.of(asked), NOT_SHARED)
        else:
            if asked.response_url:
                await counter.whisper.take_back(asked.response_url)

    def _chain(self, key: str, work: Callable[[], Awaitable[None]], done: Callable[[], None]) -> None:
        """Do it after what was begun before under the same key."""
        before = self._tails.get(key)
        task = asyncio.create_task(self._link(before, work, done))
        self._tails[key] = task
        task.add_done_callback(lambda ended: self._tails.pop(key) if self._tails.get(key) is ended else None)

    async def _link(self, before: asyncio.Task[None] | None, work: Callable[[], Awaitable[None]], done: Callable[[], None]) -> None:
        if before:
            await asyncio.wait([before])
        while True:
            try:
                await work()
            except (RedisError, OSError, TimeoutError) as exc:
                log.warning("outcome_undelivered", stream=self._name, error=type(exc).__name__)
                await asyncio.sleep(PAUSE)
            except Exception as exc:
                log.error("outcome_not_showable", stream=self._name, exc_info=exc)
                break
            else:
                break
        done()

    async def _save_positions(self) -> None:
        while True:
            await self._advanced.wait()
            self._advanced.clear()
            reached: str | None = None
            while self._at_work and self._at_work[0].is_done:
                reached = self._at_work.popleft().id
            self._room.set()
            while reached:
                try:
                    await self._counter.redis.set(self._position_key, reached)
                    reached = None
                except (RedisError, OSError, TimeoutError):
                    await asyncio.sleep(PAUSE)


def _is_between_us(channel: str) -> bool:
    """Whether a conversation is a person's with us alone."""
    return channel.startswith("D")


def _entries(found: object) -> list[tuple[str, dict[str, str]]]:
    """Redis answers with a list of pairs, or (protocol 3) with a mapping of lists of lists."""
    rows = found.items() if isinstance(found, dict) else found or ()
    return [entry for _, entries in rows for entry in (entries[0] if entries and isinstance(entries[0], list) else entries)]  # type: ignore[attr-defined]
