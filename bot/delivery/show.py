"""Makes a story's card and thread show exactly its events: what is missing is posted in order, what is there is left alone.

Level-triggered: called with any document of the story, any number of times, after any crash, it does only what still is to be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from bot import clock
from bot.delivery.memory import DOUBT, Memory, Shown, place
from bot.delivery.reporter import Reporter
from bot.delivery.search import MayNotLook, Search, metadata
from bot.delivery.story import Story
from bot.delivery.whisper import PLAIN, shown
from bot.links import Links
from bot.people import People, people_told
from bot.slack import Later, SaidNo, Slack
from bot.views import broadcast, card, thread
from bot.views.post import Post
from workers.contract import wire
from workers.contract.envelope import read_stamp
from workers.contract.names import StoryId
from workers.contract.stories import Card

log = structlog.get_logger("bot.show")

PAUSE = 1.2
"""Seconds between two edits of a card."""

_CARD_GONE = {"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed", "cannot_reply_to_message"}
_CHANNEL_GONE = {
    "channel_not_found", "not_in_channel", "is_archived", "is_inactive", "restricted_action", "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel",
}  # fmt: skip

CARD_DELETED = "The earlier card was deleted. This one carries on; nothing of the record is lost."
CHANNEL_CLOSED = "The channel where this belongs can no longer be written to, so it carries on here."


@dataclass(frozen=True)
class Poster:
    """What showing a story needs."""

    slack: Slack
    memory: Memory
    search: Search
    people: People
    links: Links
    reporter: Reporter


class Show:
    """Shows stories. Raises bot.slack's Later and Unknown: call again."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._edited: dict[StoryId, float] = {}

    async def bring_up_to_date(self, story: Story) -> float | None:
        """Post and edit what is missing; None when all is shown, else the tick at which the card may be edited again."""
        known = await self._known(story)
        at = known.card or await self._post_card(story)
        try:
            await self._post_note(story, at)
            later = await self._edit_card(story, at)
            await self._post_events(story, known, at)
        except SaidNo as exc:
            return await self._start_over(story, at, exc)
        await self._poster.reporter.report(story, at, known.reported)
        return later

    async def _known(self, story: Story) -> Shown:
        """What is posted, from memory if that is sure, else from Slack."""
        poster = self._poster
        known = await poster.memory.of(story.id)
        if known.is_sure:
            return known
        fields: dict[str, str] = {}
        if known.fields or known.is_older_than_redis(story.requested_at) or story.card:
            fields = await self._look(story, known)
        return await poster.memory.replace(story.id, known, fields)

    async def _look(self, story: Story, known: Shown) -> dict[str, str]:
        """What Slack says is posted. Where we may not look, what is in doubt counts as not posted: rather twice than never."""
        places = tuple(card for card in (known.card, story.card) if card)
        since = read_stamp(story.requested_at).timestamp()
        try:
            found = await self._poster.search.story(story.id, story.channel, since, places, known.gone)
        except MayNotLook as exc:
            log.warning("posting_without_looking", story=story.id, method=str(exc), fix="install the app again with its history scopes")
            return _certain(known, story.card)
        log.info("looked_in_slack", story=story.id, card=bool(found.card), posted=len(found.posted))
        return found.fields()

    async def _post_card(self, story: Story) -> Card:
        """A new card: in the story's channel, or where that is closed, with whoever stands in for it."""
        memory = self._poster.memory
        post = await self._card(story)
        asked = {**shown(post), "metadata": metadata(story.id, story.newest), **PLAIN}
        try:
            answer = await self._once(story.id, "card", {"channel": story.channel, **asked})
        except SaidNo as exc:
            if exc.code not in _CHANNEL_GONE or story.stand_in is None:
                raise
            log.warning("channel_closed", story=story.id, channel=story.channel, code=exc.code)
            await memory.note(story.id, note=CHANNEL_CLOSED)
            answer = await self._once(story.id, "card", {"channel": story.stand_in, **asked})
        at = Card(str(answer["channel"]), str(answer["ts"]))
        await memory.note(story.id, card=place(at), card_seq=story.newest, card_print=_print(post))
        self._remember_edit(story.id)
        return at

    async def _post_note(self, story: Story, at: Card) -> None:
        """Under a card that stands in for another, say why; once."""
        known = await self._poster.memory.of(story.id)
        text = known.fields.get("note")
        if text and not known.has(0):
            await self._post_in_thread(story, 0, at, Post(text), to_channel=False)

    async def _edit_card(self, story: Story, at: Card) -> float | None:
        """Make the card show the story as it is, unless it shows something newer, or was edited a moment ago."""
        memory = self._poster.memory
        known, newest = await memory.of(story.id), story.newest
        if newest < known.card_seq:
            return None
        post = await self._card(story)
        if _print(post) == known.card_print:
            return None
        free_at = self._edited.get(story.id, 0.0) + PAUSE
        if clock.ticks() < free_at:
            return free_at
        asked = {**shown(post), "metadata": metadata(story.id, newest)}
        await self._forgiving("chat.update", {"channel": at.channel, "ts": at.ts, **asked})
        self._remember_edit(story.id)
        await memory.note(story.id, card_seq=newest, card_print=_print(post))
        return None

    def _remember_edit(self, story: StoryId) -> None:
        now = clock.ticks()
        self._edited = {other: instant for other, instant in self._edited.items() if now < instant + PAUSE} | {story: now}

    async def _post_events(self, story: Story, known: Shown, at: Card) -> None:
        names = await self._poster.people.names(people_told(story.telling))
        for event in sorted(story.events, key=lambda event: event.seq):
            if known.has(event.seq):
                continue
            post = thread(story.telling, event, self._poster.links, names)
            if post and post.text:
                await self._post_in_thread(story, event.seq, at, post, to_channel=broadcast(event))

    async def _post_in_thread(self, story: Story, seq: int, at: Card, post: Post, *, to_channel: bool) -> None:
        field = f"seq:{seq}"
        asked: dict[str, Any] = {"channel": at.channel, "thread_ts": at.ts, **shown(post), "metadata": metadata(story.id, seq), **PLAIN}
        if to_channel:
            asked["reply_broadcast"] = True
        try:
            ts = str((await self._once(story.id, field, asked))["ts"])
        except SaidNo as exc:
            if exc.is_lockout or exc.code in _CARD_GONE | _CHANNEL_GONE:
                raise
            log.error("event_not_shown", story=story.id, seq=seq, code=exc.code)
            ts = "!"  # The events after it must not wait for one that Slack will never take.
        await self._poster.memory.note(story.id, **{field: ts})

    async def _once(self, story: StoryId, field: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Post, under a mark that stays when nobody knows whether it was posted."""
        memory = self._poster.memory
        await memory.doubt(story, field)
        try:
            return await self._forgiving("chat.postMessage", asked)
        except (Later, SaidNo):
            await memory.no_doubt(story, field)
            raise

    async def _start_over(self, story: Story, at: Card, exc: SaidNo) -> float:
        """The card or its channel is gone: forget it, so that the next turn makes a new one. Raises what is neither."""
        if exc.code not in _CARD_GONE | _CHANNEL_GONE:
            raise exc
        log.warning("card_gone", story=story.id, code=exc.code)
        why = CARD_DELETED if exc.code in _CARD_GONE else CHANNEL_CLOSED
        await self._poster.memory.forget_card(story.id, at, why)
        return clock.ticks()

    async def _card(self, story: Story) -> Post:
        names = await self._poster.people.names(people_told(story.telling))
        return card(story.telling, self._poster.links, names)

    async def _forgiving(self, method: str, asked: dict[str, Any]) -> dict[str, Any]:
        """A message whose blocks Slack does not take is shown by its text: a result is never lost for its looks."""
        try:
            return await self._poster.slack.call(method, **asked)
        except SaidNo as exc:
            if exc.code not in {"invalid_blocks", "msg_blocks_too_long", "invalid_blocks_format", "msg_too_long", "metadata_too_large"}:
                raise
            log.error("blocks_refused", method=method, code=exc.code)
            plain = {name: value for name, value in asked.items() if name != "blocks"}
            return await self._poster.slack.call(method, **{**plain, "text": str(asked["text"])[:3900]})


def _certain(known: Shown, in_ledger: Card | None) -> dict[str, str]:
    """What is posted for sure; the ledger knows where the card is."""
    card = {"card": place(in_ledger)} if in_ledger and in_ledger != known.gone else {}
    return card | {name: value for name, value in known.fields.items() if value != DOUBT}


def _print(post: Post) -> str:
    return wire.sha256(repr((post.text, post.blocks)).encode())[7:27]
