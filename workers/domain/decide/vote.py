"""`approve`, `reject`, `cancel`, `retry`: what people do with a promotion that exists."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.envelope import stamp
from workers.contract.outcomes import Reason, Receipt, Silence
from workers.contract.promotion import Promotion, Quorum, State, Vote
from workers.domain import decision as d
from workers.domain import gates, lane, rights, states, subject
from workers.domain.decide import evidence
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_past


def approve(world: World, case: d.Case, wanted: ask.Approve) -> d.Decision:
    """A vote for the plan as it is now. The last one needed starts the deployment; a plan that changed is shown and asked again."""
    promotion = subject.find_promotion(world, case, wanted.promotion)
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
    if reasons := rights.may_approve(world, case, promotion, fresh.quorum):
        return d.refuse(world, case, what, *reasons)
    if _voted(promotion, case):
        return d.answer(Receipt(f"Your approval of {promotion.id} already counts.", promotion.id))
    if first := evidence.gather_first(world, case, promotion, rules):
        return first
    return _count(world, case, fresh, fresh.quorum, rules)


def expire(world: World, case: d.Case, promotion: Promotion) -> d.Decision:
    """The time to decide has passed, whether the clock or a late vote is the first to see it."""
    return d.moved(d.move(world, case, promotion, State.EXPIRED, "expired", "Nobody decided in time.", expires_at=None))


def _voted(promotion: Promotion, case: d.Case) -> bool:
    return any(vote.actor.user == case.actor.id.user for vote in promotion.votes)


def _count(world: World, case: d.Case, promotion: Promotion, quorum: Quorum, rules: Rules) -> d.Decision:
    role = rights.role_of(case, quorum, world)
    assert role is not None, "who has no role was refused"
    vote = Vote(case.actor.id, "approved", case.time, promotion.plan, role, case.because)
    standing = tuple(one for one in promotion.votes if rights.still_counts(world, one.actor.user, one.role))
    promotion = replace(promotion, votes=(*standing, vote))
    said = f"Approved: {len(promotion.votes)} of {quorum.count}."
    if len(promotion.votes) < quorum.count:
        return d.moved(d.move(world, case, promotion, State.WAITING, "approved", said))
    if stopped := gates.stops(promotion.gates):
        reasons = tuple(gate.text for gate in stopped)
        return d.moved(
            d.move(world, case, promotion, State.REFUSED, "refused", f"{said} Refused by the gates at the last look.", reasons=reasons)
        )
    return lane.proceed(world, case, promotion, rules, "approved", said)


def stale(world: World, case: d.Case, promotion: Promotion, fresh: Promotion, rules: Rules) -> d.Decision:
    """The plan changed under the approvals: they no longer count, and the new plan is asked anew (or goes on, if nobody needs to approve now)."""
    changed = "; ".join(_differences(promotion, fresh))
    text = f"The plan has changed: {changed}. Earlier approvals no longer count."
    fresh = replace(fresh, votes=(), reasons=(), look_at=None)
    if stopped := gates.stops(fresh.gates):
        return d.moved(d.move(world, case, fresh, State.REFUSED, "refused", text, reasons=tuple(gate.text for gate in stopped)))
    if fresh.quorum is None:
        return lane.proceed(world, case, fresh, rules, "stale", text)
    expires = stamp(case.now + rules.expires)
    return d.moved(d.move(world, case, fresh, State.WAITING, "stale", text, expires_at=expires))


def _differences(old: Promotion, new: Promotion) -> list[str]:
    found = []
    if old.live != new.live and (old.live and old.live.digest) != (new.live and new.live.digest):
        was, now = (one.version if one else "nothing" for one in (old.live, new.live))
        found.append(f"{new.environment} ran {was}, now runs {now}")
    if old.policy != new.policy:
        found.append("the rules of the environment or its approvers are others")
    if old.gates != new.gates:
        found.append("the gates or their evidence are others")
    return found or ["its evidence is another"]


def reject(world: World, case: d.Case, wanted: ask.Reject) -> d.Decision:
    """A vote against: the promotion ends, with the reason."""
    promotion = subject.find_promotion(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return nowhere(world, case, "reject", promotion)
    if promotion.state is not State.WAITING or promotion.quorum is None:
        return _not_waiting(world, case, f"reject {promotion.id}", promotion)
    if reasons := rights.may_approve(world, case, promotion, promotion.quorum):
        return d.refuse(world, case, f"reject {promotion.id}", *reasons)
    return d.moved(d.move(world, case, promotion, State.REJECTED, "rejected", "Rejected.", expires_at=None))


def cancel(world: World, case: d.Case, wanted: ask.Cancel) -> d.Decision:
    """Taken back before deployment, by the requester or somebody who may run the environment. Nothing else is touched."""
    promotion = subject.find_promotion(world, case, wanted.promotion)
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
    return f"stands at {promotion.state.value.replace('_', ' ')} since {promotion.events[-1].time}"
