"""What an effect reads of the ledger: single documents at the verified head, fetched anew before every step."""

from __future__ import annotations

from workers.contract import wire
from workers.contract.envelope import Sender
from workers.contract.names import ArtifactName, CommitId, PromotionId, RetrainingId, Version
from workers.contract.promotion import Promotion, RegisteredVersion
from workers.contract.retraining import Retraining
from workers.contract.signatures import fingerprint
from workers.domain import chain, layout, policy, signers
from workers.domain.state import WRITER, World, apply, fold, parse_signers
from workers.ports.errors import Untrusted
from workers.ports.ledger import LedgerBranch

_PAPERS = (layout.POLICY, layout.SIGNERS)
_FOLDERS = ("versions", "environments", "externals")


class LedgerView:
    """Documents at the head of the ledger, which must descend from the last head that this mirror saw.

    One who winds the branch back cannot have an old deployment done again. Each commit since then must be signed by the writer whom the commit
    before names, and in the end that must be the writer whom this process was given. A mirror that has seen nothing yet believes that writer's head.
    """

    def __init__(self, ledger: LedgerBranch, writer: str) -> None:
        self._ledger = ledger
        self.writer = writer
        self._world: World | None = None

    def head(self) -> CommitId:
        """The head of the remote ledger, fetched now. Raises Unreachable or Untrusted."""
        anchor = self._ledger.anchor()
        head = self._ledger.fetch()
        if head is None:
            raise Untrusted("the shared repository has no ledger")
        if head == anchor:
            return head
        writer = self._writer_at(anchor, head) if anchor else self._ledger.signer(head)
        if not signers.same(writer, self.writer):
            raise Untrusted(self._why(head, writer if anchor else None))
        self._ledger.set_anchor(head)
        return head

    def _writer_at(self, anchor: CommitId, head: CommitId) -> str | None:
        """The writer whom the head names, when every commit from the anchor on proves itself; else None."""
        before, ours, writer = anchor, anchor, self._named(anchor)
        foreign: tuple[CommitId, ...] = ()
        for link in self._ledger.links(anchor, head):
            if link.parents != (before,):
                return None
            before = link.commit
            if not signers.same(link.signer, writer):
                foreign = (*foreign, link.commit)
                continue
            if foreign and self._disowned(ours, link.commit) != foreign:
                return None
            foreign, ours, writer = (), link.commit, self._named(link.commit)
        return None if foreign else writer

    def _disowned(self, ours: CommitId, commit: CommitId) -> tuple[str, ...]:
        """The foreign commits that the record of this commit, the next one of ours, disowns. What they wrote below `records` is gone with them."""
        records = [path for path in self._ledger.changed(ours, commit) if path.startswith("records/")]
        found = [wire.load(self._ledger.read(commit, path) or b"{}") for path in records]
        return chain.disowned(found[0]) if len(found) == 1 and isinstance(found[0], dict) else ()

    def _named(self, commit: CommitId) -> str | None:
        return parse_signers((self._ledger.read(commit, layout.SIGNERS) or b"").decode()).get(WRITER)

    def _why(self, head: CommitId, replaced_by: str | None) -> str:
        if replaced_by is None:
            return f"the ledger's head {head[:12]} is not signed by the writer"
        return (
            f"the ledger's writer is {fingerprint(replaced_by)} now, and this process was given {fingerprint(self.writer)}. "
            "Put the new writer.pub into TOWPATH_KEYS and start this process again"
        )

    def key_of(self, head: CommitId, sender: Sender) -> str | None:
        """The public key with which a sender signs."""
        return parse_signers((self._ledger.read(head, layout.SIGNERS) or b"").decode()).get(sender.value)

    def promotion(self, head: CommitId, id_: PromotionId) -> Promotion | None:
        """A promotion."""
        data = self._ledger.read(head, layout.promotion(id_))
        return layout.read(Promotion, data) if data else None

    def retraining(self, head: CommitId, id_: RetrainingId) -> Retraining | None:
        """A retraining."""
        data = self._ledger.read(head, layout.retraining(id_))
        return layout.read(Retraining, data) if data else None

    def version(self, head: CommitId, artifact: ArtifactName, version: Version) -> RegisteredVersion | None:
        """A registered version."""
        data = self._ledger.read(head, layout.version(artifact, version))
        return layout.read(RegisteredVersion, data) if data else None

    def world(self, head: CommitId, repo_id: str) -> World:
        """What is registered, desired and changed around us, as of a head; promotions and holds are left out. Only what changed is read again."""
        if self._world is None:
            papers = ((path, self._ledger.read(head, path) or b"") for path in _PAPERS)
            files = (file for folder in _FOLDERS for file in self._ledger.read_below(head, folder))
            self._world = fold(repo_id, head, 0, [*papers, *files], ())
        elif self._world.head != head:
            changed = self._ledger.changed(self._world.head, head)
            mine = (path for path in changed if path in _PAPERS or path.startswith(tuple(f"{folder}/" for folder in _FOLDERS)))
            self._world = apply(self._world, head, {path: self._ledger.read(head, path) for path in mine}, None)
        return self._world

    def policy_text(self, head: CommitId) -> str:
        """The policy in force, as written."""
        return (self._ledger.read(head, layout.POLICY) or b"").decode()

    def policy(self, head: CommitId) -> policy.Policy:
        """The policy in force."""
        return policy.in_force(self.policy_text(head))

    def proposed(self, head: CommitId) -> str | None:
        """The text of the policy that was last proposed and not adopted."""
        data = self._ledger.read(head, layout.PROPOSED)
        return layout.read(layout.Proposal, data).text if data else None
