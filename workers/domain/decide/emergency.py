"""`emergency promote`: break-glass. Exactly what is named is passed over, the channels are told, and a debt stays until a second person settles it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from workers.contract import requests as ask
from workers.contract.names import DebtId
from workers.contract.outcomes import Announcement, Choose, Reason
from workers.contract.promotion import Promotion, State
from workers.contract.stops import Debt, DebtKind
from workers.domain import decision as d
from workers.domain import gates, lane, rights, stops
from workers.domain.decide import evidence, superseding
from workers.domain.decide import promote as opening
from workers.domain.policy import Rules
from workers.domain.state import World

APPROVAL = "approval"
NEVER = {
    "digest": "the identical bytes are what everything else rests on",
    "artifact-safety": "a file that may run code on loading is never deployed",
    "hold": "a named person must lift it: unhold",
    "deprecated": "a named person must take it back: undeprecate",
    "lane": "two deployments at once would leave nobody knowing what runs; rollback stops the one under way",
}
"""What no emergency passes over, and why."""
_ALSO = {"approvals": APPROVAL, "holds": "hold", "locks": "lock", "freezes": "freeze"}


@dataclass(frozen=True)
class _Way:
    """What a promotion meets: `stopping` are the names of all that stops it now, `named` those that are to be passed over."""

    stopping: tuple[str, ...]
    named: tuple[str, ...]


def promote(world: World, case: d.Case, wanted: ask.EmergencyPromote) -> d.Decision:
    """Open a promotion that passes over what is named, or say every reason why not."""
    plain = ask.Promote(wanted.version, wanted.environment, wanted.artifact, wanted.kind, wanted.source, because=wanted.because)
    asked = f"emergency promote {wanted.artifact or ''} {wanted.version or ''} to {wanted.environment}".replace("  ", " ")
    found = opening.find(world, case, plain, opening.Asking(asked, rights.may_in_emergency))
    if isinstance(found, d.Decision):
        return _as_emergency(found, wanted)
    rules, version = found.rules, found.version
    what = f"emergency promote {version.artifact} {version.version} to {rules.name}"
    gone = [one for one in superseding.waiting(world, version.artifact, rules.name) if one.to.digest == version.digest]
    cleared = superseding.without(world, gone)
    if there := opening.already(cleared, rules, version):
        return d.answer(there)
    bare = lane.judged(cleared, opening.new(cleared, case, rules, version, opening.by(case)), rules, case.now)
    if first := evidence.gather_first(cleared, case, (bare, rules)):
        return first
    way = _Way(tuple(_stopping(cleared, bare, rules, case)), tuple(dict.fromkeys(_ALSO.get(one, str(one)) for one in wanted.skipping)))
    if reasons := list(_unfit(way, wanted)):
        hint = (f"promote {version.artifact} {version.version} to {rules.name} because {wanted.because}",) if not way.stopping else ()
        return d.refuse(world, case, what, *reasons, suggestions=hint)
    judged = lane.judged(cleared, replace(bare, skipped=way.named), rules, case.now)
    begun = opening.opened(cleared, case, judged, rules, f"Passed over: {', '.join(way.named)}.")
    return superseding.instead(world, case, _told(world, case, begun), gone)


def _told(world: World, case: d.Case, begun: d.Decision) -> d.Decision:
    """The debt and the announcement go with a promotion that was opened; one that was refused passed over nothing."""
    promotion = begun.promotion
    if promotion is None or promotion.state is State.REFUSED:
        return begun
    debt = Debt(
        DebtId.read(f"D-{world.seq + 1}"), DebtKind.EMERGENCY, promotion.id, promotion.artifact, promotion.to.version, promotion.environment,
        case.actor.id, promotion.because or "", case.time, promotion.skipped,
    )  # fmt: skip
    text = (
        f"Emergency: {debt.by} promotes {debt.artifact} {debt.version} to {debt.environment} ({debt.promotion}) and passes over "
        f"{', '.join(debt.skipped)}: {debt.because} Debt {debt.id} stays open until somebody else closes it."
    )
    return replace(begun, documents=(*begun.documents, debt), announce=(Announcement(text, is_emergency=True),))


def _stopping(world: World, bare: Promotion, rules: Rules, case: d.Case) -> Iterator[str]:
    """The names of all that keeps it from starting now, in the order in which a promotion meets it."""
    found = [lane.gate_of(one) for one in gates.stops(bare.gates)]
    found += [APPROVAL] if bare.quorum else []
    found += [stop.code for stop in stops.of(stops.Place(world, bare, rules, case.now))]
    yield from dict.fromkeys(found)


def _unfit(way: _Way, wanted: ask.EmergencyPromote) -> Iterator[Reason]:
    could = [one for one in way.stopping if one not in NEVER]
    in_the_way = f"In the way are: {', '.join(could)}." if could else "Nothing that an emergency may pass over is in the way."
    for one in way.named:
        if one in NEVER:
            yield Reason("never-skipped", f"{one} is never passed over: {NEVER[one]}.")
        elif one not in way.stopping:
            yield Reason("not-in-the-way", f"{one} is not in the way, so there is nothing to pass over. {in_the_way}")
    if not way.named:
        yield Reason("nothing-named", f"Name what is to be passed over: skipping ... {in_the_way}")
    if not wanted.because.strip():
        yield Reason("because", "An emergency needs a reason: because ...")


def _as_emergency(found: d.Decision, wanted: ask.EmergencyPromote) -> d.Decision:
    """A menu stays one for an emergency: what is picked passes over the same."""
    skipping = f" skipping {' '.join(wanted.skipping)}" if wanted.skipping else ""
    rest = f"{skipping} because {wanted.because}"
    menus = (
        replace(one, options=tuple(replace(option, sentence=f"emergency {option.sentence}{rest}") for option in one.options))
        if isinstance(one, Choose)
        else one
        for one in found.outcomes
    )
    return replace(found, outcomes=tuple(menus))
