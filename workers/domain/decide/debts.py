"""`close debt`: what an emergency or a dispute left behind is settled, by the word of a second person."""

from __future__ import annotations

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.outcomes import Announcement, Reason, Receipt
from workers.contract.stops import Debt
from workers.domain import decision as d
from workers.domain import layout, rights
from workers.domain.state import World


def close(world: World, case: d.Case, wanted: ask.CloseDebt) -> d.Decision:
    """The debt leaves the list; its records stay. Whoever opened it never closes it."""
    what, found = f"close debt {wanted.debt}", world.debts.get(wanted.debt)
    if found is None:
        known = ", ".join(sorted(world.debts)[:10]) or "none"
        return d.refuse(world, case, what, Reason("no-debt", f"There is no open debt {wanted.debt}. Open are: {known}."))
    if reasons := _denied(world, case, found):
        return d.refuse(world, case, what, *reasons)
    if not wanted.because.strip():
        return d.refuse(world, case, what, Reason("because", "Say how it was settled: because ..."))
    said = f"Debt {found.id} of {found.promotion} ({found.artifact} {found.version} in {found.environment}) is closed"
    return d.Decision(
        event="debt_closed",
        subject=f"{found.id}: closed",
        deleted=(layout.path_of(found),),
        about=(found.artifact, found.version, found.environment),
        detail={"debt": wire.plain(found)},
        outcomes=(Receipt(f"{said}.", found.promotion),),
        announce=(Announcement(f"{said} by {case.actor.id}: {wanted.because}"),),
    )


def _denied(world: World, case: d.Case, found: Debt) -> list[Reason]:
    """Of an environment that the policy no longer has, whoever runs all the others settles the debts."""
    reasons = []
    if case.actor.id.user == found.by.user:
        reasons.append(Reason("own-debt", f"You opened {found.id}; somebody else must say that it is settled."))
    rules = world.policy.environments.get(found.environment)
    if rules and (reason := rights.may_run(world, case, rules)):
        reasons.append(reason)
    if rules is None and not world.policy.may_adopt(case.actor):
        text = f"The policy no longer has {found.environment}, so this needs the right to run in every environment."
        reasons.append(Reason("right-run", text))
    return reasons
