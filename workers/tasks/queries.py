"""The queries lane: answers from the projection. Nothing is decided here and nothing is written."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from workers.adapters.redis.projection import NoProjection
from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.envelope import BadEnvelope, Envelope, Sealed
from workers.contract.outcomes import Delivery
from workers.domain import reads
from workers.domain.decide import decide
from workers.domain.state import World
from workers.tasks.wiring import Wiring

log = structlog.get_logger()


def answer(wiring: Wiring, sealed: str, rebuild: Callable[[], None]) -> bool:
    """Publish the answer to a question; False when there is no projection yet and the task must come back."""
    try:
        world, commits = wiring.projection.read()
    except NoProjection:
        rebuild()
        return False
    envelope = opened(world, sealed, ask.READS)
    if envelope is None or envelope.conversation is None:
        return True
    outcome = reads.answer(world, commits, envelope, decide)
    wiring.board.deliver([Delivery(outcome, envelope.conversation.channel, envelope.request_id, envelope.actor.id, envelope.conversation)])
    return True


def opened(world: World, sealed: str, questions: tuple[type[ask.Request], ...]) -> Envelope | None:
    """The envelope of a question of these kinds, asked by somebody in a conversation; None, with a line in the log, for anything else."""
    try:
        found = Sealed.from_wire(sealed)
        key = world.key_of(found.sender)
        if key is None:
            raise BadEnvelope("no such sender")
        envelope = found.open(key, world.repo_id)
    except BadEnvelope as exc:
        log.warning("bad_envelope", why=str(exc), lane=lanes.QUEUES[lanes.ANSWER])
        return None
    if not isinstance(envelope.request, questions) or envelope.conversation is None:
        log.warning("not_a_question", verb=type(envelope.request).__name__)
        return None
    return envelope
