"""Answers that are kept for a while."""

from __future__ import annotations

import asyncio

import pytest

from bot import kept
from bot.kept import Allowance, Kept


class Source:
    """Answers with how often it was asked; fails while `broken`."""

    def __init__(self) -> None:
        self.asked = 0
        self.broken = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def answer(self, key: str) -> str:
        self.asked += 1
        mine = self.asked
        await self.gate.wait()
        if self.broken:
            raise OSError("away")
        return f"{key}{mine}"


async def test_an_answer_is_asked_for_once_while_it_is_young() -> None:
    source = Source()
    known = Kept(source.answer)
    assert await asyncio.gather(*(known.get("a", 60) for _ in range(4))) == ["a1"] * 4
    assert (await known.get("a", 60), await known.get("b", 60)) == ("a1", "b2")
    assert await known.get("a", -1) == "a3"


async def test_a_failure_is_not_kept() -> None:
    source = Source()
    known = Kept(source.answer)
    source.broken = True
    with pytest.raises(OSError, match="away"):
        await known.get("a", 60)
    source.broken = False
    assert await known.get("a", 60) == "a2"


async def test_what_is_on_its_way_when_it_is_forgotten_is_not_kept() -> None:
    source = Source()
    known = Kept(source.answer)
    for what in ("a", None):
        source.gate.clear()
        task = asyncio.create_task(known.get("a", 60))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        known.forget(what)
        later = asyncio.create_task(known.get("a", 60))
        source.gate.set()
        assert await task != await later == known.known("a", 60)
        known.forget()


async def test_who_stops_waiting_stops_nobody_else() -> None:
    source = Source()
    source.gate.clear()
    known = Kept(source.answer)
    first, second = (asyncio.create_task(known.get("a", 60)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    source.gate.set()
    assert await second == "a1"


async def test_the_oldest_answers_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    known = Kept(Source().answer)
    for key in "abcad":
        await known.get(key, -1)
    assert [known.known(key, 60) for key in "abcd"] == ["a4", None, "c3", "d5"]


def test_an_allowance_ends() -> None:
    allowance = Allowance(3)
    assert [allowance.take() for _ in range(5)] == [True, True, True, False, False]
