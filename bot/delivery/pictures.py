"""Pictures below answers that everybody sees. A message for one person alone cannot hold a file of Slack's, so there it is the page that shows it.

An answer never waits for its picture, and is whole without it: rather no picture than the same one twice.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

import structlog
from redis.asyncio import Redis

from bot.asked import Asked
from bot.broker import as_text
from bot.slack import Later, SaidNo, Slack, Unknown
from workers.contract import lanes
from workers.contract.names import Digest
from workers.contract.outcomes import DriftShown

log = structlog.get_logger("bot.pictures")

KEPT = 7 * 24 * 3600
TRIES = 5
PAUSE = 1.0
MOST_WORDS = 1_000

MayPost = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Drawn:
    """A picture by its digest, what it is called, the words for whoever cannot see it, and where it belongs. `mark` makes it one."""

    digest: Digest
    name: str
    title: str
    words: str
    channel: str
    thread: str | None
    mark: str

    @classmethod
    def of(cls, outcome: DriftShown, digest: Digest, asked: Asked, thread: str | None) -> Self:
        """The picture of an answer."""
        report = outcome.report
        what = f"{report.artifact} {report.version} in {report.environment}"
        name = re.sub(r"[^A-Za-z0-9.-]+", "-", f"drift-{what}-{digest.short}.png")
        mark = hashlib.sha256(f"picture {asked.request_id}".encode()).hexdigest()[:20]
        return cls(digest, name, f"Drift of {what}", outcome.picture_text[:MOST_WORDS], asked.channel, thread, mark)


class Pictures:
    """Posts pictures."""

    def __init__(self, slack: Slack, redis: Redis) -> None:
        self._slack = slack
        self._redis = redis

    async def post(self, drawn: Drawn, may_post: MayPost) -> None:
        """Post it, unless that was done or may have been. What Slack does not take is logged: the answer stands without it."""
        content = await self._content(drawn.digest)
        for _ in range(TRIES if content else 0):
            try:
                await may_post()
                await self._once(drawn, content or b"")
                return
            except Later as exc:
                await asyncio.sleep(exc.seconds)
            except Unknown:
                await asyncio.sleep(PAUSE)
            except SaidNo as exc:
                fix = "add the scope files:write and install the app again" if exc.code == "missing_scope" else None
                log.error("picture_refused", channel=drawn.channel, code=exc.code, fix=fix)
                return
        log.warning("picture_not_posted", channel=drawn.channel, digest=drawn.digest, is_gone=content is None)

    async def _content(self, digest: Digest) -> bytes | None:
        """The PNG as the workers laid it into Redis, if it is still there and is the one that was meant."""
        text = as_text(await self._redis.get(lanes.picture(digest)))
        try:
            content = base64.b64decode(text or "", validate=True)
        except (binascii.Error, ValueError):
            return None
        return content if f"sha256:{hashlib.sha256(content).hexdigest()}" == digest else None

    async def _once(self, drawn: Drawn, content: bytes) -> None:
        """An upload that is not completed is nothing, so only completing it must happen once: the mark stands before it does."""
        key = f"towpath:bot:picture:{drawn.mark}"
        if await self._redis.exists(key):
            return
        place = await self._slack.call("files.getUploadURLExternal", filename=drawn.name, length=str(len(content)), alt_txt=drawn.words)
        await self._slack.upload(str(place["upload_url"]), content)
        thread: dict[str, Any] = {"thread_ts": drawn.thread} if drawn.thread else {}
        await self._redis.set(key, "1", ex=KEPT)
        try:
            files = [{"id": place["file_id"], "title": drawn.title}]
            await self._slack.call("files.completeUploadExternal", files=files, channel_id=drawn.channel, **thread)
        except (Later, SaidNo):
            await self._redis.delete(key)
            raise
        except Unknown as exc:
            log.warning("picture_in_doubt", channel=drawn.channel, why=str(exc))
