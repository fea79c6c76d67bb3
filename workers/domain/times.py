"""Instants of a request, judged by the clock of the loop that writes."""

from __future__ import annotations

from workers.contract.envelope import LIFETIME, read_stamp
from workers.domain.decision import Case


def is_over(case: Case) -> bool:
    """Whether the request is too late to be performed: past its own end, or older than any envelope may become."""
    envelope = case.envelope
    return min(read_stamp(envelope.expires_at), read_stamp(envelope.issued_at) + LIFETIME) < case.now


def minutes_late(case: Case) -> int:
    """How old the request is, in whole minutes."""
    return int((case.now - read_stamp(case.envelope.issued_at)).total_seconds() // 60)


def is_early(case: Case) -> bool:
    """Whether the request comes from the future: it would outlive the memory of its id, so somebody's clock must be set first."""
    return read_stamp(case.envelope.issued_at) - LIFETIME > case.now


def is_past(instant: str | None, case: Case) -> bool:
    """Whether an instant that the ledger holds has come."""
    return instant is not None and read_stamp(instant) <= case.now
