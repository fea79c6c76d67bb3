"""`withdraw` and `dispute`: what an approver can still do who thinks otherwise now."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import quorums
from workers.contract import requests as ask
from workers.contract.names import DebtId
from workers.contract.outcomes import Reason, Receipt
from workers.contract.promotion import Promotion, State, Vote
from workers.contract.stops import Debt, DebtKind
from workers.domain import decision as d
from workers.domain import lane, states, subject
from workers.domain.decide import vote
from workers.domain.state import World

_DISPUTABLE = states.IN_FLIGHT | {State.SUCCEEDED}


def withdraw(world: World, case: d.Case, wanted: ask.Withdraw) -> d.Decision:
    """One's own vote is taken back before deployment begins. What was queued waits again, if it now lacks an approval."""
    promotion = subject.find_leader(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return vote.nowhere(world, case, "withdraw", promotion)
    what, own = f"withdraw {promotion.id}", _own(promotion, case)
    if promotion.state not in states.BEFORE_DEPLOYMENT:
        hint = (f"dispute {promotion.id} because ...",) if own and promotion.state in _DISPUTABLE else ()
        text = f"{promotion.id} {vote.stands(promotion)}: an approval can be withdrawn until deployment begins."
        return d.refuse(world, case, what, Reason("too-late", text), suggestions=hint)
    if own is None:
        return d.refuse(world, case, what, Reason("no-vote", f"You have no approval of {promotion.id} to withdraw."))
    fewer = replace(promotion, votes=tuple(one for one in promotion.votes if one is not own))
    said = f"Approval withdrawn: {vote.tally(fewer)}." if fewer.quorums else "Approval withdrawn."
    if promotion.state is State.QUEUED and not quorums.is_met(fewer):
        return vote.reopen(world, case, fewer, "withdrawn", f"{said} It waits for approval again.")
    return d.moved(d.note(world, case, fewer, "withdrawn", said))


def dispute(world: World, case: d.Case, wanted: ask.Dispute) -> d.Decision:
    """An approver says too late that it should not be: a debt is opened, the channel told, and the way back shown. Nothing is stopped."""
    promotion = subject.find_leader(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return vote.nowhere(world, case, "dispute", promotion)
    what, reasons = f"dispute {promotion.id}", list(_not_disputable(promotion, case))
    if reasons:
        hint = (f"withdraw {promotion.id}",) if promotion.state in states.BEFORE_DEPLOYMENT and _own(promotion, case) else ()
        return d.refuse(world, case, what, *reasons, suggestions=hint)
    if known := _known(world, promotion, case):
        return d.answer(Receipt(f"You dispute {promotion.id} already: the debt {known.id} is open since {known.since}.", promotion.id))
    debt = Debt(
        DebtId.read(f"D-{world.seq + 1}"), DebtKind.DISPUTE, promotion.id, promotion.artifact, promotion.to.version, promotion.environment,
        case.actor.id, wanted.because, case.time,
    )  # fmt: skip
    return d.moved(d.note(world, case, promotion, *_said(world, promotion, debt)), debt)


def _own(promotion: Promotion, case: d.Case) -> Vote | None:
    return next((one for one in promotion.votes if one.actor.user == case.actor.id.user), None)


def _not_disputable(promotion: Promotion, case: d.Case) -> list[Reason]:
    found = []
    if promotion.state not in _DISPUTABLE:
        text = f"{promotion.id} {vote.stands(promotion)}: only what is being deployed or went live can be disputed."
        found.append(Reason("not-live", text))
    if _own(promotion, case) is None:
        found.append(Reason("no-vote", f"Only who approved {promotion.id} can dispute it; you did not."))
    return found


def _known(world: World, promotion: Promotion, case: d.Case) -> Debt | None:
    mine = (one for one in world.debts.values() if one.promotion == promotion.id and one.by.user == case.actor.id.user)
    return next((one for one in mine if one.kind is DebtKind.DISPUTE), None)


def _said(world: World, promotion: Promotion, debt: Debt) -> tuple[str, str]:
    """The event and its words. Going back is offered only while it is this promotion that a rollback would undo."""
    release = lane.release_of(world, promotion)
    runs = promotion.state in states.IN_FLIGHT or (release.live is not None and release.live.promotion == promotion.id)
    opened = f"An approver disputes it: debt {debt.id} is open until a named person settles it."
    if runs:
        return "disputed", f"{opened} Nothing was stopped or taken back."
    return "disputed_late", f"{opened} It no longer runs in {promotion.environment}."
