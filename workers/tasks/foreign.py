"""A ledger that is not as Towpath left it stops every write: the channels are told once, and told again when it is mended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from workers.contract.outcomes import Delivery, Notice
from workers.domain import layout, policy
from workers.ports.errors import Untrusted, WorldError
from workers.ports.ledger import LedgerBranch
from workers.tasks.wiring import Wiring

log = structlog.get_logger()

STOPPED = "stopped"
"""The mark that the channels know of a stop; what stopped is in `_finding`."""
TOLD_FOR = 24 * 3600


@contextmanager
def watched(wiring: Wiring) -> Iterator[None]:
    """Around whatever reads the ledger in order to write it: tells the channels what stops writing, and when it goes on."""
    try:
        yield
    except Untrusted as exc:
        _tell_once(wiring, exc)
        raise
    if wiring.leases.is_marked(STOPPED):
        _deliver(wiring, f"Writing goes on: the ledger is again as Towpath left it, at {wiring.loop.known_head}.")
        wiring.leases.forget(STOPPED)


def _tell_once(wiring: Wiring, exc: Untrusted) -> None:
    """Each finding once a day, also when several hosts meet it."""
    finding = hashlib.sha256(str(exc).encode()).hexdigest()[:16]
    try:
        if wiring.leases.once(f"untrusted:{finding}", TOLD_FOR):
            wiring.leases.once(STOPPED, TOLD_FOR * 30)
            _deliver(wiring, _words(wiring.loop.ledger, exc))
    except WorldError as trouble:
        log.warning("stop_not_told", why=str(trouble))


def _words(ledger: LedgerBranch, exc: Untrusted) -> str:
    known = ledger.anchor()
    try:
        found = str(ledger.fetch())
    except WorldError:
        found = "one that cannot be read"
    return (
        f"Writing has stopped, and nothing is promoted: {str(exc)[:600]}. The ledger's head is {found}; the last one that this writer trusts is {known}. "
        "An operator looks at it: `towpath audit verify` says what is wrong, `towpath disown HEAD` undoes commits that were made around Towpath, "
        "and a history that was written anew is put back at the Git host. What you ask meanwhile is kept for fifteen minutes."
    )


def _deliver(wiring: Wiring, text: str) -> None:
    wiring.board.deliver([Delivery(Notice(text), channel) for channel in _channels(wiring)])


def _channels(wiring: Wiring) -> tuple[str, ...]:
    """Those of the policy at the last head that is trusted."""
    ledger = wiring.loop.ledger
    anchor = ledger.anchor()
    text = ledger.read(anchor, layout.POLICY) if anchor else None
    try:
        return policy.in_force(text.decode()).announce if text else ()
    except (policy.BadPolicy, UnicodeDecodeError):
        return ()
