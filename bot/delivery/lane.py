"""One channel's stories: shown one at a time, at the pace that Slack wants; of several states of one story the newest wins."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog
from redis.exceptions import RedisError

from bot import clock
from bot.delivery.story import Story
from bot.slack import LOCKED_OUT_PAUSE, Later, SaidNo, Unknown
from workers.contract.names import StoryId

log = structlog.get_logger("bot.lane")

PAUSE = 1.0

Done = Callable[[], None]
Bring = Callable[[Story], Awaitable[float | None]]
MayPost = Callable[[], Awaitable[None]]
"""Returns once this bot may post for the shard."""


@dataclass
class _Wanted:
    story: Story
    dones: list[Done] = field(default_factory=list)
    not_before: float = 0.0


class Lane:
    """A channel's work. `bring` shows a story and says when to come back, if it must."""

    def __init__(self, bring: Bring, may_post: MayPost) -> None:
        self._bring = bring
        self._may_post = may_post
        self._wanted: dict[StoryId, _Wanted] = {}
        self._news = asyncio.Event()
        self._paused_until = 0.0
        self._task: asyncio.Task[None] | None = None

    def put(self, story: Story, done: Done) -> None:
        """Show this state, or a newer one; then call `done`."""
        self._merge(_Wanted(story, [done]))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """What is at work."""
        return [self._task] if self._task else []

    def _merge(self, wanted: _Wanted) -> None:
        known = self._wanted.get(wanted.story.id)
        if known is None:
            self._wanted[wanted.story.id] = wanted
        else:
            known.dones = [*wanted.dones, *known.dones]
            known.not_before = 0.0
            if wanted.story.newest >= known.story.newest:
                known.story = wanted.story
        self._news.set()

    async def _run(self) -> None:
        while self._wanted:
            wanted = await self._next()
            await self._may_post()
            del self._wanted[wanted.story.id]
            await self._show(wanted)

    async def _next(self) -> _Wanted:
        """The first that may be shown now; waits for one."""
        while True:
            now = clock.ticks()
            free_at = {name: max(wanted.not_before, self._paused_until) for name, wanted in self._wanted.items()}
            for name, instant in free_at.items():
                if instant <= now:
                    return self._wanted[name]
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(free_at.values()) - now):
                    await self._news.wait()

    async def _show(self, wanted: _Wanted) -> None:
        story = wanted.story.id
        try:
            come_back = await self._bring(wanted.story)
        except Later as exc:
            self._pause(wanted, exc.seconds)
        except (Unknown, RedisError, OSError, TimeoutError) as exc:
            log.warning("story_unshown", story=story, error=type(exc).__name__)
            self._pause(wanted, PAUSE)
        except SaidNo as exc:
            log.error("story_refused", story=story, code=exc.code)
            if exc.is_lockout:
                self._pause(wanted, LOCKED_OUT_PAUSE)
            else:
                self._finish(wanted)
        except Exception as exc:
            log.error("story_not_showable", story=story, exc_info=exc)
            self._finish(wanted)
        else:
            if come_back is None:
                self._finish(wanted)
            else:
                self._put_back(wanted, come_back)

    def _pause(self, wanted: _Wanted, seconds: float) -> None:
        """Slack's limits hold for the channel: everything in it waits, so that the order stays."""
        self._paused_until = clock.ticks() + seconds
        self._put_back(wanted, 0.0)

    def _put_back(self, wanted: _Wanted, not_before: float) -> None:
        """Try again, with whatever newer state came meanwhile."""
        newer = self._wanted.pop(wanted.story.id, None)
        if newer:
            wanted.dones += newer.dones
            if newer.story.newest >= wanted.story.newest:
                wanted.story = newer.story
        wanted.not_before = 0.0 if newer else not_before
        self._wanted = {wanted.story.id: wanted, **self._wanted}

    def _finish(self, wanted: _Wanted) -> None:
        for done in wanted.dones:
            done()
