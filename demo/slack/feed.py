"""What happened, in order: the one bounded log that people's pages follow and tests wait on."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from demo.slack.shapes import Json

KEPT = 20_000


@dataclass(frozen=True)
class Happening:
    """One thing that happened. `n` counts from 1 without gaps; `at` is in seconds since the epoch.

    Kinds and their bodies:
    message, message_changed, message_deleted       {channel, message}
    ephemeral, ephemeral_changed, ephemeral_deleted {channel, user, message}
    modal, home                                     {user, view}: the modal on top, or the Home tab, as it is now
    modal_closed                                    {user}: no modal is open any more
    command                                         {user, channel, command, text}
    api_call                                        {method, args, answer, status}; never a token
    delivery          {id, kind, label, transport, attempt, reason, outcome, status, payload, body}
    membership                                      {what, id}: a user, group or channel changed
    """

    n: int
    at: float
    kind: str
    body: Json

    def as_json(self) -> Json:
        """The wire form."""
        return {"n": self.n, "at": self.at, "kind": self.kind, "body": self.body}

    def shown_to(self, user_id: str, channels: Collection[str]) -> bool:
        """Whether this person, who is in these channels, may learn of it."""
        if self.kind in {"api_call", "delivery", "command"}:
            return False
        theirs = bool(self.body.get("user", user_id) == user_id)
        return theirs and ("channel" not in self.body or self.body["channel"] in channels)


class Feed:
    """Appends happenings and wakes whoever waits for them."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._kept: deque[Happening] = deque(maxlen=KEPT)
        self._last = 0
        self.closed = False
        self._news = asyncio.Event()

    @property
    def last(self) -> int:
        """The number of the newest happening; 0 before the first."""
        return self._last

    def add(self, kind: str, body: Json) -> None:
        """Record one happening."""
        self._last += 1
        self._kept.append(Happening(self._last, self._now(), kind, body))
        self._news.set()
        self._news = asyncio.Event()

    def close(self) -> None:
        """The server stops: nobody waits any longer."""
        self.closed = True
        self._news.set()

    def after(self, n: int) -> list[Happening]:
        """What is kept with a number above `n`, oldest first."""
        found: list[Happening] = []
        for happening in reversed(self._kept):
            if happening.n <= n:
                break
            found.append(happening)
        return found[::-1]

    async def wait(self, n: int, seconds: float) -> None:
        """Return once there is something after `n`, or when the time is over."""
        if self._last > n or self.closed:
            return
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
