"""Evidence that is gathered after a version's registration: what somebody or something saw of it. A newer one of the same check replaces it."""

from __future__ import annotations

from dataclasses import dataclass

from workers.contract.names import ArtifactName, Digest, EnvironmentName, Version
from workers.contract.promotion import Result


@dataclass(frozen=True)
class Evidence:
    """What one check found of a version, in one environment or wherever it is.

    `check` is the name of the gate that reads it, `text` says for people what was found, `source` where (`github`, `gitlab`, a target's name).
    `digest` is the SHA-256 of the whole finding, so that an approval binds it. `facts` are numbers and words that a gate needs, as text.
    """

    artifact: ArtifactName
    version: Version
    check: str
    result: Result
    text: str
    at: str
    digest: Digest
    environment: EnvironmentName | None = None
    source: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """What it is the newest of, among the evidence of its version: the check, and the environment that was looked at."""
        return f"{self.check}@{self.environment}" if self.environment else self.check
