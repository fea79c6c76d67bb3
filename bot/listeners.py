"""Every way in which Slack brings a sentence, mapped to the one path: command, mention, reply, edit, button, menu, form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.ask import Ask, Said
from bot.identity import Home
from bot.modals import Modals
from bot.people import People
from bot.views import SHARE
from workers.contract.actors import Conversation, Origin, Standing
from workers.contract.envelope import request_id
from workers.contract.names import RequestId

log = structlog.get_logger("bot.listeners")

Body = dict[str, Any]

ANYTHING = re.compile(r".*", re.DOTALL)
SAID_AT = "towpath_said_at"
"""The key under which the consumer lays, into a body without a timestamp of its own, the seconds at which Slack signed it."""

_DETAILS = "details_form"
_FORMS = ("reject_form", _DETAILS)


@dataclass(frozen=True)
class Listeners:
    """What the listeners need."""

    home: Home
    ask: Ask
    people: People
    modals: Modals

    def attach(self, app: AsyncApp) -> None:
        """Register all of them."""
        app.command(ANYTHING)(self.handle_command)
        app.event("app_mention")(self.handle_mention)
        app.event("message")(self.handle_message)
        app.event("user_change")(self.handle_user_change)
        app.event(re.compile(r"subteam_\w+"))(self.handle_group_change)
        app.event(ANYTHING)(self.handle_other)
        app.action(ANYTHING)(self.handle_action)
        app.view({"type": "view_submission", "callback_id": ANYTHING})(self.handle_form)
        app.view({"type": "view_closed", "callback_id": ANYTHING})(self.handle_other)
        app.shortcut(ANYTHING)(self.handle_other)

    async def handle_command(self, ack: AsyncAck, body: Body) -> None:
        """A slash command."""
        await ack()
        conversation = Conversation(str(body["channel_id"]), Origin.COMMAND)
        await self.ask.hear(self._said(body, str(body.get("text") or "help"), str(body["user_id"]), body.get("team_id"), conversation))

    async def handle_mention(self, event: Body, body: Body) -> None:
        """A mention, in a channel or in a thread."""
        if _is_of_a_person(event):
            await self.ask.hear(self._heard(event, body, Origin.MENTION, is_edited="edited" in event))

    async def handle_message(self, event: Body, body: Body) -> None:
        """A message: a reply in a thread of ours, a direct message to us, or the edit of either. Everything else is not for us."""
        if event.get("subtype") == "message_changed":
            await self._handle_edit(event, body)
        elif not _is_of_a_person(event):
            return
        elif event.get("channel_type") == "im":
            await self.ask.hear(self._heard(event, body, Origin.MENTION, is_edited=False))
        elif self._is_in_our_thread(event) and not self._mentions_us(event):
            await self.ask.overhear(self._heard(event, body, Origin.REPLY, is_edited=False))

    async def _handle_edit(self, event: Body, body: Body) -> None:
        message, before = event.get("message") or {}, event.get("previous_message") or {}
        inner = {**message, "channel": event.get("channel")}
        if not _is_of_a_person(inner) or message.get("text") == before.get("text"):
            return
        if self._mentions_us(inner):
            await self.ask.notice_edit(self._heard(inner, body, Origin.MENTION, is_edited=True))
        elif self._is_in_our_thread({**before, **inner}):
            await self.ask.overhear(self._heard(inner, body, Origin.REPLY, is_edited=True))

    async def handle_action(self, ack: AsyncAck, body: Body) -> None:
        """A button or a menu: its value is the sentence, except where it opens a form."""
        await ack()
        action = (body.get("actions") or [{}])[0]
        text = str(action.get("value") or (action.get("selected_option") or {}).get("value") or "")
        conversation = _conversation_of_action(body)
        if not text or conversation is None:
            return
        action_id, user = str(action.get("action_id")), body["user"]
        said = self._said(body, text, str(user["id"]), user.get("team_id"), conversation)
        kind, promotion = _form_of(action_id, text)
        if kind == _DETAILS and not await self._counts(said):
            await self.ask.hear(replace(said, text=f"audit {promotion}"))
        elif kind:
            await self.modals.open(kind, promotion, str(body.get("trigger_id")), conversation)
        else:
            await self.ask.hear(self._shared(body, said) if action_id == SHARE else said)

    async def _counts(self, said: Said) -> bool:
        """Whether a form may show them a record. Who does not count asks for it in words, and the core says why not."""
        return await self.people.standing(said.user, said.team) is Standing.MEMBER

    def _shared(self, body: Body, said: Said) -> Said:
        """The question again, its answer for everybody. However often the button of one answer is pressed, that is one request."""
        answer = str((body.get("container") or {}).get("message_ts"))
        return replace(said, request_id=self._request_id("share", said.conversation.channel, answer, said.user), is_shared=True)

    async def handle_form(self, ack: AsyncAck, body: Body) -> None:
        """A submitted form: what it says, as a sentence."""
        await ack()
        found = self.modals.read(body["view"])
        if found:
            text, conversation = found
            user = body["user"]
            await self.ask.hear(self._said(body, text, str(user["id"]), user.get("team_id"), conversation))

    async def handle_user_change(self, event: Body) -> None:
        """Look again at who they are."""
        self.people.forget(str((event.get("user") or {}).get("id", "")))

    async def handle_group_change(self) -> None:
        """Look again at who is in which group."""
        self.people.forget()

    async def handle_other(self, ack: AsyncAck) -> None:
        """What we do not use is acknowledged and left alone."""
        await ack()

    def _said(self, body: Body, text: str, user: str, team: object, conversation: Conversation) -> Said:
        return Said(
            text=text,
            user=user,
            conversation=conversation,
            request_id=self._request_id("trigger", str(body["trigger_id"])),
            at=_instant(body.get(SAID_AT)),
            team=str(team) if team else None,
            response_url=body.get("response_url"),
        )

    def _heard(self, event: Body, body: Body, origin: Origin, *, is_edited: bool) -> Said:
        channel, ts = str(event["channel"]), str(event["ts"])
        edit = str((event.get("edited") or {}).get("ts", "")) if is_edited else ""
        conversation = Conversation(channel, origin, event.get("thread_ts"), ts, is_edited)
        team = event.get("user_team") or event.get("team") or body.get("team_id")
        return Said(
            text=str(event.get("text") or ""),
            user=str(event["user"]),
            conversation=conversation,
            request_id=self._request_id(channel, ts, *(["edited", edit] if is_edited else [])),
            at=_instant(edit or ts),
            team=str(team) if team else None,
        )

    def _request_id(self, *parts: str) -> RequestId:
        return request_id(self.home.team, *parts)

    def _mentions_us(self, event: Body) -> bool:
        return bool(re.search(rf"<@{re.escape(self.home.bot_user)}[|>]", str(event.get("text") or "")))

    def _is_in_our_thread(self, event: Body) -> bool:
        is_reply = event.get("thread_ts") not in (None, event.get("ts"))
        return is_reply and event.get("parent_user_id") == self.home.bot_user


def _is_of_a_person(event: Body) -> bool:
    return bool(event.get("user")) and not event.get("bot_id") and event.get("subtype") in (None, "thread_broadcast", "file_share")


def _instant(seconds: object) -> datetime:
    """The instant of a `ts` or of a number of seconds. Raises ValueError."""
    return datetime.fromtimestamp(float(str(seconds)), UTC)


def _conversation_of_action(body: Body) -> Conversation | None:
    container, message = body.get("container") or {}, body.get("message") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id")
    if not channel:
        return _remembered((body.get("view") or {}).get("private_metadata"))
    thread = message.get("thread_ts") or container.get("thread_ts")
    is_root = thread == (message.get("ts") or container.get("message_ts"))  # An answer to a click on the card belongs where the card is.
    return Conversation(str(channel), Origin.BUTTON, None if is_root else thread)


def _remembered(private_metadata: object) -> Conversation | None:
    """Where a modal was opened from."""
    try:
        found = json.loads(str(private_metadata))
        return Conversation(str(found["channel"]), Origin.FORM, found.get("thread"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _form_of(action_id: str, text: str) -> tuple[str | None, str]:
    """The form that a button or a menu's option opens, if it opens one, and the promotion it is about."""
    if action_id in _FORMS:
        return action_id, text
    word, _, rest = text.partition(" ")
    return (word, rest) if word in _FORMS else (None, text)
