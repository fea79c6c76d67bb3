"""One reminder for the approvers who have not decided, when half of their time is over. The ledger says that it was given, so it is given once."""

from __future__ import annotations

from workers.contract import quorums
from workers.contract.envelope import read_stamp, stamp
from workers.contract.promotion import Promotion, State
from workers.domain import decision as d
from workers.domain.state import World


def due_at(promotion: Promotion) -> str | None:
    """The instant of the reminder; None when it was given, or when nobody is waited for."""
    if promotion.reminded_at or not promotion.expires_at or promotion.quorum is None:
        return None
    begin, end = read_stamp(_asked_at(promotion)), read_stamp(promotion.expires_at)
    return stamp(begin + (end - begin) / 2)


def _asked_at(promotion: Promotion) -> str:
    """When the present time of waiting began: it came to wait, or its plan changed while it did."""
    before: State | None = None
    asked = promotion.requested_at
    for event in promotion.events:
        if event.state is State.WAITING and (before is not State.WAITING or event.event == "stale"):
            asked = event.time
        before = event.state
    return asked


def remind(world: World, case: d.Case, promotion: Promotion) -> d.Decision:
    """Whoever is still needed is told once more."""
    needed = sum(count for _, count in quorums.lacking(promotion))
    text = f"Half of the time is over, and {needed} more approval{' is' if needed == 1 else 's are'} needed. It expires at {promotion.expires_at}."
    return d.moved(d.note(world, case, promotion, "reminded", text, reminded_at=case.time))
