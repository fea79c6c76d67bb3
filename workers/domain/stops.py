"""What keeps an approved promotion from starting now: place and time. Each stop says who or what clears it, and when time alone will."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from workers.contract.envelope import read_stamp, stamp
from workers.contract.promotion import Promotion
from workers.domain import calendar, plan
from workers.domain.policy import Rules
from workers.domain.state import World

BEHIND = "behind "
"""So begins what is said of the lane: it changes with whatever happens there, so nobody is told of that."""


@dataclass(frozen=True)
class Stop:
    """One reason to wait. `code` is the word by which an emergency skips it, `until` when time clears it, `clear` how a person does.

    `text` stays the same while nothing changes: a queued promotion is told of every other one.
    """

    code: str
    text: str
    until: datetime | None = None
    clear: str | None = None


@dataclass(frozen=True)
class Place:
    """What a stop may look at: the ledger, the promotion, the rules of its lane, and the instant."""

    world: World
    promotion: Promotion
    rules: Rules
    now: datetime


def of(place: Place) -> list[Stop]:
    """Every stop of a promotion at once, but for what an emergency skips."""
    return [stop for look in STOPS for stop in look(place) if stop.code not in place.promotion.skipped]


def _lane(place: Place) -> Iterator[Stop]:
    for one in plan.ahead(place.world, place.promotion):
        text = f"{BEHIND}{one.id} ({one.artifact} {one.to.version}, {one.state.value.replace('_', ' ')})"
        yield Stop("lane", text, clear=f"when {one.id} has ended")


def _paused(place: Place) -> Iterator[Stop]:
    if pause := place.promotion.paused:
        why = f": {pause.because}" if pause.because else ""
        yield Stop("paused", f"paused by {pause.by} since {pause.since}{why}", clear=f"continue {place.promotion.id}")


def _scheduled(place: Place) -> Iterator[Stop]:
    start_at = place.promotion.start_at
    if start_at and read_stamp(start_at) > place.now:
        yield Stop("scheduled", f"scheduled for {start_at}", read_stamp(start_at))


def _soak(place: Place) -> Iterator[Stop]:
    until = soaked_at(place.world, place.promotion, place.rules)
    if until and until > place.now:
        yield Stop("soak", f"soaking in {place.rules.after} until {stamp(until)}", until)


def _closed(place: Place) -> Iterator[Stop]:
    """The freezes that the policy writes down."""
    if window := calendar.covers(place.rules.freeze, place.now):
        text = f"frozen by the policy ({window.period.text}) until {stamp(window.ends)}"
        yield Stop("freeze", text, window.ends, "by itself, or by another policy")


def soaked_at(world: World, promotion: Promotion, rules: Rules) -> datetime | None:
    """When the bytes have been successful in the earlier environment for long enough."""
    since = world.succeeded_since(rules.after, promotion.artifact, promotion.to.digest) if rules.after else None
    return read_stamp(since) + rules.soak if since and rules.soak else None


def _frozen(place: Place) -> Iterator[Stop]:
    freeze = place.world.freezes.get(place.promotion.environment)
    if freeze and (until := read_stamp(freeze.until)) > place.now:
        text = f"{freeze.environment} is frozen until {freeze.until} by {freeze.by}: {freeze.because}"
        yield Stop("freeze", text, until, f"unfreeze {freeze.environment}")


def _locked(place: Place) -> Iterator[Stop]:
    lock = place.world.locks.get((place.promotion.environment, place.promotion.artifact))
    if lock is None or lock.by.user == place.promotion.requester.user:
        return
    until = read_stamp(lock.until) if lock.until else None
    if until is None or until > place.now:
        ends = f" until {lock.until}" if lock.until else ""
        yield Stop("lock", f"locked{ends} by {lock.by}: {lock.because}", until, f"unlock {lock.artifact} in {lock.environment}")


STOPS: tuple[Callable[[Place], Iterator[Stop]], ...] = (_lane, _paused, _scheduled, _soak, _closed, _frozen, _locked)
