"""`approve`, `reject`, `cancel`, `retry`: what people do with a promotion that exists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from workers.contract import quorums
from workers.contract import requests as ask
from workers.contract.envelope import stamp
from workers.contract.outcomes import Reason, Receipt, Silence
from workers.contract.promotion import Promotion, State, Vote
from workers.domain import bundle, gates, lane, rights, staleness, states, subject
from workers.domain import decision as d
from workers.domain.decide import evidence, signed
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_past


def approve(world: World, case: d.Case, wanted: ask.Approve) -> d.Decision:
    """A vote for the plan as it is now. The last one needed starts the deployment; a plan that changed is shown and asked again."""
    promotion = subject.find_leader(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return nowhere(world, case, "approve", promotion)
    what = f"approve {promotion.id}"
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    if promotion.state is not State.WAITING or promotion.quorum is None or rules is None:
        return _not_waiting(world, case, what, promotion)
    if is_past(promotion.expires_at, case):
        return expire(world, case, promotion)
    fresh = lane.judged(world, promotion, rules, case.now)
    if fresh.plan != promotion.plan or fresh.quorum is None:
        return stale(world, case, promotion, fresh, rules)
    if wanted.plan and not promotion.plan[7:].startswith(wanted.plan.lower()):
        return d.refuse(
            world, case, what, Reason("stale-plan", "The plan has changed since that card was shown. Read the card again, then decide.")
        )
    if reasons := rights.may_decide(world, case, fresh):
        return d.refuse(world, case, what, *reasons)
    vote = _vote(world, case, fresh, wanted)
    if isinstance(vote, Reason):
        return d.refuse(world, case, what, vote)
    if any(_same(vote, one) for one in quorums.counting(fresh)):
        return d.answer(Receipt(f"Your approval of {promotion.id} already counts.", promotion.id))
    if first := evidence.gather_first(world, case, *lane.items(world, promotion, rules)):
        return first
    return _count(world, case, fresh, rules, vote)


def expire(world: World, case: d.Case, promotion: Promotion) -> d.Decision:
    """The time to decide has passed, whether the clock or a late vote is the first to see it."""
    return d.moved(d.move(world, case, promotion, State.EXPIRED, "expired", "Nobody decided in time.", expires_at=None))


def _vote(world: World, case: d.Case, promotion: Promotion, wanted: ask.Approve) -> Vote | Reason:
    """The actor's vote, with all by which it is judged again later; or why it fills no place."""
    named = {group for quorum in promotion.quorums for group in quorum.groups}
    role = next((role for quorum in promotion.quorums if (role := rights.role_of(case, quorum, world))), "approver")
    groups = tuple(sorted(named.intersection(case.actor.groups or ())))
    vote = Vote(case.actor.id, "approved", case.time, promotion.plan, role, case.because, groups)
    if wanted.signature is not None:
        key = signed.key_of(world, promotion, vote.actor, wanted.signature)
        if isinstance(key, Reason):
            return key
        vote = replace(vote, signature=wanted.signature, key=key)
    if not any(quorums.fits(vote, quorum, promotion) for quorum in promotion.quorums):
        return signed.needed(world, promotion, vote.actor)
    return vote


def _same(vote: Vote, other: Vote) -> bool:
    """Whether the person's vote stands there already. A signed one may take the place of one that is not."""
    return vote.actor.user == other.actor.user and (vote.signature is None or other.signature is not None)


def _voted(promotion: Promotion, case: d.Case) -> bool:
    return any(vote.actor.user == case.actor.id.user for vote in promotion.votes)


def _count(world: World, case: d.Case, promotion: Promotion, rules: Rules, vote: Vote) -> d.Decision:
    """The vote is laid to the others, and all of them are judged again: who has lost the role, or turned out to be an author, counts no more."""
    before = [one for one in promotion.votes if one.actor.user != vote.actor.user]
    standing = [one for one in quorums.counting(promotion) if one.actor.user != vote.actor.user]
    promotion = replace(promotion, votes=(*standing, vote))
    said = f"Approved: {tally(promotion)}.{dropped(before, standing)}"
    if not quorums.is_met(promotion):
        return d.moved(d.move(world, case, promotion, State.WAITING, "approved", said))
    if stopped := gates.stops(promotion.gates):
        reasons = tuple(gate.text for gate in stopped)
        return d.moved(
            d.move(world, case, promotion, State.REFUSED, "refused", f"{said} Refused by the gates at the last look.", reasons=reasons)
        )
    return lane.proceed(world, case, promotion, rules, "approved", said)


def tally(promotion: Promotion) -> str:
    """How far the quorums are filled: `1 of 2`, or each with its roles when there are several."""
    pairs = zip(promotion.quorums, quorums.filled(promotion), strict=True)
    counted = [(f"{len(votes)} of {quorum.count}", " or ".join(quorum.roles)) for quorum, votes in pairs]
    return counted[0][0] if len(counted) == 1 else ", ".join(f"{number} by {roles}" for number, roles in counted)


def dropped(before: Iterable[Vote], standing: Iterable[Vote]) -> str:
    """A sentence on the votes that count no more, if any."""
    kept = {one.actor for one in standing}
    gone = [one.actor.user for one in before if one.actor not in kept]
    return f" No longer counts: the approval of {', '.join(gone)}, judged by the policy as it is now." if gone else ""


