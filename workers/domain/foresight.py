"""What would become of a request, without doing it: `plan`, `can i`, `why not`.

The request is judged by the judge that would judge it, on the same state; nothing is recorded. A judge stops at the first right that is
missing, so it is asked a second time with every right granted: then all that is in the way is seen at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.envelope import Envelope, Sealed, Sender, read_stamp
from workers.contract.promotion import Promotion, State
from workers.contract.wire import BadWire
from workers.domain import decision as d
from workers.domain import states, subject, unmet
from workers.domain.policy import Policy, Refined, Refinement
from workers.domain.state import World, supposing

Judge = Callable[[World, d.Case], d.Decision]
_UNSEALED = Sealed(Sender.BOT, "", "")
_MINE = ("right-", "own-", "standing", "edited")
"""The reasons that are about the person who asks."""


def answer(world: World, envelope: Envelope, judge: Judge) -> out.Outcome:
    """What a question about another request is answered with."""
    wanted = envelope.request
    try:
        match wanted:
            case ask.Plan():
                return _plan(world, replace(envelope, request=wanted.wanted.request), wanted.wanted.text, judge)
            case ask.CanI():
                return _can(world, replace(envelope, request=wanted.wanted.request), wanted.wanted.text, judge)
            case ask.WhyNot(wanted=ask.Nested() as inner):
                return _why_not_said(world, replace(envelope, request=inner.request), inner.text, judge)
            case _:
                assert isinstance(wanted, ask.WhyNot), "no other question nests"
                return _why_not(world, envelope, wanted)
    except BadWire as exc:
        return out.Refused(type(wanted).__name__.lower(), (out.Reason("torn", f"The command in it cannot be read: {exc}."),))


def _judged(world: World, envelope: Envelope, judge: Judge) -> d.Decision:
    return judge(world, d.Case(envelope, _UNSEALED, read_stamp(envelope.issued_at), looked=True))


def _reasons(decision: d.Decision) -> tuple[out.Reason, ...]:
    return tuple(reason for outcome in decision.outcomes if isinstance(outcome, out.Refused) for reason in outcome.reasons)


def _foreseen(world: World, envelope: Envelope, judge: Judge) -> tuple[d.Decision, tuple[out.Reason, ...]]:
    """What would be decided were every right granted, and every reason why it would be refused."""
    decision = _judged(world, envelope, judge)
    reasons = _reasons(decision)
    if not reasons:
        return decision, ()
    freely = _judged(replace(world, policy=_granting(world.policy, ("*",))), envelope, judge)
    return freely, tuple(dict.fromkeys((*reasons, *_reasons(freely))))


def _granting(policy: Policy, roles: tuple[str, ...]) -> Policy:
    """The policy with these roles for every right but that to approve, which a judge answers in full anyway."""
    fields = {"request": roles, "run": roles, "emergency": roles}

    def refined(one: Refinement) -> Refinement:
        return replace(one, fields={**one.fields, **fields})

    return replace(
        policy,
        environments={name: replace(rules, request=roles, run=roles, emergency=roles) for name, rules in policy.environments.items()},
        refinements={
            name: Refined({k: refined(one) for k, one in found.kinds.items()}, {k: refined(one) for k, one in found.artifacts.items()})
            for name, found in policy.refinements.items()
        },
    )


def _menu(decision: d.Decision, verb: str) -> out.Choose | None:
    for outcome in decision.outcomes:
        if isinstance(outcome, out.Choose):
            return replace(outcome, options=tuple(replace(one, sentence=f"{verb} {one.sentence}") for one in outcome.options))
    return None


def _conditions(world: World, envelope: Envelope, decision: d.Decision) -> tuple[out.Reason, ...]:
    """What the promotion would wait for, or was refused for; nothing if it would be under way, or ended as was asked.

    The others of a bundle count as if they were there already: what stops one of it stops all.
    """
    promotion = decision.promotion
    if promotion is None or (promotion.state in states.TERMINAL and promotion.state is not State.REFUSED):
        return ()
    others = (one for one in decision.documents if isinstance(one, Promotion) and one.id in promotion.bundle)
    return unmet.of(supposing(world, others), promotion, read_stamp(envelope.issued_at))


def _plan(world: World, envelope: Envelope, text: str, judge: Judge) -> out.Outcome:
    decision, refused = _foreseen(world, envelope, judge)
    if menu := _menu(decision, "plan"):
        return menu
    promotion = decision.promotion
    return out.Planned(
        text,
        would=_would(decision, refused),
        promotion=promotion,
        conditions=(*refused, *_conditions(world, envelope, decision)),
        notes=_notes(decision),
        diff=next((one.diff for one in decision.announce if isinstance(one, out.PolicyAdopted)), ""),
    )


def _would(decision: d.Decision, refused: tuple[out.Reason, ...]) -> str:
    if refused:
        return "It would be refused."
    if decision.promotion:
        return f"It would stand at {decision.promotion.state.value.replace('_', ' ')}: {decision.promotion.events[-1].text}"
    if decision.event:
        return f"It would be recorded: {decision.event.replace('_', ' ')}."
    if any(isinstance(effect, d.Inspect) for effect in decision.effects):
        return "The commit would be read, and the version registered if nothing is wrong with it."
    if any(isinstance(effect, d.ReadRecipe) for effect in decision.effects):
        return "Its recipe would be read at the head of the source branch, and its pipeline begun if there is one."
    return "It would change nothing."


def _notes(decision: d.Decision) -> tuple[str, ...]:
    said = [one.text for one in decision.outcomes if isinstance(one, out.Receipt)]
    others = [one for one in decision.documents if isinstance(one, Promotion) and one != decision.promotion]
    return (*said, *(f"{one.id}: {one.events[-1].text}" for one in others))


def _can(world: World, envelope: Envelope, text: str, judge: Judge) -> out.Outcome:
    if isinstance(envelope.request, (*ask.READS, *ask.LOOKS)):
        return out.Able(text, "yes")
    decision = _judged(world, envelope, judge)
    if menu := _menu(decision, "can i"):
        return menu
    reasons = _reasons(decision)
    if mine := tuple(reason for reason in reasons if reason.code.startswith(_MINE)):
        return out.Able(text, "no", mine)
    nobody = _judged(replace(world, policy=_granting(world.policy, ())), envelope, judge)
    if reasons and _reasons(nobody) == reasons:
        return out.Able(text, "cannot tell", reasons)
    return out.Able(text, "yes", reasons)


def _why_not_said(world: World, envelope: Envelope, text: str, judge: Judge) -> out.Outcome:
    decision, refused = _foreseen(world, envelope, judge)
    if menu := _menu(decision, "why not"):
        return menu
    promotion = decision.promotion
    return out.Unmet(text, (*refused, *_conditions(world, envelope, decision)), notes=(*_notes(decision), *_emergency(world, promotion)))


def _why_not(world: World, envelope: Envelope, wanted: ask.WhyNot) -> out.Outcome:
    case = d.Case(envelope, _UNSEALED, read_stamp(envelope.issued_at), looked=True)
    promotion = subject.find_leader(world, case, wanted.promotion)
    if isinstance(promotion, out.Reason):
        return out.Refused(f"why not {wanted.promotion or ''}".strip(), (promotion,))
    what = f"{promotion.id}: {promotion.artifact} {promotion.to.version} to {promotion.environment}"
    stands = f"It stands at {promotion.state.value.replace('_', ' ')} since {promotion.arrived.time}."
    over = (unmet.ended(promotion),) if promotion.state is State.REFUSED else ()
    found = (*over, *unmet.of(world, promotion, case.now))
    return out.Unmet(what, found, stands, promotion.id, _emergency(world, promotion) if found else ())


def _emergency(world: World, promotion: Promotion | None) -> tuple[str, ...]:
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind) if promotion else None
    return unmet.passed_over(rules) if rules else ()
