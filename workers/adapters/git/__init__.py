"""The shared repository through a bare mirror: the ledger branch, the source side, and GTO's tags."""

from workers.adapters.git.contents import Limits
from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.plumbing import Configuration
from workers.adapters.git.source import GitSource
from workers.adapters.git.tags import GtoTags
from workers.adapters.git.urls import BadUrl, RemoteUrl

__all__ = ["BadUrl", "Configuration", "GitLedger", "GitSource", "GtoTags", "Limits", "Mirror", "RemoteUrl"]
