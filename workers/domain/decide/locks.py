"""`lock`, `unlock`, `steal lock`: an artifact in an environment kept to one person, whose own promotions alone begin there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.envelope import stamp
from workers.contract.names import ActorId
from workers.contract.outcomes import Announcement, Reason, Receipt
from workers.contract.stops import Lock
from workers.domain import decision as d
from workers.domain import layout, rights
from workers.domain.decide.places import rules_at
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_past

LONGEST = timedelta(days=1)
"""So long may somebody lock who may not run the environment."""

Wanted = ask.Lock | ask.Unlock | ask.StealLock


def lock(world: World, case: d.Case, wanted: ask.Lock) -> d.Decision:
    """Put a lock on, or renew one's own. Whoever may request may, for a day at most; who may run the environment, without end."""
    what = f"lock {_where(wanted)}"
    rules = rules_at(world, wanted.environment, wanted.artifact)
    if isinstance(rules, list):
        return d.refuse(world, case, what, *rules)
    if reasons := list(_denied(world, case, wanted, rules)):
        return d.refuse(world, case, what, *reasons)
    found = _found(world, case, wanted)
    if found and found.by.user != case.actor.id.user:
        again = f"steal lock {_where(wanted)} because {wanted.because}"
        return d.refuse(
            world, case, what, Reason("locked", f"It is locked{_until(found)} by {found.by}: {found.because}"), suggestions=(again,)
        )
    until = stamp(case.now + wanted.lasts.length) if wanted.lasts else None
    put_on = Lock(wanted.artifact, wanted.environment, case.actor.id, wanted.because, case.time, until)
    return _kept(put_on, "locked", "" if not found else " It was yours already; this is the new reason and end.")


def unlock(world: World, case: d.Case, wanted: ask.Unlock) -> d.Decision:
    """Lift a lock: one's own, or anybody's with the right to run."""
    what = f"unlock {_where(wanted)}"
    rules = rules_at(world, wanted.environment, wanted.artifact)
    if isinstance(rules, list):
        return d.refuse(world, case, what, *rules)
    found = _found(world, case, wanted)
    if found is None:
        return d.refuse(world, case, what, _no_lock(wanted))
    is_own = found.by.user == case.actor.id.user
    if not is_own and (reason := rights.may_run(world, case, rules)):
        return d.refuse(world, case, what, Reason(reason.code, f"It is {found.by}'s lock. {reason.text}", reason.clears))
    why = f": {wanted.because}" if wanted.because else ""
    announced = f"{_where(wanted)} is unlocked by {case.actor.id}{why}. What is queued starts by itself."
    return _over(found, "unlocked", announced, () if is_own else (found.by,))


def steal(world: World, case: d.Case, wanted: ask.StealLock) -> d.Decision:
    """Take somebody's lock over, with its end; they are told."""
    what = f"steal the lock of {_where(wanted)}"
    rules = rules_at(world, wanted.environment, wanted.artifact)
    if isinstance(rules, list):
        return d.refuse(world, case, what, *rules)
    if reason := rights.may_run(world, case, rules):
        return d.refuse(world, case, what, reason)
    if not wanted.because.strip():
        return d.refuse(world, case, what, Reason("because", "To steal a lock needs a reason: because ..."))
    found = _found(world, case, wanted)
    if found is None:
        return d.refuse(world, case, what, _no_lock(wanted), suggestions=(f"lock {_where(wanted)} because {wanted.because}",))
    if found.by.user == case.actor.id.user:
        return d.answer(Receipt(f"{_where(wanted)} is locked by you already{_until(found)}. Nothing to do."))
    taken = Lock(found.artifact, found.environment, case.actor.id, wanted.because, case.time, found.until)
    return _kept(taken, "lock_stolen", f" It was {found.by}'s ({found.because}).", found)


def ended(world: World, case: d.Case) -> Iterator[d.Decision]:
    """The locks whose time is over."""
    for found in world.locks.values():
        if is_past(found.until, case):
            announced = f"The lock of {found.artifact} in {found.environment} by {found.by} has ended. What is queued starts by itself."
            yield _over(found, "lock_ended", announced)


def _kept(put_on: Lock, event: str, more: str, former: Lock | None = None) -> d.Decision:
    said = f"{_where(put_on)} is locked{_until(put_on)} by {put_on.by}: only their promotions begin there.{more}"
    offers = (f"unlock {_where(put_on)}",)
    calls = (former.by,) if former else ()
    return d.Decision(
        event=event,
        subject=f"{_where(put_on)}: {event.replace('_', ' ')}",
        documents=(put_on,),
        about=(put_on.artifact, None, put_on.environment),
        detail={"lock": wire.plain(put_on), **({"former": wire.plain(former)} if former else {})},
        outcomes=(Receipt(said, offers=offers),),
        announce=(Announcement(f"{said} Reason: {put_on.because}", calls, offers),),
    )


def _over(found: Lock, event: str, announced: str, calls: tuple[ActorId, ...] = ()) -> d.Decision:
    return d.Decision(
        event=event,
        subject=f"{_where(found)}: {event.replace('_', ' ')}",
        deleted=(layout.path_of(found),),
        about=(found.artifact, None, found.environment),
        detail={"lock": wire.plain(found)},
        outcomes=(Receipt(f"{_where(found)} is unlocked; what is queued starts by itself."),) if event == "unlocked" else (),
        announce=(Announcement(announced, calls),),
    )


def _denied(world: World, case: d.Case, wanted: ask.Lock, rules: Rules) -> Iterator[Reason]:
    if not rights.may_run(world, case, rules):
        pass
    elif reason := rights.may_request(world, case, rules):
        yield reason
    elif wanted.lasts is None or wanted.lasts.length > LONGEST:
        yield Reason(
            "lock-length", f"You may not run {rules.name}, so say for how long, a day at most: lock {_where(wanted)} for 2h because ..."
        )
    if not wanted.because.strip():
        yield Reason("because", "A lock needs a reason: because ...")


def _found(world: World, case: d.Case, wanted: Wanted) -> Lock | None:
    """The lock that counts now: one whose time is over is as good as gone, though the clock has not removed it yet."""
    found = world.locks.get((wanted.environment, wanted.artifact))
    return found if found and not is_past(found.until, case) else None


def _no_lock(wanted: Wanted) -> Reason:
    return Reason("no-lock", f"{_where(wanted)} is not locked.")


def _where(one: Wanted | Lock) -> str:
    return f"{one.artifact} in {one.environment}"


def _until(found: Lock) -> str:
    return f" until {found.until}" if found.until else ""
