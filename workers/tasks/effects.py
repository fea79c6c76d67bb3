"""The effects lane: one step of one promotion, or one look at the source, per task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import structlog

from workers.contract import wire
from workers.domain import decision as d
from workers.effects.deployment import RETRY_AFTER, Attempt, LookAgain
from workers.ports.errors import Unclear, Unreachable
from workers.tasks.changes import TIDY_EVERY, step_name
from workers.tasks.wiring import Wiring

log = structlog.get_logger()

STEP_SECONDS = 5.0
BEGUN_FOR = 24 * 3600
OBSERVE_TRIES = 8


def step(wiring: Wiring, run: Callable[[Attempt], None], attempt: Attempt) -> float | None:
    """Run one step under its lease; the seconds after which to look again, or None when it is over (or somebody else is at it)."""
    with wiring.leases.hold(step_name(attempt.promotion, attempt.generation), STEP_SECONDS) as ours:
        if not ours:
            return None
        attempt = _fresh(wiring, attempt)
        try:
            run(attempt)
        except (LookAgain, Unreachable, Unclear) as exc:
            seconds = exc.seconds if isinstance(exc, LookAgain) else RETRY_AFTER * min(attempt.number, 5)
            log.info("look_again", promotion=attempt.promotion, seconds=seconds, why=str(exc))
            if attempt.fresh and not isinstance(exc, Unclear):
                wiring.leases.forget(_begun(attempt))
            return seconds
    return None


def _fresh(wiring: Wiring, attempt: Attempt) -> Attempt:
    """The attempt, still fresh only if no other run of the same step can have sent anything.

    The mark stands while a run is under way, and is taken away only when that run knows that nothing was sent: it stays after a lost
    answer and after a killed worker.
    """
    first = wiring.leases.once(_begun(attempt), BEGUN_FOR)
    return replace(attempt, fresh=attempt.fresh and first)


def _begun(attempt: Attempt) -> str:
    return f"begun:{attempt.promotion}:{attempt.generation}"


def observe(wiring: Wiring, fields: dict[str, Any], number: int) -> float | None:
    """Look at targets while no step of the promotion is at work there; the seconds after which to look again, or None when it was reported."""
    wanted = wire.read(d.Observe, fields)
    with wiring.leases.hold(step_name(wanted.promotion, wanted.generation), STEP_SECONDS) as ours:
        if ours:
            wiring.observation.look(wanted)
        elif number < OBSERVE_TRIES:
            return RETRY_AFTER
        else:
            wiring.observation.is_busy(wanted)
    return None


def inspect(wiring: Wiring, fields: dict[str, Any]) -> None:
    """Read what a person's request needs to know of the repository."""
    effect = wire.read(d.Inspect, fields)
    if effect.retraining:
        wiring.inspection.enter(effect.retraining)
    elif effect.register:
        wiring.inspection.register(effect.asked)
    else:
        wiring.inspection.look_for(effect.artifact, effect.version, effect.asked)


def read_recipe(wiring: Wiring, fields: dict[str, Any]) -> None:
    """Read how an artifact is trained, for a person who asked to retrain it."""
    effect = wire.read(d.ReadRecipe, fields)
    wiring.inspection.read_recipe(effect.artifact, effect.asked)


def gather(wiring: Wiring, fields: dict[str, Any]) -> None:
    """Look at what the gates of a person's request need to know."""
    effect = wire.read(d.Gather, fields)
    wiring.gathering.gather(effect)


def measure(wiring: Wiring, fields: dict[str, Any]) -> None:
    """Measure a lane that is due, unless somebody reads the same rows just now: the sweep then asks again."""
    wanted = wire.read(d.Measure, fields)
    with wiring.leases.hold(f"drift:{wanted.environment}:{wanted.artifact}", STEP_SECONDS) as ours:
        if ours:
            wiring.watch.measure(wanted)


def look_at_source(wiring: Wiring) -> None:
    """New tags and a changed policy."""
    leases = wiring.leases
    wiring.inspection.look_at_source(lambda name: leases.once(f"seen:{name}", 3600), lambda name: leases.forget(f"seen:{name}"))
    if leases.once("tidy:effects", TIDY_EVERY):
        wiring.tidy()
