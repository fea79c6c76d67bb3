"""What artifact-safety found in the files of a version: the evidence that is kept, and that its gate reads."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from workers.contract.names import Digest


class Verdict(Enum):
    """Whether loading the files can run what they bring along. What is not known to be harmless never passes."""

    PASS = "pass"  # noqa: S105  # a word, no secret
    REJECT = "reject"
    CANNOT_TELL = "cannot tell"

    @property
    def status(self) -> int:
        """The exit status of the command."""
        return {Verdict.PASS: 0, Verdict.REJECT: 1, Verdict.CANNOT_TELL: 2}[self]


@dataclass(frozen=True)
class Safety:
    """The verdict over all files, and why. `formats` are those that were seen, sorted; `findings` at most twenty sentences for people.

    `scanner` names the rules and their version: evidence of other rules is older than these. `digest` is the version's, where there is one.
    """

    verdict: Verdict
    formats: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    files: int = 0
    scanner: str = ""
    digest: Digest | None = None
