"""What a person asked for, read from their signed envelope itself: a task's own words could be anybody's who can write to the broker."""

from __future__ import annotations

import structlog

from workers.contract import requests as ask
from workers.contract.envelope import BadEnvelope, Sealed
from workers.effects.reading import LedgerView

log = structlog.get_logger()


def opened(view: LedgerView, repo_id: str, wire: str) -> ask.Request | None:
    """The request, if the signature holds by the ledger's keys of now; None, with a line in the log, for anything else."""
    try:
        sealed = Sealed.from_wire(wire)
        key = view.key_of(view.head(), sealed.sender)
        return sealed.open(key, repo_id).request if key else None
    except BadEnvelope as exc:
        log.warning("bad_envelope", why=str(exc))
        return None
