"""The witness of the ledger: it gets each head, and what it has beside the ledger's is told once. It stops nothing."""

from __future__ import annotations

import structlog

from workers.adapters.git.witness import Comparison
from workers.adapters.redis.projection import NoProjection
from workers.contract.names import CommitId
from workers.contract.outcomes import Delivery, Notice
from workers.ports.errors import WorldError
from workers.tasks.wiring import Wiring

log = structlog.get_logger()

LOOK_EVERY = 60
AWAY_FOR = 60
_AWAY = "witness-away"
_NOW = "Nothing is decided by it. Do not accept a head before somebody has compared both: docs/operations.md, The witness."


def show_head(wiring: Wiring, head: CommitId) -> None:
    """Bring a head that was accepted to the witness, and compare. One that does not answer is left alone for a minute."""
    if wiring.witness is None or wiring.leases.held(_AWAY):
        return
    try:
        found = wiring.witness.compare(head)
        if found.witness != head and not found.is_amiss:
            wiring.witness.show(head)
            log.info("witness_shown", head=head)
        _tell(wiring, found)
    except WorldError as exc:
        wiring.leases.mark(_AWAY, AWAY_FOR)
        log.warning("witness_not_shown", why=str(exc), error=type(exc).__name__)


def look(wiring: Wiring) -> None:
    """Compare the witness with the remote as it is now, also when the ledger itself cannot be trusted: then most of all."""
    if wiring.witness is None or not wiring.leases.once("witness", LOOK_EVERY):
        return
    try:
        head = wiring.ledger.fetch()
    except WorldError as exc:
        log.info("witness_not_compared", why=str(exc))
        return
    if head is not None:
        show_head(wiring, head) if head == wiring.loop.known_head else _compare(wiring, head)


def _compare(wiring: Wiring, head: CommitId) -> None:
    """A head that was not checked is compared and never shown to the witness."""
    assert wiring.witness is not None, "asked only where there is one"
    try:
        _tell(wiring, wiring.witness.compare(head))
    except WorldError as exc:
        log.warning("witness_not_compared", why=str(exc), error=type(exc).__name__)


def _tell(wiring: Wiring, found: Comparison) -> None:
    assert wiring.witness is not None, "asked only where there is one"
    if not found.is_amiss:
        wiring.witness.remember(found)
    elif not wiring.witness.is_told(found):
        log.error("witness_differs", standing=found.standing.value, witness=found.witness, ledger=found.ledger)
        if _announce(wiring, f"{found.words[:1].upper()}{found.words[1:]}. {_NOW}"):
            wiring.witness.remember(found)


def _announce(wiring: Wiring, text: str) -> bool:
    """To the channels of the policy as it was last verified; whether there was one to read."""
    try:
        world, _ = wiring.projection.read()
    except NoProjection:
        return False
    wiring.board.deliver([Delivery(Notice(text), channel) for channel in world.policy.announce])
    return True
