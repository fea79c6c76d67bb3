"""What a view returns: plain data that Slack's Web API takes as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from workers.contract.names import ArtifactName, CommitId, EnvironmentName, PromotionId

Block = dict[str, Any]

Names = Mapping[str, str]
"""Display names by Slack user id. Who is in it is named; who is not is mentioned (`<@U…>`), which may ring a bell."""


@dataclass(frozen=True)
class Post:
    """One message. `text` is the whole message for notifications and screen readers; without text nothing is to be posted."""

    text: str
    blocks: list[Block] = field(default_factory=list)


class Links(Protocol):
    """Where the things that a message speaks of can be read. None: there is no such page here."""

    def audit(self, promotion_id: PromotionId) -> str | None:
        """The page with the record of a promotion."""

    def drift(self, environment: EnvironmentName, artifact: ArtifactName) -> str | None:
        """The page with the last drift report of a lane."""

    def commit(self, commit_id: CommitId) -> str | None:
        """The page of a ledger commit on the Git host."""
