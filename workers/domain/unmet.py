"""What keeps a promotion from its end: every condition that is not met, who can clear it, and when it clears by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from workers.contract import quorums
from workers.contract.envelope import stamp
from workers.contract.outcomes import Reason
from workers.contract.promotion import GateResult, Promotion, Quorum, Result, State, Vote
from workers.domain import gates, lane, states, stops
from workers.domain.policy import Rules
from workers.domain.state import World


def of(world: World, promotion: Promotion, now: datetime) -> tuple[Reason, ...]:
    """Every condition that is not met now. None: nothing is in its way. Of a refused one: what would stop it if it were asked again."""
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    if rules is None:
        text = f"The policy no longer has the environment {promotion.environment}."
        return (Reason("unknown-environment", text, f"may adopt another: {_named(world.policy.adopters)}"),)
    if promotion.state in states.UNDER_WAY:
        return ()
    if promotion.state is State.NEEDS_ATTENTION:
        way = f"{_named(rules.run)}: retry {promotion.id}, accept live {promotion.id}, or rollback {promotion.artifact} in {promotion.environment}"
        return tuple(Reason("attention", reason, way) for reason in promotion.reasons[:1])
    fresh = lane.judged(world, promotion, rules, now if promotion.evidence_by else None)
    if promotion.state in states.TERMINAL and promotion.state is not State.REFUSED:
        return (ended(promotion),)
    return (
        *_gates(world, rules, fresh),
        *_stale(promotion, fresh),
        *_votes(world, promotion, fresh),
        *_stops(world, fresh, rules, now),
    )


def ended(promotion: Promotion) -> Reason:
    """That it is over, and how to ask for the same again."""
    last = promotion.arrived
    again = f"anybody who may request it: promote {promotion.artifact} {promotion.to.version} to {promotion.environment}"
    return Reason("ended", f"{promotion.id} has ended: {promotion.state.value.replace('_', ' ')} since {last.time}.", again)


def _gates(world: World, rules: Rules, fresh: Promotion) -> Iterator[Reason]:
    for gate in gates.stops(fresh.gates):
        yield Reason(f"gate {gate.gate}", gate.text, _gate_clears(world, rules, fresh, gate))


def _gate_clears(world: World, rules: Rules, fresh: Promotion, gate: GateResult) -> str:
    if fresh.evidence_by and gate.result is Result.CANNOT_TELL:
        return f"Towpath, which has it looked at until {fresh.evidence_by}"
    if gate.gate == "order" and rules.after:
        before = world.policy.rules_for(rules.after, fresh.artifact, fresh.kind)
        return f"{_named(before.request if before else ())}, by promote {fresh.artifact} {fresh.to.version} to {rules.after}"
    if gate.gate in ("hold", "deprecated"):
        return f"{_named(rules.run)}, with a reason"
    if gate.gate == "separation":
        return f"{_named(world.policy.adopters)}, by adopting a policy that names the author in `people`"
    return f"who makes a version that passes, or {_named(world.policy.adopters)} by adopting another policy"


def _stale(promotion: Promotion, fresh: Promotion) -> Iterator[Reason]:
    if promotion.votes and promotion.plan != fresh.plan:
        yield Reason(
            "stale", "The plan has changed since it was approved; those approvals no longer count.", "the approvers, by approving anew"
        )


def _votes(world: World, promotion: Promotion, fresh: Promotion) -> Iterator[Reason]:
    if promotion.state is State.QUEUED and promotion.plan == fresh.plan:
        return
    voted = replace(fresh, votes=promotion.votes)
    for quorum, given in zip(voted.quorums, quorums.filled(voted), strict=True):
        if (missing := quorum.count - len(given)) > 0:
            yield Reason("approval", _needed(quorum, missing, given), _who(world, fresh, quorum, given))


def _needed(quorum: Quorum, missing: int, given: Sequence[Vote]) -> str:
    so_far = f"; approved so far: {', '.join(vote.actor.user for vote in given)}" if given else ""
    signed = "signed " if quorum.signed else ""
    return f"{missing} of {quorum.count} {signed}approval{'' if quorum.count == 1 else 's'} by {_named(quorum.roles)} still needed{so_far}"


def _who(world: World, fresh: Promotion, quorum: Quorum, given: Sequence[Vote]) -> str:
    """Who can still approve, by name where the policy names them, and who never counts."""
    authors = fresh.authors if "author" in quorum.exclude else ()
    barred = {fresh.requester.user: "who asked", **dict.fromkeys(authors, "who made it")}
    left = [user for user in quorum.users if user not in barred and user not in {vote.actor.user for vote in given}]
    can = [*left, *(f"members of {group}" for group in quorum.groups)]
    never = [f"{user}, {why}" for user, why in barred.items() if fresh.requester.is_person or user in authors]
    until = f", until {fresh.expires_at}" if fresh.expires_at else ""
    return f"{' or '.join(can) or 'nobody is left'}{until}" + (f"; never {' nor '.join(never)}" if never else "")


def _stops(world: World, fresh: Promotion, rules: Rules, now: datetime) -> Iterator[Reason]:
    for stop in (stop for place in lane.places(world, fresh, rules, now) for stop in stops.of(place)):
        clears = [*((stop.clear,) if stop.clear else ()), *((f"at {stamp(stop.until)}",) if stop.until else ())]
        yield Reason(stop.code, stop.text, ", ".join(clears) or None)


def passed_over(rules: Rules) -> tuple[str, ...]:
    """What an emergency would pass over, for whoever may declare one."""
    if not rules.emergency:
        return ()
    return (f"In an emergency {_named(rules.emergency)} may pass over soak, freezes, locks, gates and approvals, never a hold.",)


def _named(roles: tuple[str, ...]) -> str:
    return "everybody" if "*" in roles else " or ".join(roles) if roles else "nobody, by the policy"
