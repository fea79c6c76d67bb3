"""What time alone decides: expiry, the end of freezes, locks and snoozes, the start of what was queued, steps that stayed without an answer,
and calls that waited for the end of quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from workers.contract import quorums
from workers.contract.envelope import read_stamp, stamp
from workers.contract.promotion import Promotion, State
from workers.domain import bundle, gates, lane, states, steady
from workers.domain import decision as d
from workers.domain.decide import checking, course, freezes, holds, locks, measured, reminders, reports, snoozing, training, vote
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_past

AWAY = timedelta(seconds=30)
"""The clock beats every few seconds: what it finds so long after its time, it was not there to see."""


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
    for id_ in world.open_after(case.after):
        promotion = world.promotions[id_]
        rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
        if promotion.state in states.BEFORE_DEPLOYMENT and (hold := holds.of(world, promotion)):
            yield holds.refused(world, case, promotion, hold)
        elif promotion.state in states.BEFORE_DEPLOYMENT and bundle.leads(promotion):
            yield from _not_begun(world, case, promotion, rules)
        elif promotion.state in states.UNDER_WAY and is_past(promotion.look_at, case):
            yield _unanswered(world, case, promotion)
    yield from snoozing.ended(world, case)
    yield from measured.due(world, case)


def _unanswered(world: World, case: d.Case, promotion: Promotion) -> d.Decision:
    """Nobody knows what a step came to, unless this beat comes so late that Towpath itself was away at the deadline: then it has another one."""
    assert promotion.look_at is not None, "its deadline is over"
    doing, minutes = promotion.state.value.replace("_", " "), int(lane.DEADLINE.total_seconds() // 60)
    if case.now - read_stamp(promotion.look_at) > AWAY:
        text = f"Towpath was away while it was {doing}; it has {minutes} more minutes for an answer."
        return d.moved(d.note(world, case, promotion, "waited_for", text, look_at=stamp(case.now + lane.DEADLINE)))
    why = f"No answer for {minutes} minutes while {doing}: it is not known what {promotion.environment} runs."
    return reports.attention(world, case, promotion, why)


def _not_begun(world: World, case: d.Case, promotion: Promotion, rules: Rules | None) -> Iterator[d.Decision]:
    if rules is None:
        text = f"The policy no longer has the environment {promotion.environment}."
        yield d.moved(d.move(world, case, promotion, State.REFUSED, "refused", text, reasons=(text,)))
    elif promotion.state is State.CHECKING:
        yield from checking.due(world, case, promotion, rules)
    elif promotion.state is State.WAITING and is_past(promotion.expires_at, case):
        yield vote.expire(world, case, promotion)
    elif not steady.is_known(world, promotion, rules) and (changed := _changed(world, case, promotion, rules)):
        yield changed
    elif promotion.state is State.QUEUED:
        yield from _queued(world, case, promotion, rules)
    elif is_past(reminders.due_at(promotion), case):
        yield reminders.remind(world, case, promotion)


def _queued(world: World, case: d.Case, promotion: Promotion, rules: Rules) -> Iterator[d.Decision]:
    if steady.rests(world, promotion, rules, case.now):
        return
    found = lane.waits(world, promotion, rules, case.now)
    if found.reasons:
        if told := lane.told_anew(world, case, promotion, found):
            yield told
        else:
            steady.rest(world, promotion, rules, found.otherwise)
        return
    if missed := course.missed(world, case, promotion, rules):
        yield missed
        return
    fresh = lane.judged(world, promotion, rules, case.now)
    stopped = gates.stops(fresh.gates)
    if not stopped:
        yield lane.start(world, case, fresh, "deploying", "Its turn has come. Deployment begins.")
    elif checking.may_wait(world, case, promotion, rules):
        if told := checking.look_first(world, case, promotion, rules):
            yield told
    else:
        text = "Refused by the gates at the last look."
        yield d.moved(d.move(world, case, fresh, State.REFUSED, "refused", text, reasons=tuple(gate.text for gate in stopped)))


def _changed(world: World, case: d.Case, promotion: Promotion, rules: Rules) -> d.Decision | None:
    """What becomes of a promotion whose plan is another now, or whose approvals no longer all count; what could not be told yet is looked at first."""
    if (promotion.quorum or rules.approve) and lane.is_stale(world, promotion, rules):
        if checking.may_wait(world, case, promotion, rules):
            return checking.look_first(world, case, promotion, rules)
        return vote.stale(world, case, promotion, lane.judged(world, promotion, rules), rules)
    if promotion.state is State.WAITING or not promotion.quorum or quorums.is_met(lane.with_authors(world, promotion)):
        steady.remember(world, promotion, rules)
        return None
    fresh = lane.judged(world, promotion, rules)
    standing = quorums.counting(fresh)
    text = f"An approval is lacking again: {vote.tally(fresh)}.{vote.dropped(promotion.votes, standing)}"
    return vote.reopen(world, case, replace(fresh, votes=standing), "stale", text)
