"""Whom a post in a thread mentions, so that it rings: approvers once, the requester at the decision and the end, never the person who acted."""

from __future__ import annotations

from workers.contract.outcomes import Moved
from workers.contract.promotion import Event

ASKED = {"requested"}
DECIDED = {"approved", "rejected", "expired", "cancelled", "superseded", "refused"}
ENDED = {"succeeded", "failed", "rolled_back", "needs_attention"}


def people_in(moved: Moved) -> set[str]:
    """The Slack user ids that a promotion speaks of."""
    promotion = moved.promotion
    actors = [promotion.requester, *(vote.actor for vote in promotion.votes), *(event.actor for event in promotion.events)]
    approvers = promotion.quorum.users if promotion.quorum else ()
    return {actor.user for actor in actors if actor.is_person} | set(approvers)


def rung(moved: Moved, event: Event) -> set[str]:
    """Who is to be rung by the post for one event."""
    promotion = moved.promotion
    wanted: set[str] = set()
    if event.event in ASKED and promotion.quorum:
        wanted |= set(promotion.quorum.users)
    if event.event in DECIDED | ENDED and promotion.requester.is_person:
        wanted.add(promotion.requester.user)
    return wanted - {event.actor.user}
