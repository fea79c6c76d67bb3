"""The watchdog: it lives in the bot, which goes on when the workers do not, and tells the channels once what stands still, and once that it moves again.

It believes only itself: for how long a lane has been silent is counted by its own clock, so an emptied Redis, or one that was away, is no silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot import clock, heartbeats
from bot.broker import as_text
from workers.contract import lanes, wire
from workers.contract.envelope import read_stamp
from workers.contract.heartbeats import PATIENCE
from workers.contract.outcomes import Delivery, Notice
from workers.contract.watched import Step, Watched

log = structlog.get_logger("bot.watchdog")

LOOK_EVERY = 5.0
OLDEST = 60.0
"""Seconds that a request may lie in the inbox."""
OVERDUE = timedelta(minutes=3)
"""So long after its deadline (once more as long as a step may take) a step under way shows that nobody looks after deadlines."""
CLAIMED = 600
"""Seconds for which one bot's word keeps the others from saying the same."""

_DOES = {
    "clock": "nothing begins at its time, expires, or is started again after a crash",
    "changes": "nothing is decided or recorded; what is asked is kept for fifteen minutes",
    "queries": "questions are not answered",
    "effects": "nothing is deployed, verified or brought back",
    "training": "no training is begun or looked at; those that run go on",
}


@dataclass(frozen=True)
class Look:
    """What one look saw: the seconds since each lane's last sign, the age of the oldest request in the inbox, and what is to be watched."""

    ages: dict[str, float]
    oldest: float
    watched: Watched


class Watchdog:
    """Looks every few seconds. `amiss` is what stands still, in words; `ages` the seconds since each lane's last sign."""

    def __init__(self, redis: Redis, ticks: Callable[[], float] = clock.ticks) -> None:
        self._redis = redis
        self._ticks = ticks
        self.amiss: dict[str, str] = {}
        self.ages: dict[str, float | None] = dict.fromkeys(PATIENCE)
        self._channels: tuple[str, ...] = ()
        self._last_look = ticks()
        self._signs = dict.fromkeys(PATIENCE, ticks())

    @property
    def is_alive(self) -> bool:
        """Whether it went round lately."""
        return self._ticks() - self._last_look < 30

    async def run(self) -> None:
        """Look until cancelled."""
        self._be_patient()
        while True:
            try:
                await self.look()
            except (RedisError, OSError, TimeoutError) as exc:
                log.warning("not_watched", error=type(exc).__name__)
                self._be_patient()
            self._last_look = self._ticks()
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """See what stands still, and tell what is new of it. Raises redis' errors."""
        seen = await self._seen()
        self._channels = seen.watched.channels or self._channels
        self._note(seen.ages)
        amiss = dict(self._troubles(seen))
        new = [text for name, text in amiss.items() if name not in self.amiss and await self._claims(name, "amiss", "over")]
        over = [text for name, text in self.amiss.items() if name not in amiss and await self._claims(name, "over", "amiss")]
        self.amiss = amiss
        if new:
            await self._tell(f"Towpath stands still: {' '.join(new)}", "stands_still")
        if over:
            await self._tell(f"Over, it goes on: {' '.join(over)}", "goes_on")

    def _be_patient(self) -> None:
        """Count every silence from now on."""
        self._signs = dict.fromkeys(PATIENCE, self._ticks())

    def _note(self, ages: dict[str, float]) -> None:
        now = self._ticks()
        for lane in PATIENCE:
            if lane in ages:
                self._signs[lane] = max(self._signs[lane], now - ages[lane])
        if self._is_silent("clock"):  # It is the clock that asks the others for their signs.
            self._signs |= {lane: now for lane in PATIENCE if lane != "clock"}
        self.ages = {lane: round(ages[lane], 1) if lane in ages else None for lane in PATIENCE}

    def _is_silent(self, lane: str) -> bool:
        return self._ticks() - self._signs[lane] > PATIENCE[lane]

    def _troubles(self, seen: Look) -> Iterator[tuple[str, str]]:
        for lane in PATIENCE:
            if self._is_silent(lane):
                yield lane, f"The process `{lane}` has given no sign of life for over {PATIENCE[lane]:.0f} s: {_DOES[lane]}."
        if seen.oldest > OLDEST:
            yield "inbox", f"Requests have been waiting for over {OLDEST:.0f} s and are not recorded. Nothing has changed by them yet."
        for step in seen.watched.steps:
            if read_stamp(step.until) + OVERDUE < clock.now():
                yield step.promotion, _overdue(step)

    async def _seen(self) -> Look:
        redis = self._redis
        text = as_text(await redis.get(lanes.watched()))
        try:
            watched = wire.read(Watched, wire.load(text)) if text else Watched()
        except wire.BadWire:
            watched = Watched()
        rows = await redis.xrange(lanes.INBOX, count=1)
        seconds, _ = await redis.time()
        oldest = seconds - int(str(rows[0][0]).partition("-")[0]) / 1000 if rows else 0.0
        return Look(await heartbeats.ages(redis), oldest, watched)

    async def _claims(self, name: str, state: str, other: str) -> bool:
        """Whether this bot is the one that says it."""
        await self._redis.delete(_mark(name, other))
        return bool(await self._redis.set(_mark(name, state), "1", nx=True, ex=CLAIMED))

    async def _tell(self, text: str, event: str) -> None:
        """By the way that all outcomes take, so that it is posted once and in order."""
        log.warning(event, text=text, channels=len(self._channels))
        for channel in self._channels:
            stream, delivery = lanes.outcomes(lanes.shard_of(channel)), Delivery(Notice(text), channel)
            await self._redis.xadd(stream, {"delivery": delivery.to_wire()}, maxlen=lanes.LONGEST_STREAM, approximate=True)


def _overdue(step: Step) -> str:
    return f"{step.promotion} has been {step.state} without an answer since before {step.until}, and nobody was asked to decide."


def _mark(name: str, state: str) -> str:
    return f"towpath:bot:watch:{name}:{state}"
