"""Words for those who wait: a receipt when the outcome takes more than a moment, and the plain truth when nothing is recorded yet.

A receipt stays beside the answer: by a response_url Slack replaces the message that a click came from, never one that we posted through it.
"""

from __future__ import annotations

import asyncio

import structlog
from redis.exceptions import RedisError

from bot.asked import Due, Waiting
from bot.delivery.whisper import Reader, Whisper
from bot.views.post import Post
from bot.views.text import code

log = structlog.get_logger("bot.reminders")

LOOK_EVERY = 0.2


class Reminders:
    """Looks for whom a word is due."""

    def __init__(self, waiting: Waiting, whisper: Whisper) -> None:
        self._waiting = waiting
        self._whisper = whisper
        self._telling: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                for due in await self._waiting.due():
                    log.info("still_waiting", request_id=due.asked.request_id, stage=due.stage)
                    task = asyncio.create_task(self._whisper.tell(Reader.of(due.asked), words(due)))
                    self._telling.add(task)
                    task.add_done_callback(self._telling.discard)
            except (RedisError, OSError, TimeoutError) as exc:
                log.warning("waiting_unread", error=type(exc).__name__)
                await asyncio.sleep(1.0)
            await asyncio.sleep(LOOK_EVERY)


def words(due: Due) -> Post:
    """What is said at each stage."""
    sentence = code(due.asked.sentence)
    if due.stage == "receipt":
        return Post(f"Got it, checking: {sentence}")
    if due.asked.question:
        return Post(f"No answer yet to {sentence}. Towpath's workers are busy or away; the answer follows here as soon as there is one.")
    return Post(
        f"Not recorded yet: {sentence}\nUntil it is recorded nothing has changed. Towpath keeps trying for 15 minutes; the shared "
        f"repository or the workers do not answer at the moment. (`{due.asked.request_id}`)"
    )
