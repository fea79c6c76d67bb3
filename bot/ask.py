"""The one path of a sentence, however it was said: understood, its author looked up, sealed, handed over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import structlog
from redis.asyncio import Redis

from bot import clock
from bot.asked import Asked, Waiting
from bot.delivery.whisper import Reader, Whisper
from bot.grammar import Moment, NotUnderstood, Sentence, Vocabulary, depends_on_when, read, read_reply, write
from bot.identity import Home
from bot.inbox import Inbox
from bot.keys import Keys
from bot.links import Links
from bot.people import People
from bot.views import answer, not_understood
from bot.vocabulary import Names
from workers.contract.actors import Actor, Conversation, Origin
from workers.contract.commands import Lane
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, seal, stamp
from workers.contract.names import RequestId

log = structlog.get_logger("bot.ask")

_RECEIPTS = {Origin.COMMAND, Origin.BUTTON, Origin.FORM}


@dataclass(frozen=True)
class Said:
    """A text, by whom and where. `team` is the workspace that the delivery names for its author; `at` is when they said it.

    `is_shared` says that the author wants everybody in the conversation to see the answer.
    """

    text: str
    user: str
    conversation: Conversation
    request_id: RequestId
    at: datetime
    team: str | None = None
    response_url: str | None = None
    is_shared: bool = False


@dataclass(frozen=True)
class Parts:
    """What asking needs."""

    home: Home
    keys: Keys
    redis: Redis
    names: Names
    people: People
    inbox: Inbox
    waiting: Waiting
    whisper: Whisper
    links: Links


class Ask:
    """Takes sentences."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def hear(self, said: Said) -> None:
        """A text addressed to us. One that is not understood is answered at once, to its author alone."""
        found = await self._read(said, read)
        if isinstance(found, NotUnderstood):
            await self._explain(said, found)
        elif found:
            await self._hand_over(said, found)

    async def notice_edit(self, said: Said) -> None:
        """A message that was edited into a request to change something: the core says why that does not count. Other edits are left alone."""
        found = await self._read(said, read)
        if isinstance(found, Sentence) and not found.command.is_question:
            await self._hand_over(said, found)

    async def overhear(self, said: Said) -> None:
        """A plain reply in a thread of ours. One that is not understood word for word is not for us."""
        found = await self._read(said, read_reply)
        if isinstance(found, Sentence) and not (said.conversation.edited and found.command.is_question):
            await self._hand_over(said, found)

    async def _read(self, said: Said, how: Callable[[str, Vocabulary], Sentence | NotUnderstood | None]) -> Sentence | NotUnderstood | None:
        known = await self._parts.names.now()
        if depends_on_when(said.text):
            known = replace(known, moment=Moment(said.at, await self._parts.people.zone(said.user)))
        return how(said.text, known)

    async def _explain(self, said: Said, found: NotUnderstood) -> None:
        """Twice delivered is once explained."""
        first = await self._parts.redis.set(f"towpath:bot:explained:{said.request_id}", "1", nx=True, ex=1800)
        log.info("not_understood", request_id=said.request_id, origin=said.conversation.origin.value)
        if first:
            post = answer(not_understood(found), self._parts.links, {})
            await self._parts.whisper.tell(_reader(said), post)

    async def _hand_over(self, said: Said, sentence: Sentence) -> None:
        parts = self._parts
        if await parts.waiting.is_known(said.request_id):
            log.info("asked_again", request_id=said.request_id)
            return
        actor = await parts.people.actor(said.user, said.team)
        sealed = seal(self._envelope(said, sentence, actor), Sender.BOT, parts.keys.bot)
        asked = _asked(said, sentence)
        ways: dict[Lane, Callable[[Sealed], Awaitable[None]]] = {
            Lane.QUERIES: parts.inbox.query,
            Lane.EFFECTS: partial(parts.inbox.look_into, question=sentence.command.request),
            Lane.CHANGES: parts.inbox.change,
        }
        await parts.waiting.remember(asked)
        await ways[sentence.command.lane](sealed)
        await parts.waiting.begin(asked)
        log.info(
            "asked", request_id=said.request_id, verb=sentence.command.verb, actor=actor.id, standing=actor.standing.value,
            channel=said.conversation.channel, origin=said.conversation.origin.value,
        )  # fmt: skip

    def _envelope(self, said: Said, sentence: Sentence, actor: Actor) -> Envelope:
        issued = min(said.at, clock.now())
        return Envelope(
            request_id=said.request_id,
            repo_id=self._parts.keys.repo_id,
            issued_at=stamp(issued),
            expires_at=stamp(issued + LIFETIME),
            actor=actor,
            request=sentence.request,
            conversation=said.conversation,
            text=sentence.text,
        )


def _asked(said: Said, sentence: Sentence) -> Asked:
    conversation = said.conversation
    since = int(clock.epoch_seconds() * 1000)
    asked = Asked(said.request_id, conversation.channel, said.user, sentence.guessed or sentence.text, since)
    return replace(
        asked,
        thread=conversation.thread,
        response_url=said.response_url,
        wants_receipt=conversation.origin in _RECEIPTS,
        question=write(sentence.request) if sentence.command.is_question else None,
        guessed=sentence.guessed,
        is_shared=said.is_shared,
        open_thread=_open_thread(conversation),
    )


def _open_thread(where: Conversation) -> str | None:
    """The thread of a question that everybody saw; empty in a conversation with us alone; None for one that nobody else saw."""
    if where.channel.startswith("D"):
        return where.thread or ""
    return (where.thread or where.ts) if where.origin in (Origin.MENTION, Origin.REPLY) else None


def _reader(said: Said) -> Reader:
    return Reader(said.user, said.conversation.channel, said.conversation.thread, said.response_url)
