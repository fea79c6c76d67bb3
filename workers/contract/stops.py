"""The documents of the ledger that stop a promotion or must still be settled: freezes, locks, debts. A hold is beside the promotion."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from workers.contract.names import ActorId, ArtifactName, DebtId, EnvironmentName, PromotionId, Version


@dataclass(frozen=True)
class Freeze:
    """Nothing begins to deploy in the environment until the instant `until`, or until somebody lifts it."""

    environment: EnvironmentName
    by: ActorId
    because: str
    since: str
    until: str


@dataclass(frozen=True)
class Lock:
    """Only its owner lets the artifact be deployed in the environment. `until` None: until it is lifted or stolen."""

    artifact: ArtifactName
    environment: EnvironmentName
    by: ActorId
    because: str
    since: str
    until: str | None = None


class DebtKind(Enum):
    """What a debt comes from."""

    EMERGENCY = "emergency"
    DISPUTE = "dispute"


@dataclass(frozen=True)
class Debt:
    """What must still be settled by a named person: an emergency that skipped something (`skipped`), or an approver who disputes."""

    id: DebtId
    kind: DebtKind
    promotion: PromotionId
    artifact: ArtifactName
    version: Version
    environment: EnvironmentName
    by: ActorId
    because: str
    since: str
    skipped: tuple[str, ...] = ()
