"""Where a life stops: before and after each call that leaves the process. The scheduler lets it go on, or never."""

from __future__ import annotations

import functools
import inspect
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.asked import Waiting
from bot.consumer import Consumer
from bot.delivery.memory import Memory
from bot.inbox import Inbox
from bot.intake import Intake
from bot.slack import Slack
from demo.model_server.repository import Repository
from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.tags import GtoTags
from workers.adapters.redis.board import RedisBoard
from workers.adapters.redis.inbox import RedisInbox
from workers.adapters.targets.model_server import ModelServer
from workers.adapters.targets.protocol import Dialogue
from workers.effects.reporting import Reporter

from .channel import Channel

TRAPS: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (GitLedger, ("fetch", "push", "set_anchor")),
    (RedisInbox, ("take", "put", "done")),
    (RedisBoard, ("show", "show_all", "deliver", "start")),
    (GtoTags, ("show",)),
    (ModelServer, ("apply", "verify", "restore")),
    (Dialogue, ("load", "make_default")),
    (Reporter, ("step",)),
    (Intake, ("take",)),
    (Consumer, ("_done",)),
    (Waiting, ("remember", "begin")),
    (Inbox, ("change",)),
    (Slack, ("call",)),
    (Memory, ("note", "doubt", "replace")),
    (Repository, ("load", "make_default")),
)


class Gate:
    """A life's way to the scheduler, and the clock that the scheduler sets: `offset` is what it adds to the clock of this machine."""

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self.offset = timedelta()
        self._one = threading.Lock()

    def now(self) -> datetime:
        """The instant by this life's clock."""
        return datetime.now(UTC) + self.offset

    def cross(self, boundary: str) -> None:
        """Stop here until the scheduler lets us go on."""
        if self.channel is None:
            return
        with self._one:
            self.channel.say(at=boundary)
            self.obey(self.channel.hear())

    def obey(self, words: dict[str, Any] | None) -> dict[str, Any]:
        """Take over the time that the scheduler tells; without a scheduler there is nothing to live for."""
        if words is None:
            os._exit(0)
        self.offset = timedelta(seconds=words["offset"])
        return words


GATE = Gate()


def lay_traps() -> None:
    """Make every call of the table stop before and after; done once, before anybody is forked."""
    for owner, names in TRAPS:
        for name in names:
            real = getattr(owner, name)
            wrapped = _slowly(real, owner.__name__) if inspect.iscoroutinefunction(real) else _at_once(real, owner.__name__)
            setattr(owner, name, wrapped)


def _at_once(real: Callable[..., Any], owner: str) -> Callable[..., Any]:
    @functools.wraps(real)
    def trapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        where = f"{owner}.{real.__name__.strip('_')}"
        GATE.cross(f"before {where}")
        result = real(self, *args, **kwargs)
        GATE.cross(f"after {where}")
        return result

    return trapped


def _slowly(real: Callable[..., Any], owner: str) -> Callable[..., Any]:
    @functools.wraps(real)
    async def trapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        what = f" {args[0]}" if owner == "Slack" else ""
        where = f"{owner}.{real.__name__.strip('_')}{what}"
        GATE.cross(f"before {where}")
        result = await real(self, *args, **kwargs)
        GATE.cross(f"after {where}")
        return result

    return trapped
