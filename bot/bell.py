"""A bell: however often it is pressed, it rings at most so often, and always once more after the last press."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger("bot.bell")

Act = Callable[[], Awaitable[None]]


class Bell:
    """Presses while it is ringing (or pausing after it) are one ring. A ring that is not heard is told in the log and is not repeated."""

    def __init__(self, ring: Act, pause: Act | None = None) -> None:
        self._ring = ring
        self._pause = pause
        self._ringing: asyncio.Task[None] | None = None
        self._again = False

    def press(self) -> None:
        """Have it ring soon. Returns at once."""
        self._again = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._work())

    async def heard(self, timeout: float) -> None:
        """Wait until every press was heard, but not for ever."""
        if self._ringing:
            await asyncio.wait([self._ringing], timeout=timeout)

    async def _work(self) -> None:
        while self._again:
            self._again = False
            try:
                await self._ring()
            except Exception as exc:
                log.warning("bell_unheard", error=type(exc).__name__)
            if self._pause:
                await self._pause()
