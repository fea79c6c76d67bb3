"""`pause`, `continue`, `abort`: what people do with a promotion on its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.envelope import read_stamp
from workers.contract.outcomes import Reason, Receipt
from workers.contract.promotion import Paused, Promotion, State
from workers.domain import decision as d
from workers.domain import lane, rights, states, subject
from workers.domain.decide import vote
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_past

_RUNNING = (State.DEPLOYING, State.VERIFYING)


def pause(world: World, case: d.Case, wanted: ask.Pause) -> d.Decision:
    """It does not begin until somebody lets it continue. A deployment under way has no step to stop at."""
    promotion = subject.find_leader(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return vote.nowhere(world, case, "pause", promotion)
    what = f"pause {promotion.id}"
    if promotion.state not in states.BEFORE_DEPLOYMENT:
        return d.refuse(world, case, what, *_too_late(promotion), suggestions=_instead(promotion))
    if reason := _denied(world, case, promotion):
        return d.refuse(world, case, what, reason)
    if promotion.paused:
        return d.answer(
            Receipt(f"{promotion.id} is paused since {promotion.paused.since}. To let it go on: continue {promotion.id}", promotion.id)
        )
    paused = Paused(case.actor.id, case.time, wanted.because)
    text = f"Paused: it does not begin before somebody says continue {promotion.id}."
    return d.moved(_still(world, case, promotion, paused, "paused", text))


def go_on(world: World, case: d.Case, wanted: ask.Continue) -> d.Decision:
    """The pause is over. What was queued begins at the next look, once its plan, gates and stops are judged again there."""
    promotion = subject.find_leader(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return vote.nowhere(world, case, "continue", promotion)
    what = f"continue {promotion.id}"
    if promotion.paused is None or promotion.state not in states.BEFORE_DEPLOYMENT:
        return d.refuse(world, case, what, Reason("not-paused", f"{promotion.id} is not paused; it {vote.stands(promotion)}."))
    if reason := _denied(world, case, promotion):
        return d.refuse(world, case, what, reason)
    started = promotion if not is_past(promotion.start_at, case) else replace(promotion, start_at=None)
    return d.moved(_still(world, case, started, None, "continued", "It goes on."))


def missed(world: World, case: d.Case, promotion: Promotion, rules: Rules) -> d.Decision | None:
    """A scheduled promotion that could not begin around its time waits for somebody's word: nothing goes live by surprise, at night. None: it is in time.

    Who approves it later than its time wants it then, so the time counts from there.
    """
    if (
        promotion.start_at is None
        or max(read_stamp(promotion.start_at), read_stamp(promotion.arrived.time)) + rules.start_within > case.now
    ):
        return None
    why = f"it was to begin at {promotion.start_at} and could not"
    text = f"It was to begin at {promotion.start_at}, and not much later. To have it begin now: continue {promotion.id}"
    return d.moved(_still(world, case, promotion, Paused(case.actor.id, case.time, why), "paused", text))


def abort(world: World, case: d.Case, wanted: ask.Abort) -> d.Decision:
    """What was live comes back, at a new generation. No hold: that somebody stops it says nothing about the bytes."""
    promotion = subject.find_promotion(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return vote.nowhere(world, case, "abort", promotion)
    what = f"abort {promotion.id}"
    if promotion.state is State.ROLLING_BACK:
        return d.answer(Receipt(f"{promotion.id} is going back already.", promotion.id))
    if promotion.state not in _RUNNING:
        return d.refuse(
            world, case, what, Reason("not-running", f"{promotion.id} {vote.stands(promotion)}."), suggestions=_instead(promotion)
        )
    if reason := _denied(world, case, promotion):
        return d.refuse(world, case, what, reason)
    if promotion.rollback:
        text = f"{promotion.id} is a rollback, which is never rolled back itself. To go elsewhere, roll back to another version: that stops it."
        return d.refuse(world, case, what, Reason("rollback", text))
    back = promotion.live.version if promotion.live else "nothing, as before"
    text = f"Aborted while {promotion.state.value}: going back to {back}. No hold is put on {promotion.to.version}."
    return lane.go_back(world, case, promotion, "aborted", text, promotion.step)


def _still(world: World, case: d.Case, promotion: Promotion, paused: Paused | None, event: str, text: str) -> Promotion:
    """The promotion in the state in which it is, with the stops that it has now."""
    noted = d.note(world, case, promotion, event, text, paused=paused)
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    return lane.waiting(world, noted, rules, case.now) if rules and noted.state is State.QUEUED else noted


def _denied(world: World, case: d.Case, promotion: Promotion) -> Reason | None:
    """Why not, for who is neither the requester nor may run the environment."""
    if case.actor.id == promotion.requester:
        return None
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    return rights.may_run(world, case, rules) if rules else Reason("right-run", "Only the requester may.")


def _too_late(promotion: Promotion) -> Iterator[Reason]:
    yield Reason("too-late", f"{promotion.id} {vote.stands(promotion)}.")
    if promotion.state in _RUNNING:
        yield Reason(
            "all-at-once", "It goes to each target in one step, so there is no step at which it could be paused. It can be aborted."
        )


def _instead(promotion: Promotion) -> tuple[str, ...]:
    """What can be said in this state."""
    if promotion.state in states.BEFORE_DEPLOYMENT:
        return (f"cancel {promotion.id}", f"pause {promotion.id}")
    if promotion.state in _RUNNING and not promotion.rollback:
        return (f"abort {promotion.id}",)
    if promotion.state is State.NEEDS_ATTENTION:
        return (f"retry {promotion.id}", f"accept live {promotion.id}", f"rollback {promotion.artifact} in {promotion.environment}")
    return (f"rollback {promotion.artifact} in {promotion.environment}",) if promotion.state is State.SUCCEEDED else ()
