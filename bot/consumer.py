"""Reads the intake stream and gives each delivery to the listeners: at least once, in order within a conversation, one at a time there.

What fails is tried again (also by another bot, if this one dies); what failed five times is laid aside in a stream of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from bot import clock
from bot.listeners import SAID_AT
from bot.signature import IntakeSigners
from workers.contract import lanes

log = structlog.get_logger("bot.consumer")

GROUP = "bot"
DEAD = "towpath:bot:dead"
MOST_DEAD = 1_000
TRIES = 5
BATCH = 64
TOUCHED = 100
"""Milliseconds within which somebody else has taken an entry over."""

Body = dict[str, Any]
Dispatch = Callable[[Body], Awaitable[bool]]
"""Gives a body to the listeners; False when they failed."""


class BadDelivery(ValueError):
    """What lies in the stream is not what Slack sent; trying again changes nothing."""


@dataclass(frozen=True)
class Pace:
    """How patient the consumer is, in seconds: with one delivery, before a failed one is tried again, with an unreachable Redis.

    `courtesy` is how long new work lets the door go first: Slack waits for the acknowledgement of what was just appended.
    """

    deadline: float = 12.0
    retry_after: float = 15.0
    look_every: float = 5.0
    pause: float = 1.0
    block: float = 2.0
    courtesy: float = 0.002


class Consumer:
    """The bot's end of the intake stream."""

    def __init__(self, redis: Redis, signers: IntakeSigners, dispatch: Dispatch, me: str, pace: Pace | None = None) -> None:
        self._redis = redis
        self._signers = signers
        self._dispatch = dispatch
        self._me = me
        self._pace = pace or Pace()
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._tails: dict[str, asyncio.Task[None]] = {}
        self._next_look = 0.0
        self.last_seen = clock.ticks()

    @property
    def is_alive(self) -> bool:
        """Whether the loop went round lately."""
        return clock.ticks() - self.last_seen < 30

    async def run(self) -> None:
        """Consume until cancelled; a Redis that is away or was emptied is waited for. What is at work then is finished."""
        try:
            while True:
                await self._turn()
                self.last_seen = clock.ticks()
        finally:
            await self.finish()

    async def _turn(self) -> None:
        try:
            if clock.ticks() >= self._next_look:
                self._next_look = clock.ticks() + self._pace.look_every
                await self._take_up_what_was_left()
            await self._read_new()
        except ResponseError as exc:
            await self._mend(exc)
        except (RedisError, OSError, TimeoutError) as exc:
            log.warning("intake_unreadable", error=type(exc).__name__)
            await asyncio.sleep(self._pace.pause)

    async def finish(self) -> None:
        """Wait for what is at work."""
        if self._at_work:
            await asyncio.wait(list(self._at_work.values()), timeout=self._pace.deadline)

    async def _mend(self, exc: ResponseError) -> None:
        if "NOGROUP" not in str(exc):
            log.warning("intake_unreadable", error=str(exc)[:100])
            await asyncio.sleep(self._pace.pause)
            return
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._redis.xgroup_create(lanes.INTAKE, GROUP, id="0", mkstream=True)
            log.info("intake_group_made")

    async def _read_new(self) -> None:
        while len(self._at_work) >= BATCH:
            await asyncio.wait(list(self._at_work.values()), return_when=asyncio.FIRST_COMPLETED)
        block = int(self._pace.block * 1000)
        found = await self._redis.xreadgroup(GROUP, self._me, {lanes.INTAKE: ">"}, count=BATCH, block=block)
        for entry_id, fields in _entries(found):
            self._start(entry_id, fields)

    async def _take_up_what_was_left(self) -> None:
        """Take over what nobody finished. What waits here for its turn is only marked as alive: that does not count as a try."""
        idle = int(self._pace.retry_after * 1000)
        ids: Any = await self._redis.xautoclaim(lanes.INTAKE, GROUP, self._me, min_idle_time=idle, start_id="0-0", count=BATCH, justid=True)
        inherited = await self._inherit()
        left = [entry_id for entry_id in sorted({*inherited, *ids}, key=_order) if entry_id not in self._at_work]
        rows: Any = await self._redis.xclaim(lanes.INTAKE, GROUP, self._me, 0, left) if left else []
        found: dict[str, dict[str, str]] = {entry_id: fields for entry_id, fields in rows if entry_id and fields}
        for entry_id in left:
            if entry_id not in found:
                await self._done(entry_id)
            elif await self._tries_of(entry_id) > TRIES:
                await self._lay_aside(entry_id, found[entry_id], "it failed too often")
            else:
                self._start(entry_id, found[entry_id])

    async def _inherit(self) -> list[str]:
        """What a bot was at that is certainly dead: nobody waits for it to have lain long. One bot inherits; another finds it just touched."""
        inherited: list[str] = []
        consumers: Any = await self._redis.xinfo_consumers(lanes.INTAKE, GROUP)
        for name in (str(row["name"]) for row in consumers if row["pending"]):
            if name == self._me or not clock.is_over(name):
                continue
            rows: Any = await self._redis.xpending_range(lanes.INTAKE, GROUP, min="-", max="+", count=BATCH, consumername=name)
            ids = [row["message_id"] for row in rows]
            taken: Any = await self._redis.xclaim(lanes.INTAKE, GROUP, self._me, TOUCHED, ids, justid=True) if ids else []
            inherited += taken
            log.info("inherited", of=name, entries=len(ids))
        return inherited

    async def _tries_of(self, entry_id: str) -> int:
        rows = await self._redis.xpending_range(lanes.INTAKE, GROUP, min=entry_id, max=entry_id, count=1)
        return int(rows[0]["times_delivered"]) if rows else 0

    def _start(self, entry_id: str, fields: dict[str, str]) -> None:
        """Begin work on an entry, after whatever of the same conversation is at work."""
        try:
            body = read(fields, self._signers)
        except BadDelivery as exc:
            self._at_work[entry_id] = asyncio.create_task(self._reject(entry_id, fields, exc))
            return
        place = _place(body)
        before = self._tails.get(place)
        task = asyncio.create_task(self._work(entry_id, body, before))
        self._at_work[entry_id] = self._tails[place] = task
        task.add_done_callback(lambda done: self._tails.pop(place) if self._tails.get(place) is done else None)

    async def _reject(self, entry_id: str, fields: dict[str, str], exc: BadDelivery) -> None:
        with self._at_work_until_done(entry_id):
            await self._lay_aside(entry_id, fields, str(exc))

    async def _work(self, entry_id: str, body: Body, before: asyncio.Task[None] | None) -> None:
        with self._at_work_until_done(entry_id):
            await asyncio.sleep(self._pace.courtesy)
            if before:
                await asyncio.wait([before])
            async with asyncio.timeout(self._pace.deadline):
                if await self._dispatch(body):
                    await self._done(entry_id)

    @contextlib.contextmanager
    def _at_work_until_done(self, entry_id: str) -> Any:
        try:
            yield
        except (RedisError, OSError, TimeoutError) as exc:
            log.warning("delivery_unfinished", entry=entry_id, error=type(exc).__name__)
        except Exception as exc:
            log.error("delivery_failed", entry=entry_id, exc_info=exc)
        finally:
            self._at_work.pop(entry_id, None)

    async def _done(self, entry_id: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.xack(lanes.INTAKE, GROUP, entry_id)
            pipe.xdel(lanes.INTAKE, entry_id)
            await pipe.execute()

    async def _lay_aside(self, entry_id: str, fields: dict[str, str], why: str) -> None:
        log.error("delivery_laid_aside", entry=entry_id, why=why)
        await self._redis.xadd(DEAD, dict[Any, Any](fields | {"why": why}), maxlen=MOST_DEAD, approximate=True)
        await self._done(entry_id)


def _entries(found: Any) -> list[tuple[str, dict[str, str]]]:
    """Redis answers with a list of pairs, or (protocol 3) with a mapping of lists of lists."""
    rows = found.items() if isinstance(found, dict) else found or ()
    return [entry for _, entries in rows for entry in (entries[0] if entries and isinstance(entries[0], list) else entries)]


def _order(entry_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in entry_id.split("-"))


def read(fields: dict[str, str], signers: IntakeSigners) -> Body:
    """The body of a delivery as Bolt takes it, with the instant of its signature. Raises BadDelivery."""
    body, timestamp = fields.get("body", ""), fields.get("at", "")
    if not signers.hold(timestamp, body.encode("utf-8", "surrogateescape"), fields.get("signature", "")):
        raise BadDelivery("its signature does not hold")
    if not (timestamp.isascii() and timestamp.isdigit()):
        raise BadDelivery("its timestamp is no number")
    found = _parsed(body, fields.get("form", ""))
    return {**found, SAID_AT: timestamp}


def _parsed(body: str, form: str) -> Body:
    try:
        if form.startswith("application/x-www-form-urlencoded"):
            flat = {key: values[-1] for key, values in parse_qs(body, keep_blank_values=True).items()}
            found = json.loads(flat["payload"]) if "payload" in flat else flat
        else:
            found = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise BadDelivery("it is torn") from exc
    if not isinstance(found, dict):
        raise BadDelivery("it is no object")
    return found


def _place(body: Body) -> str:
    """The conversation that a delivery belongs to."""
    event, channel = body.get("event"), body.get("channel")
    inner = event.get("channel") if isinstance(event, dict) else None
    outer = channel.get("id") if isinstance(channel, dict) else body.get("channel_id")
    return str(inner or outer or "")
