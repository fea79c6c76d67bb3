"""The bell: many presses are few rings, and after the last press it always rings once more."""

from __future__ import annotations

import asyncio

from bot.bell import Bell


class Tower:
    """Counts rings; each ring and each pause lasts until the test lets it go."""

    def __init__(self) -> None:
        self.rings = 0
        self.broken = False
        self.ring_over = asyncio.Semaphore(0)
        self.pause_over = asyncio.Semaphore(0)
        self.began = asyncio.Queue[str]()

    async def ring(self) -> None:
        self.rings += 1
        self.began.put_nowait("ring")
        await self.ring_over.acquire()
        if self.broken:
            raise OSError("no broker")

    async def pause(self) -> None:
        self.began.put_nowait("pause")
        await self.pause_over.acquire()

    async def reaches(self, what: str) -> None:
        async with asyncio.timeout(5):
            assert await self.began.get() == what


async def test_presses_while_it_rings_or_pauses_are_one_ring_more() -> None:
    tower = Tower()
    bell = Bell(tower.ring, tower.pause)
    for _ in range(5):
        bell.press()
    await tower.reaches("ring")
    for _ in range(5):
        bell.press()
    tower.ring_over.release()
    await tower.reaches("pause")
    for _ in range(5):
        bell.press()
    assert tower.rings == 1
    tower.pause_over.release()
    await tower.reaches("ring")
    tower.ring_over.release()
    await tower.reaches("pause")
    tower.pause_over.release()
    await bell.heard(5)
    assert tower.rings == 2
    bell.press()
    await tower.reaches("ring")
    assert tower.rings == 3
    tower.ring_over.release()
    tower.pause_over.release()
    await bell.heard(5)


async def test_a_ring_that_nobody_hears_stops_none_after_it() -> None:
    tower = Tower()
    tower.broken = True
    bell = Bell(tower.ring)
    bell.press()
    await tower.reaches("ring")
    bell.press()
    tower.ring_over.release()
    await tower.reaches("ring")
    tower.broken = False
    tower.ring_over.release()
    await bell.heard(5)
    assert tower.rings == 2


async def test_a_bell_that_was_never_pressed_is_heard() -> None:
    await Bell(Tower().ring).heard(5)
