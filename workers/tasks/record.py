"""`audit verify` in chat: the effects lane looks at Git itself, and tells members alone what it found."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from workers.adapters.git.witness import Witness
from workers.adapters.redis.projection import NoProjection
from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.verified import Found, Verdict, Verification
from workers.domain import rights
from workers.ports.errors import WorldError
from workers.tasks.queries import opened
from workers.tasks.verifying import Job, effects_key
from workers.tasks.wiring import MIRRORED, Place, Wiring, now

log = structlog.get_logger()

OWN = "verify"
"""The name of the mirror that verifications on this host share."""


def answer(wiring: Wiring, sealed: str, rebuild: Callable[[], None]) -> bool:
    """Publish the answer; False when there is no projection yet to know the asker's key by, and the task must come back."""
    try:
        world, _ = wiring.projection.read()
    except NoProjection:
        rebuild()
        return False
    envelope = opened(world, sealed, (ask.AuditVerify,))
    if envelope is None or envelope.conversation is None:
        return True
    reason = rights.membership(envelope.actor)
    outcome = out.Refused("audit verify", (reason,)) if reason else _verified(wiring.place)
    where = envelope.conversation
    wiring.board.deliver([out.Delivery(outcome, where.channel, envelope.request_id, envelope.actor.id, where)])
    return True


def _verified(place: Place) -> Verification:
    """Whatever goes wrong on the way is no verdict."""
    try:
        return job(place).run()
    except (WorldError, ValueError, OSError) as exc:
        log.warning("not_verified", why=str(exc), error=type(exc).__name__)
        return Verification(Verdict.CANNOT_TELL, lacking=(Found("error", "The ledger could not be looked at; the log tells more."),))


def job(place: Place) -> Job:
    """A verification with all that this host knows: the heads that its lanes saw, the head in Redis, its `effects` key."""
    seen = [place.mirror(lane) for lane in MIRRORED if (place.folder / f"mirror-{lane}").exists()]
    own = place.mirror(OWN)
    witness = Witness(own, place.witness, place.configuration) if place.witness else None
    return Job(own, now, place.trust, seen=seen, witness=witness, redis_url=place.redis_url, key=effects_key(place.keys))
