"""The signs of life of the worker processes. Each comes out of the queue that its lane serves: a process whose loop hangs gives none.

They lie in Redis with an end, so their age is told by Redis' own clock. After a FLUSHALL they are there again a beat later.
"""

from __future__ import annotations

from dataclasses import dataclass

KEPT = 600
"""Seconds after which a process that gives no sign is forgotten."""
NAMES = "towpath:heartbeats"
"""The set of the names of those that gave a sign lately."""

PATIENCE: dict[str, float] = {"clock": 60.0, "changes": 60.0, "queries": 60.0, "effects": 180.0, "training": 180.0}
"""Seconds without a sign after which a lane is missing. Effects may be at long work for as long as a step of a deployment may
take, trainings for as long as their files take to be laid out."""


@dataclass(frozen=True)
class Beat:
    """One process of a lane: `name` is unique among all hosts, `since` when it was started, `version` that of the code that it runs."""

    lane: str
    name: str
    pid: int
    since: str
    version: str


@dataclass(frozen=True)
class Seen:
    """A process, and how many seconds ago it gave its last sign."""

    beat: Beat
    age: float

    @property
    def is_missing(self) -> bool:
        """Whether it has been silent for longer than its lane may be."""
        return self.age > PATIENCE.get(self.beat.lane, 60.0)


def key(name: str) -> str:
    """Where the sign of a process lies."""
    return f"towpath:heartbeat:{name}"
