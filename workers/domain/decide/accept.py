"""`accept live`: a person lets what the targets report be the end of a promotion of which nobody can tell what became of it.

It is judged twice: when it is asked, and again when an effect has looked. Only a state of which every target says the same ends the promotion.
"""

from __future__ import annotations

from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.outcomes import Late, Reason
from workers.contract.promotion import Placed, Promotion, State
from workers.contract.wire import plain
from workers.domain import bundle, lane, rights, subject
from workers.domain import decision as d
from workers.domain.decide import together, vote
from workers.domain.state import World
from workers.domain.times import is_over, minutes_late


def asked(world: World, case: d.Case, wanted: ask.AcceptLive) -> d.Decision:
    """Have the targets looked at; what they report is judged when it comes."""
    promotion = subject.find_promotion(world, case, wanted.promotion)
    if isinstance(promotion, Reason):
        return vote.nowhere(world, case, "accept live", promotion)
    if reason := _denied(world, case, promotion):
        return d.refuse(world, case, f"accept live {promotion.id}", reason)
    return d.answer(effects=(d.Observe(promotion.id, promotion.generation, case.wire),))


def observed(world: World, case: d.Case, report: ask.Observed) -> d.Decision:
    """Every target runs the new version: succeeded, without the golden proof. Every one runs the former: failed. Else it still needs a person."""
    promotion = world.promotions.get(report.promotion)
    if promotion is None or case.asked is None:
        return d.NOTHING
    what = f"accept live {promotion.id}"
    own = replace(case, envelope=case.asked, asked=None)
    if is_over(own):
        return d.answer(Late(case.asked.text or what, minutes_late(own)))
    if reason := rights.standing(case) or _denied(world, case, promotion):
        return d.refuse(world, case, what, reason)
    if promotion.generation != report.generation:
        text = f"{promotion.id} was deployed again while its targets were looked at."
        return d.refuse(world, case, what, Reason("moved-on", text), suggestions=(what,))
    return _judged(world, case, promotion, report)


def _judged(world: World, case: d.Case, promotion: Promotion, report: ask.Observed) -> d.Decision:
    former = lane.release_of(world, promotion).live
    if all(_runs(one, promotion.to) for one in report.found):
        if gone := together.broken(world, promotion):
            return _not_alone(world, case, promotion, gone)
        text = f"Accepted as it is, without the golden proof: {_told(report)}"
        if not bundle.is_proved_but_for(world, promotion):
            text = f"{text} It waits for the rest of its bundle."
            waits = d.move(world, case, promotion, State.VERIFYING, "proved", text, proved_at=case.time, reasons=())
            return d.moved(waits, detail=_detail(report))
        moved = d.move(world, case, promotion, State.SUCCEEDED, "succeeded", text, reasons=())
        return d.moved(moved, *lane.succeeded(world, promotion, case.time), detail=_detail(report))
    if all(_runs(one, former) for one in report.found):
        text = f"Accepted as it is: nothing live was changed. {_told(report)}"
        moved = d.move(world, case, promotion, State.FAILED, "failed", text, reasons=())
        return d.moved(moved, lane.gone_back(world, promotion), detail=_detail(report))
    wanted = f"Every target must run {promotion.to.version}, or every one {former.version if former else 'nothing'}."
    seen = (Reason("seen", f"{one.target} {_says(one)}.") for one in report.found)
    again = (f"retry {promotion.id}", f"rollback {promotion.artifact} in {promotion.environment}")
    return d.refuse(world, case, f"accept live {promotion.id}", Reason("mixed", wanted), *seen, suggestions=again)


def _not_alone(world: World, case: d.Case, promotion: Promotion, gone: Promotion) -> d.Decision:
    """One of a bundle cannot stay where another has not arrived."""
    text = f"It moves together with {gone.id}, which stands at {gone.state.value.replace('_', ' ')}: all arrive, or none."
    back = f"rollback {promotion.artifact} in {promotion.environment}"
    return d.refuse(world, case, f"accept live {promotion.id}", Reason("bundle", text), suggestions=(back,))


def _denied(world: World, case: d.Case, promotion: Promotion) -> Reason | None:
    rules = world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
    if rules is None:
        return Reason("unknown-environment", f"The policy no longer has the environment {promotion.environment}.")
    if promotion.state is not State.NEEDS_ATTENTION:
        return Reason("no-need", f"{promotion.id} {vote.stands(promotion)}: only what needs attention can be accepted as it is.")
    return rights.may_run(world, case, rules)


def _runs(seen: ask.Sighting, placed: Placed | None) -> bool:
    """Whether a target reports just this: by its digest, or where it reports none, by the label that holds the start of the digest."""
    if seen.trouble is not None:
        return False
    if placed is None:
        return seen.label is None and seen.digest is None
    return seen.digest == placed.digest if seen.digest is not None else seen.label == placed.label


def _told(report: ask.Observed) -> str:
    return " ".join(f"{one.target} {_says(one)}." for one in report.found) or "no target serves it; the desired state stands in Git."


def _says(seen: ask.Sighting) -> str:
    if seen.trouble is not None:
        return f"cannot be read: {seen.trouble}"
    if seen.label is None and seen.digest is None:
        return "reports that nothing serves"
    return f"reports {seen.label or 'no label'}, {f'digest {seen.digest[7:19]}' if seen.digest else 'and no digest'}"


def _detail(report: ask.Observed) -> dict[str, object]:
    return {"accepted": [plain(one) for one in report.found], "golden": "not asked"}
