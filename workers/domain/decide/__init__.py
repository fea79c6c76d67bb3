"""The one place where requests are judged: a pure function over the ledger at one commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.contract import requests as ask
from workers.contract.outcomes import Late, Reason
from workers.domain import decision as d
from workers.domain import reads, rights
from workers.domain.decide import (
    accept,
    bundles,
    cards,
    clock,
    course,
    debts,
    deprecation,
    emergency,
    evidence,
    externals,
    following,
    freezes,
    holds,
    locks,
    measured,
    promote,
    registry,
    regret,
    reports,
    retraining,
    rollback,
    snoozing,
    together,
    training,
    vote,
)
from workers.domain.state import World
from workers.domain.times import is_early, is_over, minutes_late

Judge = Callable[[World, d.Case, Any], d.Decision]

PEOPLE: dict[type[ask.Request], Judge] = {
    ask.Promote: lambda world, case, wanted: (bundles.open_all if wanted.also else promote.promote)(world, case, wanted),
    ask.EmergencyPromote: emergency.promote,
    ask.CloseDebt: debts.close,
    ask.Rollback: rollback.rollback,
    ask.Approve: vote.approve,
    ask.Reject: vote.reject,
    ask.Withdraw: regret.withdraw,
    ask.Dispute: regret.dispute,
    ask.Cancel: vote.cancel,
    ask.Retry: vote.retry,
    ask.Pause: course.pause,
    ask.Continue: course.go_on,
    ask.Abort: course.abort,
    ask.AcceptLive: accept.asked,
    ask.Register: registry.register,
    ask.Deprecate: deprecation.deprecate,
    ask.Undeprecate: deprecation.undeprecate,
    ask.Freeze: freezes.freeze,
    ask.Unfreeze: freezes.unfreeze,
    ask.Lock: locks.lock,
    ask.Unlock: locks.unlock,
    ask.StealLock: locks.steal,
    ask.Hold: holds.hold,
    ask.Unhold: registry.unhold,
    ask.AdoptPolicy: registry.adopt,
    ask.Adopt: externals.adopt,
    ask.Revert: externals.revert,
    ask.Retrain: retraining.retrain,
    ask.StopRetraining: retraining.stop,
    ask.SnoozeDrift: snoozing.snooze,
    ask.UnsnoozeDrift: snoozing.unsnooze,
}
PROCESSES: dict[type[ask.Request], Judge] = {
    ask.Inspected: training.inspected,
    ask.NotInspected: training.inspected,
    ask.RecipeRead: retraining.begun,
    ask.Trained: training.trained,
    ask.Gathered: evidence.gathered,
    ask.PolicyProposed: registry.proposed,
    ask.Deployed: reports.deployed,
    ask.Verified: reports.verified,
    ask.Restored: reports.restored,
    ask.Observed: accept.observed,
    ask.ExternalsSeen: externals.seen,
    ask.ExternalsSettled: externals.settled,
    ask.Measured: measured.measured,
    ask.CardPosted: cards.posted,
    ask.Tick: lambda world, case, _: clock.due(world, case),
}


def decide(world: World, case: d.Case) -> d.Decision:
    """What becomes of a request on this state of the ledger. Pure: the same arguments give the same decision."""
    return following.extended(world, case, _judged(world, case))


def _judged(world: World, case: d.Case) -> d.Decision:
    request = case.envelope.request
    if judge := PROCESSES.get(type(request)):
        return together.follow(world, case, judge(world, case, request))
    if isinstance(request, ask.READS):
        return d.answer(reads.answer(world, {}, case.envelope, decide))
    sentence = case.envelope.text or type(request).__name__.lower()
    if is_over(case):
        return d.answer(Late(sentence, minutes_late(case)))
    if is_early(case):
        text = f"It is dated {case.envelope.issued_at}, which is yet to come: the clock of the host that took it runs ahead."
        return d.refuse(world, case, sentence[:200], Reason("clock", text))
    if reason := rights.standing(case):
        return d.refuse(world, case, sentence[:200], reason)
    return together.follow(world, case, PEOPLE[type(request)](world, case, request))
