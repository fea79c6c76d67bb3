"""Who may do what: pure questions to the policy in force, answered with a reason that says who could."""

from __future__ import annotations

from workers.contract.actors import Actor, Standing
from workers.contract.outcomes import Reason
from workers.contract.promotion import Promotion, Quorum
from workers.domain.authors import makers
from workers.domain.decision import Case
from workers.domain.policy import Rules
from workers.domain.state import World

_STANDING = {
    Standing.GUEST: "Guests of the workspace cannot ask for anything here.",
    Standing.STRANGER: "Only members of the home workspace count; you are of another one.",
    Standing.BOT: "Bots cannot ask for anything here.",
    Standing.DEACTIVATED: "This account is deactivated.",
    Standing.UNKNOWN: "Slack could not be asked who you are, and who is not known does not count. Try again in a moment.",
    Standing.PROCESS: "A process of Towpath's own cannot ask for this.",
}


def standing(case: Case) -> Reason | None:
    """Why the actor does not count at all, if so. Only members of the home workspace do, and never by an edited message."""
    if case.conversation and case.conversation.edited:
        return Reason("edited", "An edited message does not count. Say it anew.")
    return membership(case.actor)


def membership(actor: Actor) -> Reason | None:
    """Why the actor does not count, if so: what questions are asked with as well."""
    return None if actor.standing is Standing.MEMBER else Reason("standing", _STANDING[actor.standing])


def _named(roles: tuple[str, ...]) -> str:
    return " or ".join(roles) if roles else "nobody, by the policy"


def may_request(world: World, case: Case, rules: Rules) -> Reason | None:
    """Why the actor may not request a promotion into this environment, if so."""
    if world.policy.grants(rules.request, case.actor):
        return None
    return Reason("right-request", f"You may not request promotions to {rules.name}.", f"may: {_named(rules.request)}")


def may_run(world: World, case: Case, rules: Rules) -> Reason | None:
    """Why the actor may not run this environment (roll back, retry, lift holds), if so."""
    if world.policy.grants(rules.run, case.actor):
        return None
    return Reason("right-run", f"You may not run {rules.name} (roll back, retry, lift holds).{_lookup(case)}", f"may: {_named(rules.run)}")


def may_in_emergency(world: World, case: Case, rules: Rules) -> Reason | None:
    """Why the actor may not declare an emergency in this environment, if so."""
    if world.policy.grants(rules.emergency, case.actor):
        return None
    return Reason("right-emergency", f"You may not declare an emergency in {rules.name}.{_lookup(case)}", f"may: {_named(rules.emergency)}")


def may_decide(world: World, case: Case, promotion: Promotion) -> list[Reason]:
    """Every reason for which the actor decides on nothing here: no quorum would take them, whatever they say."""
    user, of_role = case.actor.id.user, [quorum for quorum in promotion.quorums if role_of(case, quorum, world)]
    reasons = []
    if user == promotion.requester.user:
        reasons.append(Reason("own-request", "You asked for this promotion; somebody else must decide on it."))
    if not of_role:
        roles = tuple(dict.fromkeys(role for quorum in promotion.quorums for role in quorum.roles))
        text = f"You may not approve promotions to {promotion.environment}.{_lookup(case)}"
        reasons.append(Reason("right-approve", text, f"may: {_named(roles)}"))
    elif all("author" in quorum.exclude for quorum in of_role) and user in promotion.authors:
        reasons.append(Reason("own-version", f"You made {promotion.artifact} {promotion.to.version}; somebody else must decide on it."))
    return reasons


def role_of(case: Case, quorum: Quorum, world: World) -> str | None:
    """The role in which the actor may decide for a quorum."""
    roles = world.policy.roles
    return next((name for name in quorum.roles if name in roles and roles[name].holds(case.actor)), None)


def authors(world: World, promotion: Promotion) -> tuple[str, ...]:
    """The users who made the version, as far as the policy names them."""
    version = world.version(promotion.artifact, promotion.to.version)
    people = makers(world, version).values() if version else ()
    return tuple(sorted({person for person in people if person}))


def _lookup(case: Case) -> str:
    return " Your user groups could not be looked up just now, so none of them counted." if case.actor.groups is None else ""
