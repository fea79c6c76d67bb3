"""The gates: each a pure function of evidence in the ledger, with a result that people can read. What cannot be told stops."""

from __future__ import annotations

from workers.domain.gates.candidate import Candidate
from workers.domain.gates.judging import judge, not_looked_at, stops, to_gather, unseen

__all__ = ["Candidate", "judge", "not_looked_at", "stops", "to_gather", "unseen"]
