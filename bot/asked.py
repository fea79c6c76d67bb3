"""What is remembered of a request until it is answered: where its author is, and since when they wait.

Kept in Redis for half an hour (so long a response_url lives), and in this process as well: a flushed Redis must not make anybody wait in
silence for a request that was received and is not recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

from redis.asyncio import Redis

from bot import clock
from bot.broker import as_text
from workers.contract import wire
from workers.contract.names import RequestId

KEPT = 30 * 60
RECEIPT_AFTER = 0.9
UNRECORDED_AFTER = 15.0

WAITING = "towpath:bot:waiting"


@dataclass(frozen=True)
class Asked:
    """One request. `since` is in milliseconds of wall time; `wants_receipt` is so for commands, buttons and forms.

    `question` is a question as a button asks it again, None for what changes something; `guessed` is what a misspelt one was read as;
    `is_shared` says that the answer is for everybody in the conversation; `open_thread` is the thread in which everybody may see an answer
    because everybody saw the question: that of a mention or a reply (empty between a person and us alone, where there need be none).
    """

    request_id: RequestId
    channel: str
    user: str
    sentence: str
    since: int
    thread: str | None = None
    response_url: str | None = None
    wants_receipt: bool = False
    question: str | None = None
    guessed: str | None = None
    is_shared: bool = False
    open_thread: str | None = None

    @property
    def everybodys_thread(self) -> str | None:
        """Where an answer for everybody is posted: a shared one where it was asked, another in the thread of the question."""
        return self.thread if self.is_shared else self.open_thread or None


@dataclass(frozen=True)
class Due:
    """A word that a request's author is due: `stage` is receipt or unrecorded."""

    asked: Asked
    stage: str


def _key(request_id: str) -> str:
    return f"towpath:bot:asked:{request_id}"


def _queued(request_id: str) -> str:
    return f"towpath:bot:queued:{request_id}"


def _settled(request_id: str) -> str:
    return f"towpath:bot:settled:{request_id}"


class Waiting:
    """Who asked, and who of them waits for an answer."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._mine: dict[str, Asked] = {}
        self._stages: dict[str, set[str]] = {}

    async def is_known(self, request_id: RequestId) -> bool:
        """Whether this very request was queued before."""
        return bool(await self._redis.exists(_queued(request_id)))

    async def remember(self, asked: Asked) -> None:
        """Remember a request that is about to be queued: its outcome may be there before we know that it was."""
        self._mine[asked.request_id] = asked
        await self._redis.set(_key(asked.request_id), wire.canonical(asked).decode(), ex=KEPT)

    async def begin(self, asked: Asked) -> None:
        """Wait for the outcome of a request that was just queued."""
        stages = {"receipt", "unrecorded"} if asked.wants_receipt else {"unrecorded"}
        self._stages[asked.request_id] = set(stages)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(_queued(asked.request_id), "1", ex=KEPT)
            pipe.zadd(WAITING, {f"{stage}:{asked.request_id}": asked.since + _after(stage) * 1000 for stage in stages})
            await pipe.execute()

    def is_mine(self, request_id: RequestId) -> bool:
        """Whether this process queued the request and nobody answered yet."""
        return request_id in self._stages

    async def find(self, request_id: RequestId) -> Asked | None:
        """What is remembered of a request."""
        if request_id in self._mine:
            return self._mine[request_id]
        text = as_text(await self._redis.get(_key(request_id)))
        try:
            return wire.read(Asked, wire.load(text)) if text else None
        except wire.BadWire:
            return None

    async def settle(self, request_id: RequestId) -> None:
        """The request's outcome is there: nobody waits for it any more."""
        self._stages.pop(request_id, None)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(_settled(request_id), "1", ex=KEPT)
            pipe.zrem(WAITING, f"receipt:{request_id}", f"unrecorded:{request_id}")
            await pipe.execute()

    async def due(self) -> list[Due]:
        """The words that are due now; each is given out once, to one bot."""
        now = clock.epoch_seconds() * 1000
        names = {str(name) for name in await self._redis.zrangebyscore(WAITING, 0, now)}
        for request_id, stages in self._stages.items():
            since = self._mine[request_id].since
            names |= {f"{stage}:{request_id}" for stage in stages if since + _after(stage) * 1000 <= now}
        self._forget_before(now - KEPT * 1000)
        return [due for name in sorted(names) if (due := await self._claim(*name.split(":", 1)))]

    async def _claim(self, stage: str, request_id: str) -> Due | None:
        asked = await self.find(RequestId(request_id))
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.exists(_settled(request_id))
            pipe.set(f"towpath:bot:told:{stage}:{request_id}", "1", nx=True, ex=KEPT)
            pipe.zrem(WAITING, f"{stage}:{request_id}")
            settled, first, _ = await pipe.execute()
        stages = self._stages.get(request_id, set())
        stages.discard(stage)
        if not stages:
            self._stages.pop(request_id, None)
        return Due(asked, stage) if asked and first and not settled else None

    def _forget_before(self, instant: float) -> None:
        """The oldest stand first, as near as matters."""
        while self._mine and (oldest := next(iter(self._mine.values()))).since < instant:
            del self._mine[oldest.request_id]
            self._stages.pop(oldest.request_id, None)


def _after(stage: str) -> float:
    return RECEIPT_AFTER if stage == "receipt" else UNRECORDED_AFTER
