"""Every process of an installation gives a sign of life, out of the queue that it serves; an emptied Redis has them again a beat later."""

from __future__ import annotations

import os
import signal

from redis import Redis

from tests.faults.play import Scene
from workers.adapters.redis.heartbeats import Heartbeats
from workers.contract.heartbeats import PATIENCE


async def test_every_lane_gives_signs_and_gives_them_again_after_redis_was_emptied(scene: Scene) -> None:
    with Redis.from_url(scene.installation.redis.url) as client:
        signs = Heartbeats(client)
        await scene.until(lambda: {one.beat.lane for one in signs.seen()} == set(PATIENCE), "every lane gives a sign")
        assert {one.beat.pid for one in signs.seen() if one.beat.lane != "effects"} >= {scene.installation.pid("queries")}
        client.flushall()
        await scene.until(lambda: {one.beat.lane for one in signs.seen()} == set(PATIENCE), "every lane gives one again", within=15)


async def test_a_process_that_hangs_gives_none(scene: Scene) -> None:
    """It lives and holds its connections; but its queue is not served."""
    hung = scene.installation.pid("queries")
    with Redis.from_url(scene.installation.redis.url) as client:
        signs = Heartbeats(client)
        await scene.until(lambda: any(one.beat.pid == hung for one in signs.seen()), "it gives a sign")
        os.kill(hung, signal.SIGSTOP)
        try:
            await scene.until(lambda: all(one.age > 8 for one in signs.seen() if one.beat.lane == "queries"), "it is silent")
            await scene.until(lambda: any(one.age < 5 for one in signs.seen() if one.beat.lane == "changes"), "the others go on")

        finally:
            os.kill(hung, signal.SIGCONT)
        await scene.until(lambda: any(one.age < 6 for one in signs.seen() if one.beat.lane == "queries"), "it is back")
