"""The one place where requests are judged: a pure function over the ledger at one commit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.contract import requests as ask
from workers.contract.envelope import read_stamp
from workers.contract.outcomes import Late, Reason
from workers.domain import decision as d
from workers.domain import reads, rights
from workers.domain.decide import bundles, cards, clock, deprecation, externals, promote, registry, regret, reports, together, vote
from workers.domain.state import World
from workers.domain.times import is_early, is_over

Judge = Callable[[World, d.Case, Any], d.Decision]

PEOPLE: dict[type[ask.Request], Judge] = {
    ask.Promote: lambda world, case, wanted: (bundles.open_all if wanted.also else promote.promote)(world, case, wanted),
    ask.Rollback: promote.rollback,
    ask.Approve: vote.approve,
    ask.Reject: vote.reject,
    ask.Withdraw: regret.withdraw,
    ask.Dispute: regret.dispute,
    ask.Cancel: vote.cancel,
    ask.Retry: vote.retry,
    ask.Register: registry.register,
    ask.Deprecate: deprecation.deprecate,
    ask.Undeprecate: deprecation.undeprecate,
    ask.Unhold: registry.unhold,
    ask.AdoptPolicy: registry.adopt,
    ask.Adopt: externals.adopt,
    ask.Revert: externals.revert,
}
PROCESSES: dict[type[ask.Request], Judge] = {
    ask.Inspected: reports.inspected,
    ask.NotInspected: reports.not_inspected,
    ask.PolicyProposed: registry.proposed,
    ask.Deployed: reports.deployed,
    ask.Verified: reports.verified,
    ask.Restored: reports.restored,
    ask.ExternalsSeen: externals.seen,
    ask.ExternalsSettled: externals.settled,
    ask.CardPosted: cards.posted,
    ask.Tick: lambda world, case, _: clock.due(world, case),
}


def decide(world: World, case: d.Case) -> d.Decision:
    """What becomes of a request on this state of the ledger. Pure: the same arguments give the same decision."""
    request = case.envelope.request
    if judge := PROCESSES.get(type(request)):
        return together.follow(world, case, judge(world, case, request))
    if isinstance(request, ask.READS):
        return d.answer(reads.answer(world, {}, case.envelope))
    sentence = case.envelope.text or type(request).__name__.lower()
    if is_over(case):
        minutes = int((case.now - read_stamp(case.envelope.issued_at)).total_seconds() // 60)
        return d.answer(Late(sentence, minutes))
    if is_early(case):
        text = f"It is dated {case.envelope.issued_at}, which is yet to come: the clock of the host that took it runs ahead."
        return d.refuse(world, case, sentence[:200], Reason("clock", text))
    if reason := rights.standing(case):
        return d.refuse(world, case, sentence[:200], reason)
    return together.follow(world, case, PEOPLE[type(request)](world, case, request))
