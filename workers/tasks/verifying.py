"""One verification of the ledger from end to end: the heads that were seen first, then the branch, the tags, and a checkpoint for the next one.

What was seen is gathered before the branch is fetched: a head that is written in between must not look as if it had been cut off.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from workers.adapters.git import tag_check
from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import ANCHOR, Mirror
from workers.adapters.git.obstacles import obstacles
from workers.adapters.git.source import GitSource
from workers.adapters.git.witness import Witness
from workers.contract import lanes, wire
from workers.contract.envelope import stamp
from workers.contract.names import CommitId
from workers.contract.promotion import RegisteredVersion
from workers.contract.signatures import SigningKey
from workers.contract.verified import Found, Verdict, Verification
from workers.domain import layout, policy
from workers.perform.checkpoint import BadCheckpoint, Checkpoint
from workers.perform.verification import NO_ANCHOR, Anchor, Asked, Walk, settled, verify
from workers.ports.errors import BadContent, Unreachable, Untrusted, WorldError

CHECKPOINT = "towpath.checkpoint"


@dataclass
class Job:
    """What one verification is made of. `mirror` is its own; `seen` are mirrors of this host's lanes, `witness` the second remote, if there is one.

    `key` is the `effects` key, which signs checkpoints and believes them; without it every commit is judged.
    """

    mirror: Mirror
    now: Callable[[], datetime]
    trust: str | None = None
    expected: Sequence[Anchor] = ()
    witness: Witness | None = None
    seen: Sequence[Mirror] = ()
    redis_url: str = ""
    key: SigningKey | None = None
    full: bool = False
    notes: list[str] = field(default_factory=list)

    def run(self) -> Verification:
        """The verdict. Whatever cannot be read, reached or believed makes it *cannot tell*."""
        anchors = [*self.expected, *self._witnessed(), *self._seen()]
        ledger = GitLedger(self.mirror, None)
        try:
            lacking = list(obstacles(self.mirror))
            if any(one.code in ("shallow", "grafted") for one in lacking):
                return _cannot_tell(*lacking, notes=self.notes)
            head = ledger.fetch()
        except Unreachable as exc:
            return _cannot_tell(Found("unreachable", f"{exc}. Try again when Git answers."), notes=self.notes)
        except Untrusted as exc:
            return _cannot_tell(*lacking, Found("unreadable", f"{exc}. Verify a whole clone."), notes=self.notes)
        if head is None:
            return self._no_branch(anchors)
        lacking += self._fetched_source()
        trust = self.trust or self._pinned()
        checkpoint = self._checkpoint()
        if checkpoint:
            anchors.append(Anchor(checkpoint.head, f"found sound on this host at {checkpoint.at}"))
        found, walk = verify(ledger, head, Asked(trust, anchors, checkpoint, lacking, self.notes))
        if walk.commits:
            found = self._with_tags(ledger, head, found, walk)
        if found.verdict is Verdict.SOUND:
            self._keep(ledger, head, walk, str(trust))
        return found

    def _no_branch(self, anchors: Sequence[Anchor]) -> Verification:
        branch = self.mirror.ledger_branch
        if anchors:
            text = f"The repository has no branch {branch}, but {anchors[0].commit[:16]} was seen ({anchors[0].whence}): it was deleted."
            return settled(Verification(Verdict.TAMPERED, (Found("truncated", text),), notes=tuple(self.notes)))
        return _cannot_tell(Found("no-ledger", f"The repository has no branch {branch}. Give the right one: --branch."), notes=self.notes)

    def _witnessed(self) -> Iterator[Anchor]:
        if self.witness is None:
            return
        try:
            head = self.witness.head()
        except WorldError as exc:
            self.notes.append(f"The witness was not compared: {exc}.")
            return
        if head:
            yield Anchor(head, "the witness has it")

    def _seen(self) -> Iterator[Anchor]:
        for mirror in (self.mirror, *self.seen):
            if commit := mirror.ref(ANCHOR):
                yield Anchor(commit, f"the last head that {mirror.folder.name} saw")
        if self.redis_url:
            try:
                from workers.adapters.redis.connection import connect, told  # noqa: PLC0415  # Git alone will do

                with told("asking Redis for the head that it keeps"):
                    head = connect(self.redis_url).get(lanes.document("head"))
            except WorldError as exc:
                self.notes.append(f"The head in Redis was not compared: {exc}.")
                return
            if isinstance(head, bytes):
                yield Anchor(head.decode(errors="replace"), "kept in Redis")

    def _fetched_source(self) -> Iterator[Found]:
        try:
            self.mirror.fetch()
        except WorldError as exc:
            yield Found("no-tags", f"The tags could not be fetched, so nothing says that they are as registered: {exc}.")
            return
        if "tags" in self.mirror.left_out:
            yield Found("no-tags", "The tags could not be taken over: some of their objects are unsound. `git fsck` names them.")

    def _pinned(self) -> str | None:
        try:
            found = GitSource(self.mirror, self.mirror.folder / "store").policy()
            return policy.in_force(found[1]).trust if found else None
        except (BadContent, policy.BadPolicy):
            return None

    def _checkpoint(self) -> Checkpoint | None:
        if self.full or self.key is None:
            return None
        try:
            return Checkpoint.opened((self.mirror.folder / CHECKPOINT).read_text(), self.key.public)
        except FileNotFoundError:
            return None
        except (BadCheckpoint, OSError) as exc:
            self.notes.append(f"The checkpoint of this host was not used: {exc}.")
            return None

    def _with_tags(self, ledger: GitLedger, head: CommitId, found: Verification, walk: Walk) -> Verification:
        try:
            versions = [layout.read(RegisteredVersion, data) for _, data in ledger.read_below(head, "versions")]
        except (wire.BadWire, WorldError) as exc:
            return settled(replace(found, findings=(*found.findings, Found("state", f"The registered versions cannot be read: {exc}."))))
        wrong = tuple(tag_check.against(self.mirror, versions))
        said = tuple(tag_check.remarks(self.mirror, versions, walk.line.signers))
        return settled(replace(found, findings=(*found.findings, *wrong), notes=(*found.notes, *said[:20])))

    def _keep(self, ledger: GitLedger, head: CommitId, walk: Walk, trust: str) -> None:
        """Remember the head, and sign a checkpoint where there is a key for it."""
        ledger.set_anchor(head)
        if self.key is None:
            return
        kept = Checkpoint(walk.line.repo_id, trust, head, walk.line.seq, stamp(self.now()))
        waiting = self.mirror.folder / f"{CHECKPOINT}.{os.getpid()}"
        waiting.write_text(kept.sealed(self.key))
        waiting.replace(self.mirror.folder / CHECKPOINT)


def effects_key(folder: Path) -> SigningKey | None:
    """The key that signs checkpoints, if this process may read it."""
    try:
        return SigningKey.load((folder / "effects").read_bytes())
    except (OSError, ValueError):
        return None


def _cannot_tell(*lacking: Found, notes: Sequence[str] = ()) -> Verification:
    missing = lacking if lacking else (NO_ANCHOR,)
    return Verification(Verdict.CANNOT_TELL, lacking=missing, notes=tuple(notes))
