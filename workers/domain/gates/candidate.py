"""What is judged: a version that somebody wants in an environment, on one state of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from workers.contract.promotion import RegisteredVersion
from workers.domain.gates.gate import Dossier

if TYPE_CHECKING:  # the policy's schema is made of the gates, so at run time the arrow goes the other way
    from workers.domain.policy import Rules
    from workers.domain.state import World


@dataclass(frozen=True)
class Candidate:
    """What gates may look at: the ledger, the environment's rules, the version asked for, and the one that runs there now.

    `now` is given where the age of evidence counts: when somebody asks, and when somebody approves.
    """

    world: World
    rules: Rules
    version: RegisteredVersion
    live: RegisteredVersion | None
    now: datetime | None = None

    @property
    def dossier(self) -> Dossier:
        """The same without the ledger: what the gates of the policy are given."""
        gathered = self.world.evidence.get((self.version.artifact, self.version.version), {})
        return Dossier(self.version, self.rules.name, self.rules.after, self.live, gathered, self.now)
