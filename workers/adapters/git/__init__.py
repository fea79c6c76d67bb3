"""The shared repository through a bare mirror: the ledger branch, the source side, and GTO's tags.

The names are imported when they are asked for: who reads tags alone does not wait for signatures.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workers.adapters.git.contents import Limits
    from workers.adapters.git.ledger import GitLedger
    from workers.adapters.git.mirror import Mirror
    from workers.adapters.git.plumbing import Configuration
    from workers.adapters.git.source import GitSource
    from workers.adapters.git.tags import GtoTags
    from workers.adapters.git.urls import BadUrl, RemoteUrl

__all__ = ["BadUrl", "Configuration", "GitLedger", "GitSource", "GtoTags", "Limits", "Mirror", "RemoteUrl"]

_ROOMS = {
    "BadUrl": "urls",
    "Configuration": "plumbing",
    "GitLedger": "ledger",
    "GitSource": "source",
    "GtoTags": "tags",
    "Limits": "contents",
    "Mirror": "mirror",
    "RemoteUrl": "urls",
}


def __getattr__(name: str) -> Any:
    if room := _ROOMS.get(name):
        return getattr(import_module(f"{__name__}.{room}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
