"""What a decision on one promotion of a bundle means for the others: they follow in the same commit, so the ledger never shows half a bundle at rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from workers.contract.names import PromotionId
from workers.contract.promotion import Promotion, State
from workers.domain import bundle, lane, states
from workers.domain import decision as d
from workers.domain.state import World

Now = Mapping[PromotionId, Promotion]


def follow(world: World, case: d.Case, decision: d.Decision) -> d.Decision:
    """The decision with all that the rest of the bundle does because of it."""
    changed = {one.id: one for one in decision.documents if isinstance(one, Promotion)}
    for ids in dict.fromkeys(one.bundle for one in changed.values() if one.bundle):
        if all(id_ in world.promotions for id_ in ids):
            decision = _follow(world, case, decision, {id_: changed.get(id_, world.promotions[id_]) for id_ in ids})
    return decision


def _follow(world: World, case: d.Case, decision: d.Decision, now: dict[PromotionId, Promotion]) -> d.Decision:
    documents, effects = list(decision.documents), list(decision.effects)
    for id_, one in list(now.items()):
        if one is world.promotions[id_] and (step := _step(world, case, one, now)):
            now[id_] = next(moved for moved in step.documents if isinstance(moved, Promotion))
            documents += step.documents
            effects += step.effects
    lead = _told(world, case, now)
    documents = [one for one in documents if not (isinstance(one, Promotion) and one.id == lead.id)]
    main = lead if decision.promotion and decision.promotion.id == lead.id else decision.promotion
    return replace(decision, documents=(lead, *documents), effects=tuple(effects), promotion=main)


def _step(world: World, case: d.Case, one: Promotion, now: Now) -> d.Decision | None:
    """What one does that the decision itself did not touch."""
    lead = now[one.bundle[0]]
    broken = next((other for other in now.values() if other.id != one.id and other.state in bundle.BROKEN), None)
    if broken:
        return _undone(world, case, one, broken)
    if one.state is State.VERIFYING and any(other.state is State.SUCCEEDED for other in now.values()):
        moved = d.move(world, case, one, State.SUCCEEDED, "succeeded", f"Proved, together with {_rest(one, now)}.", look_at=None)
        return d.moved(moved, *lane.succeeded(world, one, case.time))
    if one.state not in states.BEFORE_DEPLOYMENT or lead.id == one.id:
        return None
    if lead.state is State.DEPLOYING:
        rules = world.policy.rules_for(one.environment, one.artifact, one.kind)
        assert rules is not None, "its leader has started under the rules of the same environment"
        fresh = replace(lane.judged(world, one, rules), quorum=None, also_needed=())
        return lane.start(world, case, fresh, "deploying", f"Deployment begins, together with {lead.id}.")
    if lead.state in states.BEFORE_DEPLOYMENT and lead.state is not one.state:
        return d.moved(d.move(world, case, one, lead.state, lead.events[-1].event, f"Together with {lead.id}."))
    return None


def _undone(world: World, case: d.Case, one: Promotion, broken: Promotion) -> d.Decision | None:
    """Before deployment it ends as the other did; what was deployed is taken back. What is being deployed is waited for, as nobody could tell what runs."""
    if one.state in states.BEFORE_DEPLOYMENT:
        state = broken.state if broken.state in states.ARROWS[one.state] else State.CANCELLED
        text = f"Together with {broken.id}, which {_ended(broken)}."
        return d.moved(d.move(world, case, one, state, state.value, text, expires_at=None, look_at=None, reasons=()))
    return take_back(world, case, one, broken) if one.state is State.VERIFYING else None


def take_back(world: World, case: d.Case, one: Promotion, broken: Promotion) -> d.Decision:
    """One that was deployed goes back because another of its bundle did not arrive. Its bytes are not to blame: there will be no hold."""
    text = f"Taken back together with {broken.id}, which {_ended(broken)}."
    return lane.go_back(world, case, replace(one, taken_back_with=broken.id), "rolling_back", text, one.step)


def broken(world: World, promotion: Promotion) -> Promotion | None:
    """Another of the bundle for which this one may not stay."""
    return next((other for other in bundle.others(world, promotion) if other.state in bundle.BROKEN), None)


def _told(world: World, case: d.Case, now: Now) -> Promotion:
    """The leader with all members as they are now, and with an event for what only the others did."""
    lead = next(iter(now.values()))
    members = tuple(bundle.member(one) for one in now.values())
    if lead is not world.promotions[lead.id]:
        return replace(lead, members=members)
    words = "; ".join(_news(world, now))
    ended = all(one.state in states.TERMINAL for one in now.values())
    return d.note(world, case, lead, "bundle_ended" if ended else "bundle_moved", f"{words}.", members=members)


def _news(world: World, now: Now) -> Iterator[str]:
    for id_, one in now.items():
        if one is not world.promotions[id_]:
            yield f"{one.artifact} {one.to.version} ({id_}): {one.events[-1].text.rstrip('.')}"


def _rest(one: Promotion, now: Now) -> str:
    return " and ".join(id_ for id_ in now if id_ != one.id)


def _ended(one: Promotion) -> str:
    return f"stands at {one.state.value.replace('_', ' ')}"
