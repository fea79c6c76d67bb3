"""What a person signs who approves with a key of their own: one plain sentence, so that stock `ssh-keygen -Y verify` can check it for ever."""

from __future__ import annotations

from workers.contract.names import Digest, PromotionId

NAMESPACE = "towpath-approval"
"""The SSHSIG namespace of the detached signature: it can pass for nothing else that the same key signs."""


def statement(repo_id: str, promotion: PromotionId, plan: Digest) -> bytes:
    """The bytes that are signed: one promotion, one plan, one ledger."""
    return f"I approve {promotion} with the plan {plan} in the ledger {repo_id}.\n".encode()
