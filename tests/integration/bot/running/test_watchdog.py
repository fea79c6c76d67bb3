"""What stands still is told once, and once that it moves again: over a real Redis, with signs of life as the workers give them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis as sync_redis
from redis.asyncio import Redis

from bot.broker import connect
from bot.watchdog import Watchdog
from demo.redis import RedisServer
from workers.adapters.redis.heartbeats import Heartbeats
from workers.contract import lanes, wire
from workers.contract.heartbeats import KEPT, PATIENCE, Beat, key
from workers.contract.outcomes import Delivery, Notice
from workers.contract.watched import Step, Watched

CHANNELS = ("C0DEPLOYS", "C0OTHER")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("watched")) as running:
        yield running


@dataclass
class Yard:
    """A Redis, its watchdogs, and a clock that a test winds."""

    redis: Redis
    signs: Heartbeats
    now: float = 1000.0
    dogs: list[Watchdog] = field(default_factory=list)

    def dog(self) -> Watchdog:
        self.dogs.append(Watchdog(self.redis, lambda: self.now))
        return self.dogs[-1]

    def beat(self, *names: str) -> None:
        for name in names:
            self.signs.give(Beat(name, f"{name}@here", 1, "2026-11-23T08:00:00.000Z", "1"))

    async def later(self, seconds: float, *alive: str) -> None:
        """Time passes; only who is alive has given a sign meanwhile: the others' are that much older."""
        self.now += seconds
        for lane in PATIENCE:
            left = await self.redis.pttl(key(f"{lane}@here"))
            if left > 0:
                await self.redis.pexpire(key(f"{lane}@here"), max(1, left - int(seconds * 1000)))
        self.beat(*alive)
        for dog in self.dogs:
            await dog.look()

    async def told(self) -> list[str]:
        """What was told since the last call, each text once for each channel."""
        found = []
        for channel in CHANNELS:
            stream = lanes.outcomes(lanes.shard_of(channel))
            entries: Any = await self.redis.xrange(stream)
            rows = [Delivery.from_wire(fields["delivery"]) for _, fields in entries]
            mine = [row.outcome.text for row in rows if row.channel == channel and isinstance(row.outcome, Notice)]
            found.append(mine)
        for channel in CHANNELS:
            await self.redis.delete(lanes.outcomes(lanes.shard_of(channel)))
        assert found[0] == found[1]
        return found[0]

    async def watch(self, *steps: Step) -> None:
        await self.redis.set(lanes.watched(), wire.canonical(Watched(CHANNELS, steps)).decode())


@pytest.fixture
async def yard(server: RedisServer) -> AsyncIterator[Yard]:
    redis = connect(server.url)
    await redis.flushall()
    with sync_redis.Redis.from_url(server.url) as client:
        yard = Yard(redis, Heartbeats(client))
        await yard.watch()
        yield yard
    await redis.aclose()


async def test_a_silent_lane_is_told_once_and_its_return_once(yard: Yard) -> None:
    dog = yard.dog()
    for _ in range(3):
        await yard.later(30, *PATIENCE)
    assert await yard.told() == []
    for _ in range(5):
        await yard.later(30, "clock", "changes", "effects", "training")
    (text,) = await yard.told()
    assert "`queries`" in text and "questions are not answered" in text
    assert set(dog.amiss) == {"queries"}
    for _ in range(3):
        await yard.later(5, *PATIENCE)
    (text,) = await yard.told()
    assert text.startswith("Over") and "`queries`" in text
    assert dog.amiss == {}


async def test_several_bots_say_it_once(yard: Yard) -> None:
    yard.dog(), yard.dog()
    for _ in range(4):
        await yard.later(50, "clock", "queries", "effects", "training")
    assert len(await yard.told()) == 1
    await yard.later(5, *PATIENCE)
    assert len(await yard.told()) == 1


async def test_an_emptied_redis_is_no_silence(yard: Yard) -> None:
    yard.dog()
    await yard.later(30, *PATIENCE)
    await yard.redis.flushall()
    await yard.later(5)
    await yard.later(5, *PATIENCE)
    await yard.watch()
    for _ in range(10):
        await yard.later(20, *PATIENCE)
    assert await yard.told() == []


async def test_without_the_clock_nobody_can_say_of_the_others(yard: Yard) -> None:
    dog = yard.dog()
    for _ in range(6):
        await yard.later(50)
    assert set(dog.amiss) == {"clock"}
    await yard.later(5, "clock")
    assert dog.amiss == {}


async def test_requests_that_lie_in_the_inbox_are_noticed(yard: Yard) -> None:
    dog = yard.dog()
    seconds, _ = await yard.redis.time()
    place = await yard.redis.xadd(lanes.INBOX, {"envelope": "x"}, id=f"{(seconds - 61) * 1000}-0")
    await yard.later(5, *PATIENCE)
    assert set(dog.amiss) == {"inbox"}
    await yard.redis.xdel(lanes.INBOX, place)
    await yard.later(5, *PATIENCE)
    stood, goes = await yard.told()
    assert "are not recorded" in stood and goes.startswith("Over")


async def test_a_step_that_nobody_looks_after_is_noticed(yard: Yard) -> None:
    dog = yard.dog()
    await yard.watch(Step("P-7", "deploying", "2099-01-01T00:00:00.000Z"), Step("P-8", "rolling back", "2026-11-23T08:00:00.000Z"))
    await yard.later(5, *PATIENCE)
    assert set(dog.amiss) == {"P-8"}
    assert "P-8 has been rolling back" in (await yard.told())[0]


async def test_who_was_started_in_the_middle_of_a_silence_tells_its_end(yard: Yard) -> None:
    yard.dog()
    for _ in range(2):
        await yard.later(50, "clock", "queries", "effects", "training")
    yard.dogs.clear()
    yard.dog()
    for _ in range(2):
        await yard.later(50, "clock", "queries", "effects", "training")
    assert len(await yard.told()) == 1
    await yard.later(1, *PATIENCE)
    assert (await yard.told())[0].startswith("Over")


def test_a_sign_is_kept_longer_than_any_lane_may_be_silent() -> None:
    assert max(PATIENCE.values()) < KEPT
