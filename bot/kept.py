"""Answers of Slack's that are good enough for a while, and how often we may ask for more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot import clock

MOST = 10_000

T = TypeVar("T")


class Kept(Generic[T]):
    """The newest answer for each key (at most 10,000). Who asks while an answer is on its way waits for that one."""

    def __init__(self, ask: Callable[[str], Awaitable[T]]) -> None:
        self._ask = ask
        self._known: dict[str, tuple[float, T]] = {}
        self._asking: dict[str, asyncio.Task[T]] = {}

    def known(self, key: str, age: float) -> T | None:
        """The answer, if it was asked for at most `age` seconds ago."""
        begun, answer = self._known.get(key, (0.0, None))
        return answer if answer is not None and clock.ticks() - begun <= age else None

    def is_asked(self, key: str) -> bool:
        """Whether an answer is on its way."""
        return key in self._asking

    async def get(self, key: str, age: float) -> T:
        """An answer at most `age` seconds old: the known one, or a new one. Raises what asking raises."""
        if (answer := self.known(key, age)) is not None:
            return answer
        if key not in self._asking:
            self._asking[key] = asyncio.create_task(self._fetch(key))
        return await asyncio.shield(self._asking[key])

    def forget(self, key: str | None = None) -> None:
        """Drop one answer, or all; also one that is on its way, for it may tell what was before."""
        for store in (self._known, self._asking):
            if key is None:
                store.clear()
            else:
                store.pop(key, None)

    async def _fetch(self, key: str) -> T:
        begun, task = clock.ticks(), asyncio.current_task()
        try:
            answer = await self._ask(key)
        except BaseException:
            if self._asking.get(key) is task:
                del self._asking[key]
            raise
        if self._asking.get(key) is task:
            del self._asking[key]
            self._keep(key, begun, answer)
        return answer

    def _keep(self, key: str, begun: float, answer: T) -> None:
        self._known.pop(key, None)
        self._known[key] = (begun, answer)
        if len(self._known) > MOST:
            del self._known[next(iter(self._known))]


class Allowance:
    """So many a minute, and no more."""

    def __init__(self, most: int) -> None:
        self._taken: deque[float] = deque(maxlen=most)

    def take(self) -> bool:
        """Whether there is one more."""
        now = clock.ticks()
        if len(self._taken) == self._taken.maxlen and now - self._taken[0] < 60:
            return False
        self._taken.append(now)
        return True
