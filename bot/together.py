"""Tasks that live and end together."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

PATIENCE = 1.0


async def together(*works: Coroutine[Any, Any, object]) -> None:
    """Run all until one ends, then end the others. Raises what the first one to end raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(tasks)
    for task in done:
        task.result()


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they are over: a cancellation that meets a timeout inside a client library gets lost there.

    Whoever is cancelled while ending others goes on until they are over: nobody is left behind by the impatient.
    """
    is_cancelled = False
    while left := {task for task in tasks if not task.done()}:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=PATIENCE)
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        raise asyncio.CancelledError
