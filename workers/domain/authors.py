"""Who made a version: the people behind its authors, as far as anybody can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from workers.contract import wire
from workers.contract.promotion import RegisteredVersion

if TYPE_CHECKING:  # the gates ask this, and the policy is made of gates
    from workers.domain.state import World


def makers(world: World, version: RegisteredVersion) -> Mapping[str, str | None]:
    """The Slack user behind each author's digest; None: the policy does not name them.

    Whoever asked for a retraining is an author of what it brought: the ledger says who that was, and its commit bears their id for an address.
    """
    known = {author: world.policy.person_of(author) for author in version.authors}
    retraining = world.retrainings.get(version.retraining) if version.retraining else None
    return {**known, _digest(retraining.requester): retraining.requester.user} if retraining else known


def _digest(address: str) -> str:
    return wire.sha256(address.lower().encode())
