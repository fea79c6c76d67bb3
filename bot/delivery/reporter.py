"""Tells the core where a story's card is, so that the ledger knows it when Redis does not."""

from __future__ import annotations

from bot import clock
from bot.delivery.memory import Memory, place
from bot.delivery.story import Story
from bot.inbox import Inbox
from bot.keys import Keys
from workers.contract.actors import PROCESSES
from workers.contract.envelope import LIFETIME, Envelope, Sender, request_id, seal, stamp
from workers.contract.requests import CardPosted
from workers.contract.stories import Card


class Reporter:
    """Sends `CardPosted`, once for each place."""

    def __init__(self, keys: Keys, inbox: Inbox, memory: Memory) -> None:
        self._keys = keys
        self._inbox = inbox
        self._memory = memory

    async def report(self, story: Story, card: Card, reported: Card | None) -> None:
        """Report the card's place, unless the core knows it."""
        if card in (story.card, reported):
            return
        now = clock.now()
        envelope = Envelope(
            request_id=request_id("card", story.id, card.channel, card.ts),
            repo_id=self._keys.repo_id,
            issued_at=stamp(now),
            expires_at=stamp(now + LIFETIME),
            actor=PROCESSES["bot"],
            request=CardPosted(story.id, card),
        )
        await self._inbox.change(seal(envelope, Sender.BOT, self._keys.bot))
        await self._memory.note(story.id, reported=place(card))
