"""What an effect reads of the ledger: single documents at the verified head, fetched anew before every step."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract.envelope import Sender
from workers.contract.names import ArtifactName, CommitId, PromotionId, Version
from workers.contract.promotion import Promotion, RegisteredVersion
from workers.domain import layout, policy
from workers.domain.state import World, fold, parse_signers
from workers.ports.errors import Untrusted
from workers.ports.ledger import LedgerBranch


class LedgerView:
    """Documents at the head of the ledger. The head must be signed by the writer, who has checked all that lies below it.

    It must also descend from the last head that this mirror saw: one who winds the branch back cannot have an old deployment done again.
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
        for _ in self._ledger.links(anchor, head) if anchor else ():
            break
        signer = self._ledger.signer(head)
        if signer is None or signer.split()[:2] != self.writer.split()[:2]:
            raise Untrusted(f"the ledger's head {head[:12]} is not signed by the writer")
        self._ledger.set_anchor(head)
        return head

    def key_of(self, head: CommitId, sender: Sender) -> str | None:
        """The public key with which a sender signs."""
        return parse_signers((self._ledger.read(head, layout.SIGNERS) or b"").decode()).get(sender.value)

    def promotion(self, head: CommitId, id_: PromotionId) -> Promotion | None:
        """A promotion."""
        data = self._ledger.read(head, layout.promotion(id_))
        return layout.read(Promotion, data) if data else None

    def version(self, head: CommitId, artifact: ArtifactName, version: Version) -> RegisteredVersion | None:
        """A registered version."""
        data = self._ledger.read(head, layout.version(artifact, version))
        return layout.read(RegisteredVersion, data) if data else None

    def versions(self, head: CommitId) -> Iterator[tuple[str, bytes]]:
        """The paths and bytes of all registered versions."""
        return self._ledger.read_below(head, "versions")

    def world(self, head: CommitId, repo_id: str) -> World:
        """What is registered, desired and changed around us, as of a head; promotions and holds are left out. Kept until the head moves."""
        if self._world is None or self._world.head != head:
            papers = ((path, self._ledger.read(head, path) or b"") for path in (layout.POLICY, layout.SIGNERS))
            folders = ("versions", "environments", "externals")
            files = (file for folder in folders for file in self._ledger.read_below(head, folder))
            self._world = fold(repo_id, head, 0, [*papers, *files], ())
        return self._world

    def policy_text(self, head: CommitId) -> str:
        """The policy in force, as written."""
        return (self._ledger.read(head, layout.POLICY) or b"").decode()

    def policy(self, head: CommitId) -> policy.Policy:
        """The policy in force."""
        return policy.read(self.policy_text(head))

    def proposed(self, head: CommitId) -> str | None:
        """The text of the policy that was last proposed and not adopted."""
        data = self._ledger.read(head, layout.PROPOSED)
        return layout.read(layout.Proposal, data).text if data else None
