"""The ledger branch as the loop that writes sees it: an append-only line of signed commits in the shared repository."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from workers.contract.names import ActorId, CommitId
from workers.domain.chain import Step


class Push(Enum):
    """What became of a push that was answered: `LOST` means that the branch has moved on; fetch and decide again."""

    ACCEPTED = "accepted"
    LOST = "lost"


@dataclass(frozen=True)
class Draft:
    """A commit to be: files to write (None deletes), the message for people and machines, the author, and the instant (RFC 3339)."""

    files: Mapping[str, bytes | None]
    message: str
    author: ActorId
    time: str


@dataclass(frozen=True)
class Link:
    """One commit of the ledger as its header tells it: `signer` is the public key whose SSHSIG signature (namespace `git`) holds over it, or None."""

    commit: CommitId
    parents: tuple[CommitId, ...]
    message: str
    time: int
    signer: str | None


class LedgerBranch(Protocol):
    """The ledger branch in the shared repository, through a bare mirror of our own."""

    def fetch(self) -> CommitId | None:
        """Ask the remote: the head of the ledger branch, or None when there is none. Raises Unreachable."""

    def anchor(self) -> CommitId | None:
        """The last head that this mirror wrote or accepted; it outlives restarts."""

    def set_anchor(self, commit: CommitId) -> None:
        """Remember a head as ours."""

    def links(self, after: CommitId | None, head: CommitId) -> Iterator[Link]:
        """The commits from `after` (exclusive; None: from the first) to `head`, oldest first. Raises Untrusted when `head` does not descend from it."""

    def commits(self, after: CommitId | None, head: CommitId) -> list[CommitId]:
        """The ids of the same commits. Raises Untrusted."""

    def steps(self, after: CommitId | None, head: CommitId) -> Iterator[Step]:
        """The same commits, each with what it changed. Raises Untrusted."""

    def changed(self, before: CommitId, after: CommitId) -> Mapping[str, str | None]:
        """The paths in which two commits differ, with the SHA-256 of the file afterwards (None: deleted). Raises Untrusted."""

    def signer(self, commit: CommitId) -> str | None:
        """The public key whose signature holds over this one commit, or None."""

    def read(self, commit: CommitId, path: str) -> bytes | None:
        """A file of a ledger commit, or None."""

    def read_below(self, commit: CommitId, folder: str) -> Iterator[tuple[str, bytes]]:
        """Every file below a folder, with its whole path, in one pass of `git cat-file --batch`."""

    def build(self, parent: CommitId | None, drafts: Iterable[Draft]) -> list[CommitId]:
        """Make one signed commit per draft, each on top of the one before. Objects only: no ref moves.

        Committer times never go back, whatever the clock says. Raises NotSigned when whoever holds the key does not sign.
        """

    def build_over(self, base: CommitId, parent: CommitId, draft: Draft) -> CommitId:
        """One signed commit on top of `parent` whose files are those of `base` and the draft's: what lies between is undone."""

    def push(self, head: CommitId, expected: CommitId | None) -> Push:
        """Move the remote branch from `expected` to `head` by a plain push, never forced. Raises Unreachable, Unclear or RefusedByHost.

        A refusal is classified by asking the remote where the branch is, never by the message.
        """
