"""Tasks end together, also when a cancellation gets lost and whoever waits for them is cancelled meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from bot import together


async def _deaf(times: int) -> None:
    """A task that loses so many cancellations."""
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if times == 0:
                raise
            times -= 1


async def test_whoever_is_cancelled_while_ending_others_leaves_nobody_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "PATIENCE", 0.01)
    tasks = [asyncio.create_task(_deaf(lost)) for lost in (0, 1, 5)]
    await asyncio.sleep(0)
    ending = asyncio.create_task(together.end(tasks))
    for _ in range(3):
        await asyncio.sleep(0)
        ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert all(task.cancelled() for task in tasks)
