"""What a verification of the ledger found: the answer to `audit verify`, in chat and on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from workers.contract.names import CommitId


class Verdict(Enum):
    """Never *sound* when unsure."""

    SOUND = "sound"
    TAMPERED = "tampered"
    CANNOT_TELL = "cannot tell"

    @property
    def status(self) -> int:
        """The exit status of the command."""
        return {Verdict.SOUND: 0, Verdict.TAMPERED: 1, Verdict.CANNOT_TELL: 2}[self]


@dataclass(frozen=True)
class Found:
    """One thing that is wrong: a code for machines, a sentence for people, and the commit where there is one."""

    code: str
    text: str
    commit: CommitId | None = None


@dataclass(frozen=True)
class Verification:
    """`first_bad` is the first commit that is not as it must be; `lacking` says what is missing for a verdict, and how to mend it.

    `records` is the number of records of the branch, `checked` how many commits were judged now (the others stood below a signed checkpoint).
    `compared` are the outside facts that it was held against.
    """

    verdict: Verdict
    findings: tuple[Found, ...] = ()
    lacking: tuple[Found, ...] = ()
    first_bad: CommitId | None = None
    head: CommitId | None = None
    records: int = 0
    checked: int = 0
    compared: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
