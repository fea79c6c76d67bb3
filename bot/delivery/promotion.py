"""Makes a promotion's card and thread show exactly its events: what is missing is posted in order, what is there is left alone.

Level-triggered: called with any document of the promotion, any number of times, after any crash, it does only what still is to be done.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog

from bot import clock
from bot.delivery.memory import DOUBT, Memory, Shown, place
from bot.delivery.reporter import Reporter
from bot.delivery.search import MayNotLook, Search, metadata
from bot.delivery.whisper import PLAIN, shown
from bot.links import Links
from bot.people import People, people_in
from bot.slack import Later, SaidNo, Slack
from bot.views import broadcast, card, thread
from bot.views.post import Post
from workers.contract import wire
from workers.contract.envelope import read_stamp
from workers.contract.names import PromotionId
from workers.contract.outcomes import Moved
from workers.contract.stories import Card

log = structlog.get_logger("bot.promotion")

PAUSE = 1.2
"""Seconds between two edits of a card."""

_CARD_GONE = {"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed", "cannot_reply_to_message"}
_CHANNEL_GONE = {
    "channel_not_found", "not_in_channel", "is_archived", "is_inactive", "restricted_action", "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel", "restricted_action_non_threadable_channel",
}  # fmt: skip

CARD_DELETED = "The earlier card of this promotion was deleted. This one carries on; nothing of the record is lost."
CHANNEL_CLOSED = "The channel of this promotion can no longer be written to, so it carries on here, with you who asked for it."


@dataclass(frozen=True)
class Poster:
    """What showing a promotion needs."""

    slack: Slack
    memory: Memory
    search: Search
    people: People
    links: Links
    reporter: Reporter


class Show:
    """Shows promotions. Raises bot.slack's Later and Unknown: call again."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster
        self._edited: dict[PromotionId, float] = {}

    async def bring_up_to_date(self, moved: Moved) -> float | None:
        """Post and edit what is missing; None when all is shown, else the tick at which the card may be edited again."""
        known = await self._known(moved)
        at = known.card or await self._post_card(moved)
        try:
            await self._post_note(moved, at)
            later = await self._edit_card(moved, at)
            await self._post_events(moved, known, at)
        except SaidNo as exc:
            return await self._start_over(moved, at, exc)
        await self._poster.reporter.report(moved.promotion, at, known.reported)
        return later

    async def _known(self, moved: Moved) -> Shown:
        """What is posted, from memory if that is sure, else from Slack."""
        promotion, poster = moved.promotion, self._poster
        known = await poster.memory.of(promotion.id)
        if known.is_sure:
            return known
        fields: dict[str, str] = {}
        if known.fields or known.is_older_than_redis(promotion.requested_at) or promotion.card:
            fields = await self._look(moved, known)
        return await poster.memory.replace(promotion.id, known, fields)

    async def _look(self, moved: Moved, known: Shown) -> dict[str, str]:
        """What Slack says is posted. Where we may not look, what is in doubt counts as not posted: rather twice than never."""
        promotion = moved.promotion
        places = tuple(card for card in (known.card, promotion.card) if card)
        since = read_stamp(promotion.requested_at).timestamp()
        try:
            found = await self._poster.search.promotion(promotion.id, promotion.channel, since, places, known.gone)
        except MayNotLook as exc:
            log.warning(
                "posting_without_looking", promotion=promotion.id, method=str(exc), fix="install the app again with its history scopes"
            )
            return _certain(known, promotion.card)
        log.info("looked_in_slack", promotion=promotion.id, card=bool(found.card), posted=len(found.posted))
        return found.fields()

    async def _post_card(self, moved: Moved) -> Card:
        """A new card: in the promotion's channel, or where that is closed, with its requester."""
        promotion, memory = moved.promotion, self._poster.memory
        post = await self._card(moved)
        asked = {**shown(post), "metadata": metadata(promotion.id, _newest(moved)), **PLAIN}
        try:
            answer = await self._once(promotion.id, "card", {"channel": promotion.channel, **asked})
        except SaidNo as exc:
            if exc.code not in _CHANNEL_GONE:
                raise
            log.warning("channel_closed", promotion=promotion.id, channel=promotion.channel, code=exc.code)
            await memory.note(promotion.id, note=CHANNEL_CLOSED)
            answer = await self._once(promotion.id, "card", {"channel": promotion.requester.user, **asked})
        at = Card(str(answer["channel"]), str(answer["ts"]))
        await memory.note(promotion.id, card=place(at), card_seq=_newest(moved), card_print=_print(post))
        self._remember_edit(promotion.id)
        return at

    async def _post_note(self, moved: Moved, at: Card) -> None:
        """Under a card that stands in for another, say why; once."""
        known = await self._poster.memory.of(moved.promotion.id)
        text = known.fields.get("note")
        if text and not known.has(0):
            await self._post_in_thread(moved, 0, at, Post(text), to_channel=False)

    async def _edit_card(self, moved: Moved, at: Card) -> float | None:
        """Make the card show the promotion as it is, unless it shows something newer, or was edited a moment ago."""
        promotion, memory = moved.promotion, self._poster.memory
        known, newest = await memory.of(promotion.id), _newest(moved)
        if newest < known.card_seq:
            return None
        post = await self._card(moved)
        if _print(post) == known.card_print:
            return None
        free_at = self._edited.get(promotion.id, 0.0) + PAUSE
        if clock.ticks() < free_at:
            return free_at
        asked = {**shown(post), "metadata": metadata(promotion.id, newest)}
        await self._forgiving("chat.update", {"channel": at.channel, "ts": at.ts, **asked})
        self._remember_edit(promotion.id)
        await memory.note(promotion.id, card_seq=newest, card_print=_print(post))
        return None

    def _remember_edit(self, promotion: PromotionId) -> None:
        now = clock.ticks()
        self._edited = {other: instant for other, instant in self._edited.items() if now < instant + PAUSE} | {promotion: now}

    async def _post_events(self, moved: Moved, known: Shown, at: Card) -> None:
        names = await self._poster.people.names(people_in(moved))
        for event in sorted(moved.promotion.events, key=lambda event: event.seq):
            if known.has(event.seq):
                continue
            post = thread(moved, event, self._poster.links, names)
            if post and post.text:
                await self._post_in_thread(moved, event.seq, at, post, to_channel=broadcast(event))

    async def _post_in_thread(self, moved: Moved, seq: int, at: Card, post: Post, *, to_channel: bool) -> None:
        promotion, field = moved.promotion.id, f"seq:{seq}"
        asked: dict[str, Any] = {"channel": at.channel, "thread_ts": at.ts, **shown(post), "metadata": metadata(promotion, seq), **PLAIN}
        if to_channel:
            asked["reply_broadcast"] = True
        try:
            ts = str((await self._once(promotion, field, asked))["ts"])
        except SaidNo as exc:
            if exc.is_lockout or exc.code in _CARD_GONE | _CHANNEL_GONE:
                raise
            log.error("event_not_shown", promotion=promotion, seq=seq, code=exc.code)
            ts = "!"  # The events after it must not wait for one that Slack will never take.
        await self._poster.memory.note(promotion, **{field: ts})

    async def _once(self, promotion: PromotionId, field: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Post, under a mark that stays when nobody knows whether it was posted."""
        memory = self._poster.memory
        await memory.doubt(promotion, field)
        try:
            return await self._forgiving("chat.postMessage", asked)
        except (Later, SaidNo):
            await memory.no_doubt(promotion, field)
            raise

    async def _start_over(self, moved: Moved, at: Card, exc: SaidNo) -> float:
        """The card or its channel is gone: forget it, so that the next turn makes a new one. Raises what is neither."""
        if exc.code not in _CARD_GONE | _CHANNEL_GONE:
            raise exc
        log.warning("card_gone", promotion=moved.promotion.id, code=exc.code)
        why = CARD_DELETED if exc.code in _CARD_GONE else CHANNEL_CLOSED
        await self._poster.memory.forget_card(moved.promotion.id, at, why)
        return clock.ticks()

    async def _card(self, moved: Moved) -> Post:
        names = await self._poster.people.names(people_in(moved))
        return card(moved, self._poster.links, names)

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


def _newest(moved: Moved) -> int:
    return max((event.seq for event in moved.promotion.events), default=0)


def _print(post: Post) -> str:
    return wire.sha256(repr((post.text, post.blocks)).encode())[7:27]
