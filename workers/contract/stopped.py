"""Answers about what waits and what stops: queues, locks, freezes, holds with the periods that they affect, debts."""

from __future__ import annotations

from dataclasses import dataclass

from workers.contract.names import ActorId, ArtifactName, EnvironmentName, PromotionId, Version
from workers.contract.promotion import Hold, State
from workers.contract.stops import Debt, Freeze, Lock


@dataclass(frozen=True)
class Queued:
    """One promotion of a lane. `position` 0 is under way, from 1 on it waits for its turn; None: it has no place yet, others must decide first.

    `reasons` say why it waits now, `look_at` when time alone will have cleared what it clears.
    """

    promotion: PromotionId
    version: Version
    state: State
    requester: ActorId
    position: int | None = None
    reasons: tuple[str, ...] = ()
    look_at: str | None = None
    expires_at: str | None = None


@dataclass(frozen=True)
class QueueLane:
    """One artifact in one environment: what runs there, and what is on its way, in order."""

    environment: EnvironmentName
    artifact: ArtifactName
    live: Version | None = None
    entries: tuple[Queued, ...] = ()


@dataclass(frozen=True)
class Queue:
    """The answer to `show queue`; `total` counts also lanes that are not shown."""

    lanes: tuple[QueueLane, ...] = ()
    total: int = 0
    note: str | None = None


@dataclass(frozen=True)
class Locks:
    """The answer to `show locks`."""

    locks: tuple[Lock, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Closed:
    """An environment in a freeze that the policy writes down: the policy's words for it, and the instant of its end."""

    environment: EnvironmentName
    period: str
    until: str


@dataclass(frozen=True)
class Freezes:
    """The answer to `show freezes`: those that somebody put on, and those of the policy that hold now."""

    freezes: tuple[Freeze, ...] = ()
    closed: tuple[Closed, ...] = ()


@dataclass(frozen=True)
class Period:
    """A time in which a version was live: `until` None: it still is. `promotion` None: it was there before the ledger began."""

    since: str
    until: str | None = None
    promotion: PromotionId | None = None


@dataclass(frozen=True)
class Held:
    """A hold, whether its version is live there, and the periods in which it was live while it was bad (if somebody said since when)."""

    hold: Hold
    is_live: bool = False
    affected: tuple[Period, ...] = ()


@dataclass(frozen=True)
class Holds:
    """The answer to `show holds`; `total` counts also those that are not shown."""

    holds: tuple[Held, ...] = ()
    total: int = 0
    note: str | None = None


@dataclass(frozen=True)
class Debts:
    """The answer to `audit debts`, oldest first; `total` counts also those that are not shown."""

    debts: tuple[Debt, ...] = ()
    total: int = 0
