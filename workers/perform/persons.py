"""What a person asked with a key of their own: who it is says the key, and whose key it is says the policy in force, never the envelope."""

from __future__ import annotations

from dataclasses import replace

from workers.contract.actors import Actor, Standing
from workers.contract.envelope import BadEnvelope, Envelope, Sealed
from workers.contract.requests import SIGNED
from workers.domain.state import World


def opened(world: World, sealed: Sealed) -> Envelope:
    """The envelope, with its person as the policy vouches for them: a member, of whose user groups nobody asked Slack. Raises BadEnvelope."""
    claimed = sealed.speaker()
    key = world.policy.keys.get(claimed.user)
    if key is None:
        raise BadEnvelope(f"the policy in force names no key of {claimed.user}")
    envelope = sealed.open(key, world.repo_id)
    if not isinstance(envelope.request, SIGNED) or envelope.request.promotion is None:
        raise BadEnvelope("at a terminal a promotion must be named")
    if claimed.team != home(world):
        raise BadEnvelope(f"{claimed} is not of the workspace that this ledger is about")
    return replace(envelope, actor=Actor(claimed, Standing.MEMBER, None), conversation=None)


def home(world: World) -> str | None:
    """The workspace (or enterprise) that people are of: the one of whoever asked for a promotion last."""
    asked = (world.promotions[id_].requester for id_ in sorted(world.promotions, key=lambda id_: id_.number, reverse=True))
    return next((requester.team for requester in asked if requester.is_person), None)
