"""Who asks, and from where. The bot says it in the signed envelope; whether that is enough is decided in the core."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from workers.contract.names import ActorId


class Standing(Enum):
    """What Slack says a user is. Only `MEMBER` ever counts; `UNKNOWN` (could not be looked up) denies as well."""

    MEMBER = "member"
    GUEST = "guest"
    STRANGER = "stranger"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    UNKNOWN = "unknown"
    PROCESS = "process"


class Origin(Enum):
    """How a sentence arrived."""

    COMMAND = "command"
    MENTION = "mention"
    REPLY = "reply"
    BUTTON = "button"
    FORM = "form"
    INSIDE = "inside"


@dataclass(frozen=True)
class Actor:
    """A user with the user groups of Slack (ids) that hold them; `groups` is None when they could not be looked up."""

    id: ActorId
    standing: Standing
    groups: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Conversation:
    """Where a sentence was said: channel id, the thread's root `ts` if any, the message's own `ts` if any.

    `edited` marks a sentence that came by editing an earlier message: such a one never counts.
    """

    channel: str
    origin: Origin
    thread: str | None = None
    ts: str | None = None
    edited: bool = False


PROCESSES = {name: Actor(ActorId(f"{name}@towpath"), Standing.PROCESS) for name in ("bot", "effects", "clock", "operator", "writer")}
