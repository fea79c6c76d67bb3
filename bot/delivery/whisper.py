"""Answers for one person's eyes: by the response_url of their request, else in the conversation, else as a direct message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog

from bot.asked import Asked
from bot.slack import Later, SaidNo, Slack, SlackTrouble, Unknown
from bot.views.post import Post

log = structlog.get_logger("bot.whisper")

TRIES = 40
PAUSE = 2.0
PLAIN = {"unfurl_links": False, "unfurl_media": False}


@dataclass(frozen=True)
class Reader:
    """Who is to read it, and where: a channel, the thread they spoke in, the response_url they left."""

    user: str
    channel: str
    thread: str | None = None
    response_url: str | None = None

    @classmethod
    def of(cls, asked: Asked) -> Reader:
        """The author of a request."""
        return cls(asked.user, asked.channel, asked.thread, asked.response_url)


class Whisper:
    """Tells one person something."""

    def __init__(self, slack: Slack) -> None:
        self._slack = slack

    async def tell(self, reader: Reader, post: Post) -> None:
        """Show them the post, however long Slack makes us wait. What nobody can be shown is logged."""
        if not post.text:
            return
        for way in (self._by_hook, self._in_place, self._directly):
            try:
                if await self._keep_trying(way, reader, post):
                    return
            except SaidNo as exc:
                log.info("whisper_refused", way=way.__name__.strip("_"), code=exc.code, user=reader.user, channel=reader.channel)
        log.error("whisper_lost", user=reader.user, channel=reader.channel)

    async def tell_by(self, response_url: str, text: str) -> None:
        """Tell whoever left this response_url; without one there is no other way."""
        try:
            await self._slack.respond(response_url, _hooked(Post(text)))
        except SlackTrouble as exc:
            log.warning("whisper_lost", trouble=type(exc).__name__)

    async def take_back(self, response_url: str) -> None:
        """Remove the message that a click came from."""
        try:
            await self._slack.respond(response_url, {"delete_original": True})
        except SlackTrouble as exc:
            log.info("whisper_left", trouble=type(exc).__name__)

    async def _keep_trying(self, way: Any, reader: Reader, post: Post) -> bool:
        unknown = 0
        for _ in range(TRIES):
            try:
                return bool(await way(reader, post))
            except Later as exc:
                await asyncio.sleep(exc.seconds)
            except Unknown:
                unknown += 1
                if unknown > 3:
                    break
                await asyncio.sleep(PAUSE)
        return False

    async def _by_hook(self, reader: Reader, post: Post) -> bool:
        if reader.response_url is None:
            return False
        body = _hooked(post)
        if reader.thread:
            body["thread_ts"] = reader.thread
        await self._slack.respond(reader.response_url, body)
        return True

    async def _in_place(self, reader: Reader, post: Post) -> bool:
        place = {"thread_ts": reader.thread} if reader.thread else {}
        await self._slack.call("chat.postEphemeral", channel=reader.channel, user=reader.user, **place, **shown(post))
        return True

    async def _directly(self, reader: Reader, post: Post) -> bool:
        await self._slack.call("chat.postMessage", channel=reader.user, **shown(post), **PLAIN)
        return True


def shown(post: Post) -> dict[str, Any]:
    """A post as arguments of Slack's `chat.*` methods."""
    return {"text": post.text, "blocks": post.blocks} if post.blocks else {"text": post.text}


def _hooked(post: Post) -> dict[str, Any]:
    return {"response_type": "ephemeral", "replace_original": False, **shown(post)}