def reopen(world: World, case: d.Case, promotion: Promotion, event: str, text: str) -> d.Decision:
    """A promotion that was queued lacks an approval again: it waits, with as much time as at first."""
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    expires = stamp(case.now + (rules or Rules(promotion.environment)).expires)
    waiting = d.move(
        world, case, promotion, State.WAITING, event, text, expires_at=expires, look_at=None, reasons=(), reminded_at=None, evidence_by=None
    )  # fmt: skip
    return d.moved(waiting)


def stale(world: World, case: d.Case, promotion: Promotion, fresh: Promotion, rules: Rules) -> d.Decision:
    """The plan changed under the approvals: they no longer count, and the new plan is asked anew (or goes on, if nobody needs to approve now)."""
    void = " Earlier approvals no longer count." if promotion.votes else ""
    text = f"The plan has changed: {staleness.differences(promotion, fresh)}.{void}"
    fresh = replace(fresh, votes=(), reasons=(), look_at=None, reminded_at=None, evidence_by=None)
    if stopped := gates.stops(fresh.gates):
        return d.moved(d.move(world, case, fresh, State.REFUSED, "refused", text, reasons=tuple(gate.text for gate in stopped)))
    if fresh.quorum is None:
        return lane.proceed(world, case, fresh, rules, "stale", text)
    expires = stamp(case.now + rules.expires)
    return d.moved(d.move(world, case, fresh, State.WAITING, "stale", text, expires_at=expires))


def reject(world: World, case: d.Case, wanted: ask.Reject) -> d.Decision:
    """A vote against: the promotion ends, with the reason."""
    promotion = subject.find_leader(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return nowhere(world, case, "reject", promotion)
    if promotion.state is not State.WAITING or promotion.quorum is None:
        return _not_waiting(world, case, f"reject {promotion.id}", promotion)
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    if reasons := rights.may_decide(world, case, lane.judged(world, promotion, rules) if rules else promotion):
        return d.refuse(world, case, f"reject {promotion.id}", *reasons)
    return d.moved(d.move(world, case, promotion, State.REJECTED, "rejected", "Rejected.", expires_at=None))


def cancel(world: World, case: d.Case, wanted: ask.Cancel) -> d.Decision:
    """Taken back before deployment, by the requester or somebody who may run the environment. Nothing else is touched."""
    promotion = subject.find_leader(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return nowhere(world, case, "cancel", promotion)
    what = f"cancel {promotion.id}"
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    if promotion.state not in states.BEFORE_DEPLOYMENT:
        hint = (f"rollback {promotion.artifact} in {promotion.environment}",) if promotion.state in states.IN_FLIGHT else ()
        return d.refuse(world, case, what, Reason("too-late", f"{promotion.id} {stands(promotion)}."), suggestions=hint)
    if case.actor.id != promotion.requester:
        reason = rights.may_run(world, case, rules) if rules else Reason("right-run", "Only the requester may cancel it.")
        if reason:
            return d.refuse(world, case, what, reason)
    return d.moved(d.move(world, case, promotion, State.CANCELLED, "cancelled", "Cancelled.", expires_at=None, look_at=None, reasons=()))


def retry(world: World, case: d.Case, wanted: ask.Retry) -> d.Decision:
    """Deploy again what needs attention, at a new generation."""
    promotion = subject.find_promotion(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return nowhere(world, case, "retry", promotion)
    if wanted.promotion is None:
        promotion = next((one for one in bundle.others(world, promotion) if one.state is State.NEEDS_ATTENTION), promotion)
    what = f"retry {promotion.id}"
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    if promotion.state is not State.NEEDS_ATTENTION or rules is None:
        again = f"promote {promotion.artifact} {promotion.to.version} to {promotion.environment}"
        hint = (again,) if promotion.state in states.TERMINAL else ()
        return d.refuse(world, case, what, Reason("no-need", f"{promotion.id} {stands(promotion)}."), suggestions=hint)
    if reason := rights.may_run(world, case, rules):
        return d.refuse(world, case, what, reason)
    return lane.start(world, case, promotion, "retried", "Tried again.")


def nowhere(world: World, case: d.Case, what: str, reason: Reason) -> d.Decision:
    """In a thread that the ledger does not know (yet): look once more in a moment. A plain reply there was then not meant for us."""
    where = case.conversation
    if reason.code == "which-promotion" and where and where.thread and not case.looked:
        return d.answer(effects=(d.PutBack(case.wire),))
    if reason.code == "which-promotion" and where and where.origin.value == "reply":
        return d.answer(Silence())
    return d.refuse(world, case, what, reason)


def _not_waiting(world: World, case: d.Case, what: str, promotion: Promotion) -> d.Decision:
    if _voted(promotion, case):
        return d.answer(Receipt(f"Your approval of {promotion.id} counted; it {stands(promotion)}.", promotion.id))
    gone = promotion.environment not in world.policy.environments
    why = f"the policy no longer has the environment {promotion.environment}" if gone else f"it {stands(promotion)}"
    return d.refuse(world, case, what, Reason("not-waiting", f"{promotion.id} waits for no approval: {why}."))


def stands(promotion: Promotion) -> str:
    """Where a promotion is, and since when."""
    return f"stands at {promotion.state.value.replace('_', ' ')} since {promotion.arrived.time}"
