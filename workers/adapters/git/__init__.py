"""The shared repository through a bare mirror: the ledger branch, the source side, and GTO's tags."""

from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.plumbing import Configuration

__all__ = ["Configuration", "GitLedger", "Mirror"]
