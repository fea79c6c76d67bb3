"""A person's own signature over a plan: checked against the key that the policy in force names, never against what the request says."""

from __future__ import annotations

from workers.contract.approval import NAMESPACE, statement
from workers.contract.names import ActorId
from workers.contract.outcomes import Reason
from workers.contract.promotion import Promotion
from workers.contract.signatures import BadKey, BadSignature, check
from workers.domain.state import World


def key_of(world: World, promotion: Promotion, actor: ActorId, signature: str) -> str | Reason:
    """The public key with which the actor signed the plan as it is now, or why that is no signature of theirs."""
    key = world.policy.keys.get(actor.user)
    if key is None:
        return _no_key(actor)
    try:
        check(statement(world.repo_id, promotion.id, promotion.plan), signature, key, NAMESPACE)
    except (BadSignature, BadKey):
        text = f"The signature is not one of {actor.user}'s key over the plan {promotion.plan.short} of {promotion.id}. Read the plan, sign again."
        return Reason("bad-signature", text)
    return key


def needed(world: World, promotion: Promotion, actor: ActorId) -> Reason:
    """Why a click is not enough, and how to sign."""
    if actor.user not in world.policy.keys:
        return _no_key(actor)
    text = f"In {promotion.environment} an approval must be signed with your own key: a click is not enough."
    return Reason("signature-needed", text, f"at a terminal: towpath approve {promotion.id} --sign")


def _no_key(actor: ActorId) -> Reason:
    text = f"An approval must be signed here, and the policy names no key of {actor.user}."
    return Reason("no-key", text, f"adopt a policy with people: {{{actor.user}: {{ssh: ...}}}}")
