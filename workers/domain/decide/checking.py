"""What opens by itself is looked at first: nobody is asked to approve it, and it does not begin, before its evidence is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from workers.contract.envelope import stamp
from workers.contract.promotion import GateResult, Promotion, Result
from workers.domain import decision as d
from workers.domain import gates, lane, unseen
from workers.domain.decide import promote
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_past

PATIENCE = timedelta(hours=1)
"""So long something that has its approvals, or whose plan was shown, waits for a look at its evidence."""
_NOT_YET = "nobody has looked yet; Towpath has it looked at"


def begin(world: World, case: d.Case, promotion: Promotion, rules: Rules, said: str) -> d.Decision | None:
    """The first decision on a promotion that nobody asked for just now, if its evidence must be looked at; None: it can be judged.

    It is looked at for as long as approvers would have had: a check of CI may just be running.
    """
    if not unseen.is_awaited(world, promotion, rules, case.now):
        return None
    waiting = unseen.names(world, promotion, rules, case.now)
    until = stamp(case.now + rules.expires)
    shown = tuple(_shown(gate) if lane.gate_of(gate) in waiting else gate for gate in promotion.gates)
    text = f"{said} First is looked at: {', '.join(waiting)}; until {until} at most."
    return d.moved(d.note(world, case, promotion, "requested", text.strip(), gates=shown, evidence_by=until))


def _shown(gate: GateResult) -> GateResult:
    return replace(gate, text=_NOT_YET) if gate.result is Result.CANNOT_TELL and not gate.evidence else gate


def due(world: World, case: d.Case, promotion: Promotion, rules: Rules) -> Iterator[d.Decision]:
    """Judged once all that it waits for was seen, or its time is over; told meanwhile what is lacking."""
    fresh = lane.judged(world, promotion, rules, case.now)
    if not may_wait(world, case, promotion, rules):
        yield promote.opened(world, case, replace(fresh, evidence_by=None), rules)
    elif (lacking := _lacking(fresh)) and lacking != promotion.reasons:
        text = f"Still looked at: {'; '.join(lacking)}."
        yield d.moved(d.note(world, case, replace(promotion, gates=fresh.gates), "checking", text, reasons=lacking))


def _lacking(fresh: Promotion) -> tuple[str, ...]:
    """What was looked at and could not be told yet."""
    return tuple(gate.text for gate in gates.stops(fresh.gates) if gate.evidence)


def may_wait(world: World, case: d.Case, promotion: Promotion, rules: Rules) -> bool:
    """Whether a look may let it pass, and there is time for one."""
    return not is_past(promotion.evidence_by, case) and unseen.is_awaited(world, promotion, rules, case.now)


def look_first(world: World, case: d.Case, promotion: Promotion, rules: Rules) -> d.Decision | None:
    """One that waits or is queued learns that its evidence must be looked at before it can be judged. None: it knows that."""
    if promotion.evidence_by is not None:
        return None
    waiting = tuple(
        dict.fromkeys(name for one, its in lane.items(world, promotion, rules) for name in unseen.names(world, one, its, case.now))
    )
    text = f"Looked at anew before it is judged: {', '.join(waiting)}."
    reasons = (f"{', '.join(waiting)} {'is' if len(waiting) == 1 else 'are'} looked at anew",)
    return d.moved(d.note(world, case, promotion, "checking", text, reasons=reasons, evidence_by=stamp(case.now + PATIENCE), look_at=None))
