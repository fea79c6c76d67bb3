"""A place inside an environment that can serve a version. Few methods, one result type, the same conformance tests for every adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from workers.contract.promotion import Kind, RegisteredVersion


class Fence(Enum):
    """Whether the target itself refuses an older generation, or the ledger must be read again before each mutation."""

    ENFORCED = "enforced"
    CHECKED = "checked"


@dataclass(frozen=True)
class Capabilities:
    """What a kind of target can do."""

    kinds: tuple[Kind, ...]
    fence: Fence
    reports_digest: bool


@dataclass(frozen=True)
class Live:
    """What a target reports: the label and digest it serves by default (None: nothing, or not told), and the highest fence it has seen."""

    label: str | None
    digest: str | None
    fence: int | None


class Applied(Enum):
    """What became of a mutation. `ALREADY` is as good as `DONE`; `STALE` means that a newer generation was there first."""

    DONE = "done"
    ALREADY = "already"
    STALE = "stale"
    REFUSED = "refused"


class Verdict(Enum):
    """What verification found."""

    MATCHES = "matches"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class Answer:
    """A result with the words for people."""

    result: Applied | Verdict
    text: str


@dataclass(frozen=True)
class Wanted:
    """What is to be served: the version, its label at targets, its files by path (empty where only a switch is needed), its golden pair.

    The files are read-only, and there for the duration of the call alone. `lacking` says why they are not, where they were not to be had.
    """

    version: RegisteredVersion
    files: Mapping[str, Path]
    golden: tuple[bytes, bytes] | None
    lacking: str = ""

    @property
    def label(self) -> str:
        """The version label that targets know: it holds the start of the digest, so that a label never means two contents."""
        return label_of(self.version)


def label_of(version: RegisteredVersion) -> str:
    """`v3.0.0-9f86d081884c`: the version and the first twelve digits of its digest."""
    return f"{version.version}-{version.digest.short}"


class Target(Protocol):
    """One place that serves. Every call may raise Unreachable (nothing sent or nothing known to have changed) or Unclear (the answer was lost)."""

    name: str

    def capabilities(self) -> Capabilities:
        """What this kind can do."""

    def observe(self, artifact: str) -> Live:
        """What is served by default now. Raises Unreachable."""

    def apply(self, wanted: Wanted, operation_id: str, fence: int) -> Answer:
        """Bring the version beside the running one, prove it there with the golden pair, then switch to it. Twice is once."""

    def verify(self, wanted: Wanted) -> Answer:
        """Compare the reported digest (or label), then a golden prediction on the way that clients take. Ready flags are not believed."""

    def restore(self, former: Wanted | None, artifact: str, operation_id: str, fence: int) -> Answer:
        """Switch back to the former version (None: to nothing), which is loaded again if it is gone. Twice is once."""
