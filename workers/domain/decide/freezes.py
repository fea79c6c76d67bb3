"""`freeze` and `unfreeze`: nothing begins to deploy in an environment until an instant. What was approved meanwhile starts by itself afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.names import EnvironmentName
from workers.contract.outcomes import Announcement, Reason, Receipt
from workers.contract.promotion import Promotion
from workers.contract.stops import Freeze
from workers.domain import decision as d
from workers.domain import layout, rights, states, subject
from workers.domain.state import World
from workers.domain.times import is_past


def freeze(world: World, case: d.Case, wanted: ask.Freeze) -> d.Decision:
    """Put a freeze on an environment; one that is there is replaced. What runs there already goes on."""
    what = f"freeze {wanted.environment}"
    if reasons := [*_denied(world, case, wanted.environment), *_unfit(case, wanted)]:
        return d.refuse(world, case, what, *reasons)
    put_on = Freeze(wanted.environment, case.actor.id, wanted.because, case.time, wanted.until)
    before = world.freezes.get(wanted.environment)
    said = f"{put_on.environment} is frozen until {put_on.until}: nothing begins to deploy there."
    said += f" This takes the place of the freeze until {before.until} by {before.by} ({before.because})." if before else ""
    said += _consequences(world, put_on.environment)
    announced = Announcement(f"{said} By {put_on.by}: {put_on.because}", offers=(f"unfreeze {put_on.environment}",))
    return d.Decision(
        event="frozen",
        subject=f"{put_on.environment}: frozen until {put_on.until}",
        documents=(put_on,),
        about=(None, None, put_on.environment),
        detail={"freeze": wire.plain(put_on), **({"replaced": wire.plain(before)} if before else {})},
        outcomes=(Receipt(said),),
        announce=(announced,),
    )


def unfreeze(world: World, case: d.Case, wanted: ask.Unfreeze) -> d.Decision:
    """Lift a freeze before its time."""
    what = f"lift the freeze of {wanted.environment}"
    if reasons := _denied(world, case, wanted.environment):
        return d.refuse(world, case, what, *reasons)
    found = world.freezes.get(wanted.environment)
    if found is None:
        return d.refuse(world, case, what, Reason("no-freeze", f"Nobody has frozen {wanted.environment}."))
    why = f": {wanted.because}" if wanted.because else ""
    announced = f"The freeze of {found.environment} was lifted by {case.actor.id}{why}. What is queued starts by itself."
    return _over(found, "unfrozen", f"The freeze of {found.environment} is lifted; what is queued starts by itself.", announced)


def ended(world: World, case: d.Case) -> Iterator[d.Decision]:
    """The freezes whose time is over."""
    for found in world.freezes.values():
        if is_past(found.until, case):
            yield _over(found, "freeze_ended", None, f"The freeze of {found.environment} has ended. What is queued starts by itself.")


def _over(found: Freeze, event: str, answer: str | None, announced: str) -> d.Decision:
    return d.Decision(
        event=event,
        subject=f"{found.environment}: {event.replace('_', ' ')}",
        deleted=(layout.path_of(found),),
        about=(None, None, found.environment),
        detail={"freeze": wire.plain(found)},
        outcomes=(Receipt(answer),) if answer else (),
        announce=(Announcement(announced),),
    )


def _denied(world: World, case: d.Case, environment: EnvironmentName) -> list[Reason]:
    rules = subject.rules_of(world, environment)
    reason = rules if isinstance(rules, Reason) else rights.may_run(world, case, rules)
    return [reason] if reason else []


def _unfit(case: d.Case, wanted: ask.Freeze) -> Iterator[Reason]:
    if is_past(wanted.until, case):
        yield Reason("past", f"{wanted.until} is past. Name a time to come: freeze {wanted.environment} until tomorrow 9:00 because ...")
    if not wanted.because.strip():
        yield Reason("because", "A freeze needs a reason: because ...")


def _consequences(world: World, environment: EnvironmentName) -> str:
    """What a freeze does not stop, and what it keeps waiting."""
    here = sorted(
        (world.promotions[id_] for id_ in world.open if world.promotions[id_].environment == environment), key=lambda p: p.id.number
    )
    running = [_named(one) for one in here if one.state in states.IN_FLIGHT]
    waiting = [one for one in here if one.state in states.BEFORE_DEPLOYMENT]
    said = (
        f" It does not stop {', '.join(running[:5])}{' and others' if len(running) > 5 else ''}: that deployment goes on."
        if running
        else ""
    )
    return said + (f" {len(waiting)} on the way there will wait." if waiting else "")


def _named(one: Promotion) -> str:
    return f"{one.id} ({one.artifact} {one.to.version}, {one.state.value.replace('_', ' ')})"
