"""How far a process has come in the ledger with what it does once, kept in a ref of its mirror: it outlives restarts, and Redis."""

from __future__ import annotations

from workers.adapters.git.mirror import Mirror
from workers.contract.names import CommitId


class Bookmark:
    """One place in the ledger, by a name of its own."""

    def __init__(self, mirror: Mirror, name: str) -> None:
        self._mirror = mirror
        self._ref = f"refs/towpath/{name}"
        self._at: CommitId | None = None

    @property
    def at(self) -> CommitId | None:
        """The last commit that was dealt with; None where this mirror knows of none."""
        if self._at is None:
            self._at = self._mirror.ref(self._ref)
        return self._at

    def move(self, commit: CommitId) -> None:
        """Dealt with everything up to that commit."""
        if commit != self._at:
            self._mirror.set_ref(self._ref, commit)
            self._at = commit
