"""The processes: each lane has one that gives signs of life, and all run the same code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from workers.adapters.redis.connection import connect
from workers.adapters.redis.heartbeats import Heartbeats
from workers.adapters.redis.inbox import RedisInbox
from workers.app.doctor.finding import Finding, Patient
from workers.contract.heartbeats import PATIENCE, Seen
from workers.ports.errors import WorldError

_START = "Start it: `towpath run` starts all of them; see docs/operations.md, The processes."


def look(patient: Patient) -> Iterator[Finding]:
    """Where nothing runs at all, that is no fault of an installation that is only being made, unless requests wait."""
    try:
        with closing(connect(patient.settings.redis_url.get_secret_value())) as client:
            seen, waiting = Heartbeats(client).seen(), RedisInbox(client).waits()
    except WorldError:
        yield Finding("workers", "nobody can tell who is alive, for Redis cannot be asked")  # Its own finding has the fix.
        return
    if not seen:
        waits = f", and {waiting} requests wait" if waiting else ""
        yield Finding("workers", f"no process gives a sign of life{waits}", _START if waiting else None)
        return
    for lane in PATIENCE:
        yield from _lane(lane, [one for one in seen if one.beat.lane == lane])
    if len(versions := sorted({one.beat.version for one in seen})) > 1:
        yield Finding("workers", f"they run different versions of the code: {', '.join(versions)}", "Start those with the older one again.")


def _lane(lane: str, seen: list[Seen]) -> Iterator[Finding]:
    alive = [one for one in seen if not one.is_missing]
    if not alive:
        last = f", the last one {min(one.age for one in seen):.0f} s ago" if seen else ""
        yield Finding("workers", f"{lane}: no process gives a sign of life{last}", _START)
    for one in alive:
        told = f"{one.beat.name}, process {one.beat.pid}, version {one.beat.version}, since {one.beat.since}, last sign {one.age:.0f} s ago"
        yield Finding("workers", f"{lane}: {told}")
