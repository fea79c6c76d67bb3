"""What Slack says is posted: our own messages with our metadata, found in a channel and in a thread.

Every post of a story carries `{event_type: "towpath_record", event_payload: {promotion, seq}}`, or `{story, seq}` when it is of another than a
promotion. Other apps can write such metadata too, so only messages of our own bot user count.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from bot.identity import Home
from bot.slack import SaidNo, Slack, SlackTrouble
from workers.contract.names import PromotionId, StoryId
from workers.contract.stories import Card

EVENT_TYPE = "towpath_record"
PAGES = 50
BEFORE = 900
"""Seconds before a story's request from which on its card is looked for: the clock of the host that recorded it may run ahead of Slack's."""

_NO_LOOKING = {"missing_scope", "no_permission", "not_allowed_token_type"}
_NOT_THERE = {"thread_not_found", "message_not_found", "channel_not_found", "not_in_channel", "is_archived"}


class MayNotLook(SlackTrouble):
    """Slack does not let us read the conversation: the app was installed without the scope `*:history`."""


def metadata(story: StoryId, seq: int) -> dict[str, Any]:
    """The metadata of a post that shows a record."""
    return {"event_type": EVENT_TYPE, "event_payload": {_word(story): str(story), "seq": seq}}


@dataclass
class Found:
    """What is posted of a story: the card with the newest event it shows, and the `ts` of each event in its thread."""

    card: Card | None = None
    card_seq: int = 0
    posted: dict[int, str] = field(default_factory=dict)

    def fields(self) -> dict[str, str]:
        """As the memory keeps it."""
        known = {f"seq:{seq}": ts for seq, ts in self.posted.items()}
        if self.card:
            known |= {"card": f"{self.card.channel}/{self.card.ts}", "card_seq": str(self.card_seq)}
        return known


class Search:
    """Looks in Slack. Raises MayNotLook, and bot.slack's Later and Unknown."""

    def __init__(self, slack: Slack, home: Home) -> None:
        self._slack = slack
        self._home = home

    async def story(self, story: StoryId, channel: str, since: float, known: tuple[Card, ...], gone: Card | None) -> Found:
        """What is posted of a story: at the places where its card is said to be, else in its channel since then (seconds)."""
        for card in known:
            if card != gone and (found := await self._thread(story, card)).card:
                return found
        async for message in self._messages("conversations.history", channel=channel, oldest=f"{since - BEFORE:.6f}"):
            card = Card(channel, str(message.get("ts")))
            is_root = message.get("thread_ts") in (None, message.get("ts"))
            if is_root and card != gone and self._seq(message, story) is not None:
                return await self._thread(story, card)
        return Found()

    async def notice(self, channel: str, thread: str | None, mark: str) -> bool:
        """Whether a post with this mark is in the thread, or among the newest messages of the channel."""
        where = {"channel": channel, "ts": thread} if thread else {"channel": channel}
        async for message in self._messages("conversations.replies" if thread else "conversations.history", **where):
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if self._home.wrote(message) and payload.get("notice") == mark:
                return True
        return False

    async def _thread(self, story: StoryId, card: Card) -> Found:
        found = Found()
        async for message in self._messages("conversations.replies", channel=card.channel, ts=card.ts):
            seq = self._seq(message, story)
            if seq is None:
                continue
            if message.get("ts") == card.ts:
                found.card, found.card_seq = card, seq
            else:
                found.posted.setdefault(seq, str(message["ts"]))
        return found

    def _seq(self, message: dict[str, Any], story: StoryId) -> int | None:
        given = message.get("metadata") or {}
        payload = given.get("event_payload") or {}
        if given.get("event_type") != EVENT_TYPE or payload.get(_word(story)) != story or not self._home.wrote(message):
            return None
        seq = payload.get("seq")
        return seq if isinstance(seq, int) else None

    async def _messages(self, method: str, **where: str) -> AsyncIterator[dict[str, Any]]:
        cursor: dict[str, str] = {}
        for _ in range(PAGES):
            try:
                page = await self._slack.call(method, limit=200, include_all_metadata="true", **where, **cursor)
            except SaidNo as exc:
                if exc.code in _NOT_THERE:
                    return
                if exc.code in _NO_LOOKING:
                    raise MayNotLook(method) from exc
                raise
            for message in page.get("messages") or ():
                yield message
            after = (page.get("response_metadata") or {}).get("next_cursor")
            if not after:
                return
            cursor = {"cursor": str(after)}


def _word(story: StoryId) -> str:
    """By which a post names its story: cards that are older than the other kinds know promotions alone."""
    return "promotion" if isinstance(story, PromotionId) else "story"
