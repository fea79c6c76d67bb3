"""The intake stream: what fails is tried again and laid aside at last; nothing waits for it; order holds within a conversation."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from redis.asyncio import Redis

from bot import clock
from bot.broker import connect
from bot.consumer import DEAD, GROUP, TRIES, Consumer, Pace
from bot.signature import IntakeSigners, Signer
from bot.together import end
from demo.redis import RedisServer
from workers.contract import lanes

from .stage import SECRET, until

PACE = Pace(deadline=5.0, retry_after=0.05, look_every=0.05, pause=0.05, block=0.1)


async def put(redis: Redis, **body: str) -> None:
    """What the door puts into the stream."""
    raw, now = urlencode(body).encode(), str(int(time.time()))
    fields: dict[Any, Any] = {
        "body": raw,
        "form": "application/x-www-form-urlencoded",
        "at": now,
        "signature": Signer(SECRET).sign(now, raw),
    }
    await redis.xadd(lanes.INTAKE, fields)


@asynccontextmanager
async def consuming(folder: Path, dispatch: Callable[[dict[str, Any]], Awaitable[bool]]) -> AsyncIterator[Redis]:
    """A consumer on a Redis of its own."""
    with RedisServer(folder / "redis") as server:
        redis = connect(server.url)
        task = asyncio.create_task(Consumer(redis, IntakeSigners(SECRET, None), dispatch, "me", PACE).run())
        try:
            yield redis
        finally:
            await end([task])
            await redis.aclose()


async def test_what_fails_is_laid_aside_and_stops_nobody(tmp_path: Path) -> None:
    tried: list[str] = []

    async def dispatch(body: dict[str, Any]) -> bool:
        tried.append(body["text"])
        return bool(body["text"] != "bad")

    async with consuming(tmp_path, dispatch) as redis:
        await put(redis, channel_id="C1", text="bad")
        await put(redis, channel_id="C1", text="good")

        async def laid_aside() -> bool:
            return await redis.xlen(DEAD) == 1 and await redis.xlen(lanes.INTAKE) == 0

        await until(laid_aside)
        assert tried.count("good") == 1 and tried.index("good") == 1
        assert tried.count("bad") == TRIES
        rows: list[Any] = await redis.xrange(DEAD) or []
        ((_, fields),) = rows
        assert fields["why"] == "it failed too often" and "text=bad" in fields["body"]
        assert (await redis.xpending(lanes.INTAKE, GROUP))["pending"] == 0


async def test_failure_once_is_made_good(tmp_path: Path) -> None:
    tried: list[str] = []

    async def dispatch(body: dict[str, Any]) -> bool:
        tried.append(body["text"])
        return len(tried) > 2

    async with consuming(tmp_path, dispatch) as redis:
        await put(redis, channel_id="C1", text="a")

        async def done() -> bool:
            return await redis.xlen(lanes.INTAKE) == 0 and len(tried) == 3

        await until(done)
        assert await redis.xlen(DEAD) == 0


async def test_what_a_dead_bot_was_at_is_taken_up_at_once_and_what_a_living_one_is_at_is_not(tmp_path: Path) -> None:
    done: list[str] = []

    async def dispatch(body: dict[str, Any]) -> bool:
        done.append(body["text"])
        return True

    over = await asyncio.create_subprocess_exec("true")
    await over.wait()
    mine = clock.life()
    dead = mine.replace(f"/{os.getpid()}/", f"/{over.pid}/")
    alive = mine.replace(f"/{os.getpid()}/", f"/{os.getppid()}/")
    with RedisServer(tmp_path / "redis") as server:
        redis = connect(server.url)
        await redis.xgroup_create(lanes.INTAKE, GROUP, id="0", mkstream=True)
        for name, text in ((dead, "left behind"), (alive, "in hand")):
            await put(redis, channel_id="C1", text=text)
            await redis.xreadgroup(GROUP, name, {lanes.INTAKE: ">"})
        patient = replace(PACE, retry_after=600.0)
        task = asyncio.create_task(Consumer(redis, IntakeSigners(SECRET, None), dispatch, mine, patient).run())

        async def taken_up() -> bool:
            return await redis.xlen(lanes.INTAKE) == 1

        await until(taken_up)
        await put(redis, channel_id="C1", text="new")
        await until(taken_up)
        await end([task])
        await redis.aclose()
    assert done[0] == "left behind"
    assert "in hand" not in done


async def test_order_within_a_conversation_and_none_across(tmp_path: Path) -> None:
    done: list[str] = []
    gate = asyncio.Event()

    async def dispatch(body: dict[str, Any]) -> bool:
        if body["text"] == "first":
            await gate.wait()
        done.append(body["text"])
        return True

    async with consuming(tmp_path, dispatch) as redis:
        for channel, text in (("C1", "first"), ("C1", "second"), ("C2", "elsewhere")):
            await put(redis, channel_id=channel, text=text)

        async def elsewhere() -> bool:
            return done == ["elsewhere"]

        await until(elsewhere)
        gate.set()

        async def all_done() -> bool:
            return len(done) == 3

        await until(all_done)
        assert done == ["elsewhere", "first", "second"]


async def test_waiting_for_its_turn_is_no_try(tmp_path: Path) -> None:
    done: list[str] = []
    gate = asyncio.Event()

    async def dispatch(body: dict[str, Any]) -> bool:
        if body["text"] == "first":
            await gate.wait()
        done.append(body["text"])
        return done.count("second") != 1

    async with consuming(tmp_path, dispatch) as redis:
        for text in ("first", "second"):
            await put(redis, channel_id="C1", text=text)

        async def looked_often() -> bool:
            stats = await redis.info("commandstats")
            return bool(stats.get("cmdstat_xautoclaim", {}).get("calls", 0) > 4 * TRIES)

        await until(looked_often)
        gate.set()

        async def all_done() -> bool:
            return await redis.xlen(lanes.INTAKE) == 0

        await until(all_done)
        assert done == ["first", "second", "second"]
        assert await redis.xlen(DEAD) == 0


async def test_defect_is_tried_again_and_laid_aside(tmp_path: Path) -> None:
    async def dispatch(body: dict[str, Any]) -> bool:
        raise KeyError(body["text"])

    async with consuming(tmp_path, dispatch) as redis:
        await put(redis, channel_id="C1", text="bad")

        async def laid_aside() -> bool:
            return await redis.xlen(DEAD) == 1 and await redis.xlen(lanes.INTAKE) == 0

        await until(laid_aside)
