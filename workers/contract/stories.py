"""What has one card in Slack and a thread below it: promotions, incidents of drift, retrainings."""

from __future__ import annotations

from dataclasses import dataclass

from workers.contract.names import ActorId, RequestId


@dataclass(frozen=True)
class Card:
    """Where the one card stands in Slack."""

    channel: str
    ts: str


@dataclass(frozen=True)
class Told:
    """One record of a story in short: `seq` is the record's number in the ledger, `text` says in words what happened, `state` what came of it."""

    seq: int
    event: str
    time: str
    actor: ActorId
    state: str
    text: str
    because: str | None = None
    request_id: RequestId | None = None
