"""What time alone decides: expiry, the end of freezes, locks and snoozes, the start of what was queued, steps that stayed without an answer,
and calls that waited for the end of quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.contract import quorums
from workers.contract.promotion import Promotion, State
from workers.domain import bundle, gates, lane, states, steady
from workers.domain import decision as d
from workers.domain.decide import freezes, holds, locks, measured, reminders, reports, snoozing, training, vote
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_past


def due(world: World, case: d.Case) -> d.Decision:
    """The first thing that is due after the promotion that was decided last, or nothing.

    Asked again after each decision, on the state that it left, from there on: one beat of the clock looks at each promotion once, however many
    are due. What a decision makes due before it is found at the next beat.
    """
    return next(_due(world, case), d.NOTHING)


def _due(world: World, case: d.Case) -> Iterator[d.Decision]:
    yield from freezes.ended(world, case)
    yield from locks.ended(world, case)
    yield from training.overdue(world, case)
    after = case.after.number if case.after else 0
    for id_ in sorted((id_ for id_ in world.open if id_.number > after), key=lambda id_: id_.number):
        promotion = world.promotions[id_]
        rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
        if promotion.state in states.BEFORE_DEPLOYMENT and (hold := holds.of(world, promotion)):
            yield holds.refused(world, case, promotion, hold)
        elif promotion.state is State.WAITING and is_past(promotion.expires_at, case):
            yield vote.expire(world, case, promotion)
        elif promotion.state is State.WAITING and is_past(reminders.due_at(promotion), case):
            yield reminders.remind(world, case, promotion)
        elif promotion.state is State.QUEUED and bundle.leads(promotion):
            yield from _queued(world, case, promotion, rules)
        elif promotion.state in states.UNDER_WAY and is_past(promotion.look_at, case):
            minutes = int(lane.DEADLINE.total_seconds() // 60)
            why = f"No answer for {minutes} minutes while {promotion.state.value.replace('_', ' ')}: it is not known what {promotion.environment} runs."
            yield reports.attention(world, case, promotion, why)
    yield from snoozing.ended(world, case)
    yield from measured.due(world, case)


def _queued(world: World, case: d.Case, promotion: Promotion, rules: Rules | None) -> Iterator[d.Decision]:
    if rules is None:
        text = f"The policy no longer has the environment {promotion.environment}."
        yield d.moved(d.move(world, case, promotion, State.REFUSED, "refused", text, reasons=(text,)))
        return
    if not steady.is_known(world, promotion, rules):
        if changed := _changed(world, case, promotion, rules):
            yield changed
            return
        steady.remember(world, promotion, rules)
    found = lane.waits(world, promotion, rules, case.now)
    if found[0]:
        if told := lane.told_anew(world, case, promotion, found):
            yield told
        return
    fresh = lane.judged(world, promotion, rules)
    if stopped := gates.stops(fresh.gates):
        text = "Refused by the gates at the last look."
        yield d.moved(d.move(world, case, fresh, State.REFUSED, "refused", text, reasons=tuple(gate.text for gate in stopped)))
    else:
        yield lane.start(world, case, fresh, "deploying", "Its turn has come. Deployment begins.")


def _changed(world: World, case: d.Case, promotion: Promotion, rules: Rules) -> d.Decision | None:
    """What becomes of a queued promotion whose plan is another now, or whose approvals no longer all count."""
    if (promotion.quorum or rules.approve) and lane.is_stale(world, promotion, rules):
        return vote.stale(world, case, promotion, lane.judged(world, promotion, rules), rules)
    if not promotion.quorum or quorums.is_met(lane.with_authors(world, promotion)):
        return None
    fresh = lane.judged(world, promotion, rules)
    standing = quorums.counting(fresh)
    text = f"An approval is lacking again: {vote.tally(fresh)}.{vote.dropped(promotion.votes, standing)}"
    return vote.reopen(world, case, replace(fresh, votes=standing), "stale", text)
