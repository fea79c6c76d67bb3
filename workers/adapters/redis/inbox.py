"""The inbox as a Redis Stream with one consumer group: at least once, in order, also after a FLUSHALL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import redis
from redis.exceptions import ResponseError

from workers.adapters.redis.connection import told
from workers.contract import lanes
from workers.contract.envelope import Sealed
from workers.ports.inbox import Entry

GROUP = "changes"
CONSUMER = "writer"
"""One name for every process: who holds the lease goes on with what the one before it had taken."""


class RedisInbox:
    """Implements ports.inbox.Inbox."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def take(self, most: int) -> Sequence[Entry]:
        """Entries taken before and never done, then new ones."""
        with told("reading the inbox"):
            taken: list[Entry] = self._again(lambda: self._read("0", most))
            new: list[Entry] = taken or self._again(lambda: self._read(">", most))
            return new

    def done(self, entries: Sequence[Entry]) -> None:
        """Acknowledge and delete."""
        if entries:
            with told("acknowledging"), self._client.pipeline(transaction=True) as pipe:
                places = [entry.place for entry in entries]
                pipe.xack(lanes.INBOX, GROUP, *places)
                pipe.xdel(lanes.INBOX, *places)
                pipe.execute()

    def put(self, sealed: Sealed | str, *, looked: bool = False) -> None:
        """Lay an envelope into the inbox."""
        wire = sealed if isinstance(sealed, str) else sealed.to_wire()
        fields: dict[Any, Any] = {"envelope": wire, **({"looked": "1"} if looked else {})}
        with told("writing to the inbox"):
            self._client.xadd(lanes.INBOX, fields, maxlen=lanes.LONGEST_STREAM, approximate=True)

    def waits(self) -> int:
        """How many entries lie in the inbox."""
        with told("looking into the inbox"):
            waiting: int = self._client.xlen(lanes.INBOX)
        return waiting

    def _read(self, start: str, most: int) -> list[Entry]:
        found: Any = self._client.xreadgroup(GROUP, CONSUMER, {lanes.INBOX: start}, count=most)
        streams = found.items() if isinstance(found, dict) else found or []
        entries = [one for _, listed in streams for one in _flat(listed)]
        gone = [place for place, fields in entries if not fields]
        if gone:
            self._client.xack(lanes.INBOX, GROUP, *gone)
        return [Entry(place.decode(), _text(fields, b"envelope"), b"looked" in fields) for place, fields in entries if fields]

    def _again(self, call: Callable[[], Any]) -> Any:
        """The call, once more after the group was made again: somebody emptied Redis."""
        try:
            return call()
        except ResponseError as exc:
            if "NOGROUP" not in str(exc):
                raise
            self._make_group()
            return call()

    def _make_group(self) -> None:
        try:
            self._client.xgroup_create(lanes.INBOX, GROUP, id="0", mkstream=True)
        except ResponseError as exc:
            if "BUSYGROUP" not in str(exc):
                raise


def _flat(listed: Any) -> list[tuple[bytes, dict[bytes, bytes]]]:
    return [one for part in listed for one in (part if isinstance(part, list) else [part])]


def _text(fields: dict[bytes, bytes], name: bytes) -> str:
    return fields.get(name, b"").decode(errors="replace")
