"""What we know to be posted of a story: a hash in Redis, and the marks around each post that make it happen once.

Before a post its field becomes `?`, after it the `ts`. A `?` that is found means that a post may have been made; then Slack is asked.
`epoch` says in which life of Redis the hash was complete: a hash of another life (or a half one, written around a FLUSHALL) proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis

from workers.contract import lanes
from workers.contract.envelope import read_stamp
from workers.contract.names import StoryId
from workers.contract.stories import Card
from workers.contract.wire import BadWire

KEPT = 90 * 24 * 3600
DOUBT = "?"
MARGIN = timedelta(minutes=10)
"""Clocks of different hosts may differ so much before we trust the order of two instants."""


@dataclass(frozen=True)
class Shown:
    """The hash as it was read. `posted` maps seq to `ts`; `gone` is the place of a card that is no more."""

    epoch: str | None
    fields: dict[str, str]

    @property
    def is_sure(self) -> bool:
        """Whether what is not in it was certainly not posted."""
        return self.epoch is not None and self.fields.get("epoch") == self.epoch and DOUBT not in self.fields.values()

    @property
    def card(self) -> Card | None:
        """Where the card is."""
        return _card(self.fields.get("card"))

    @property
    def gone(self) -> Card | None:
        """Where a card was that people or a channel's end took away."""
        return _card(self.fields.get("gone"))

    @property
    def card_seq(self) -> int:
        """The newest event that the card shows."""
        return int(self.fields.get("card_seq", "0"))

    @property
    def card_print(self) -> str:
        """The fingerprint of what the card shows."""
        return self.fields.get("card_print", "")

    @property
    def reported(self) -> Card | None:
        """The card's place as it was last reported to the core."""
        return _card(self.fields.get("reported"))

    def has(self, seq: int) -> bool:
        """Whether the event is in the thread."""
        return f"seq:{seq}" in self.fields

    def is_older_than_redis(self, requested_at: str) -> bool:
        """Whether the story may have been shown in an earlier life of Redis."""
        try:
            return self.epoch is None or read_stamp(requested_at) < datetime.fromtimestamp(int(self.epoch) / 1000, UTC) + MARGIN
        except (ValueError, BadWire):
            return True


class Memory:
    """Reads and writes the hashes."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def of(self, story: StoryId) -> Shown:
        """What is known of a story's card and thread."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.get(lanes.EPOCH)
            pipe.hgetall(_key(story))
            epoch, fields = await pipe.execute()
        return Shown(epoch, fields)

    async def note(self, story: StoryId, **fields: str | int) -> None:
        """Write fields."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(_key(story), mapping={name: str(value) for name, value in fields.items()})
            pipe.expire(_key(story), KEPT)
            await pipe.execute()

    async def doubt(self, story: StoryId, field: str) -> None:
        """A post is about to be made."""
        await self.note(story, **{field: DOUBT})

    async def no_doubt(self, story: StoryId, field: str) -> None:
        """The post was certainly not made."""
        await self._redis.hdel(_key(story), field)

    async def replace(self, story: StoryId, shown: Shown, fields: dict[str, str]) -> Shown:
        """Put what Slack says in the place of what we knew; complete in the life of Redis that `shown` was read in.

        The answer is what was written, not what is read back: Redis may be emptied in between, and Slack's word still holds.
        """
        kept = {name: value for name, value in shown.fields.items() if name in ("gone", "note")}
        known = kept | fields | {"epoch": shown.epoch or ""}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(_key(story))
            pipe.hset(_key(story), mapping=dict[Any, Any](known))
            pipe.expire(_key(story), KEPT)
            await pipe.execute()
        return Shown(shown.epoch, known)

    async def forget_card(self, story: StoryId, card: Card, why: str) -> None:
        """The card is no more; `why` is said under the next one."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(_key(story), "card", "card_seq", "card_print", "seq:0")
            pipe.hset(_key(story), mapping={"gone": place(card), "note": why})
            await pipe.execute()


def place(card: Card) -> str:
    """A card's place as text."""
    return f"{card.channel}/{card.ts}"


def _card(text: str | None) -> Card | None:
    if not text or text == DOUBT:
        return None
    channel, _, ts = text.partition("/")
    return Card(channel, ts)


def _key(story: StoryId) -> str:
    return f"towpath:bot:shown:{story}"
