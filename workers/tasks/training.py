"""The training lane: one look at one training per task. Nothing is retried here: the sweep asks for the next look, whoever was lost meanwhile."""

from __future__ import annotations

from typing import Any

import structlog

from workers.contract import wire
from workers.domain import decision as d
from workers.ports.errors import Unclear, Unreachable
from workers.tasks.wiring import Wiring

log = structlog.get_logger()

SECONDS = 5.0
TIDY_EVERY = 3600
AGAIN = 2.0
"""After so many seconds the end of a training is tried again, while somebody looks at it."""


def train(wiring: Wiring, fields: dict[str, Any]) -> None:
    """Look at a training, unless somebody does."""
    effect = wire.read(d.Train, fields)
    with wiring.leases.hold(name_of(effect), SECONDS) as ours:
        if not ours:
            return
        try:
            wiring.training.look(effect)
        except (Unreachable, Unclear) as exc:
            log.info("look_again", retraining=effect.retraining, why=str(exc))


def end(wiring: Wiring, fields: dict[str, Any]) -> float | None:
    """End a training; the seconds after which to try again, or None when that is done."""
    effect = wire.read(d.EndTraining, fields)
    with wiring.leases.hold(name_of(effect), SECONDS) as ours:
        if not ours:
            return AGAIN
        try:
            wiring.training.end(effect)
        except (Unreachable, Unclear) as exc:
            log.info("end_again", retraining=effect.retraining, why=str(exc))
            return AGAIN
    if wiring.leases.once("tidy:training", TIDY_EVERY):
        wiring.tidy()
    return None


def name_of(effect: d.Train | d.EndTraining) -> str:
    """The lease of a training: nobody begins it while it is ended."""
    return f"training:{effect.retraining}:{effect.attempt}"
