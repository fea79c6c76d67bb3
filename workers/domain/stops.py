"""What keeps an approved promotion from starting now: place and time. Each stop says who or what clears it, and when time alone will."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from workers.contract.envelope import read_stamp, stamp
from workers.contract.promotion import Promotion
from workers.domain import plan
from workers.domain.policy import Rules
from workers.domain.state import World


@dataclass(frozen=True)
class Stop:
    """One reason to wait. `code` is the word by which an emergency skips it, `until` when time clears it, `clear` how a person does."""

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
        text = f"behind {one.id} ({one.artifact} {one.to.version}, {one.state.value.replace('_', ' ')})"
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


def soaked_at(world: World, promotion: Promotion, rules: Rules) -> datetime | None:
    """When the bytes have been successful in the earlier environment for long enough."""
    since = world.succeeded_since(rules.after, promotion.artifact, promotion.to.digest) if rules.after else None
    return read_stamp(since) + rules.soak if since and rules.soak else None


STOPS: tuple[Callable[[Place], Iterator[Stop]], ...] = (_lane, _paused, _scheduled, _soak)
