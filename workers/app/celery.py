"""The Celery application of every lane: JSON only, acknowledged when done, nothing prefetched, one visibility timeout for all lanes."""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from celery import Celery
from celery.beat import BeatLazyFunc
from celery.signals import setup_logging, worker_ready

from workers.app import logs, settings
from workers.contract import lanes, wire
from workers.contract.actors import PROCESSES
from workers.contract.envelope import LIFETIME, Envelope, Sender, request_id, seal, stamp
from workers.contract.names import PromotionId
from workers.contract.requests import Tick
from workers.contract.signatures import SigningKey
from workers.effects.deployment import Attempt
from workers.ports.errors import Unreachable, WorldError
from workers.tasks import changes, effects, queries
from workers.tasks.wiring import Wiring, now

SWEEP_EVERY = 5.0
LOOK_EVERY = 15.0
VISIBILITY = 300
PAUSES = {lanes.PUT_BACK: 1.0}
"""Tasks that begin a moment later, in seconds."""

app = Celery("towpath")


@setup_logging.connect
def _logs(**_: Any) -> None:
    logs.set_up(os.environ.get("TOWPATH_LOG_LEVEL", "INFO"))


@worker_ready.connect
def _first_look(**_: Any) -> None:
    """Know the repository's versions as soon as somebody can ask, not a beat later."""
    if wiring().leases.once("first-look", int(LOOK_EVERY)):
        send(lanes.LOOK_AT_SOURCE, {})


@cache
def wiring() -> Wiring:
    """The parts of this process, made on first use."""
    return Wiring(settings.load().place, send)


def send(task: str, kwargs: dict[str, Any]) -> None:
    """Queue a task by name on its lane."""
    app.send_task(task, kwargs=kwargs, queue=lanes.QUEUES[task], countdown=PAUSES.get(task), ignore_result=True)


def configure(redis_url: str) -> None:
    """Point the application at a broker."""
    app.conf.update(
        broker_url=redis_url,
        task_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"visibility_timeout": VISIBILITY, "unacked_restore_throttle": 1, "socket_connect_timeout": 3},
        task_default_queue="changes",
        task_create_missing_queues=True,
        beat_schedule={
            "sweep": {
                "task": lanes.SWEEP,
                "schedule": SWEEP_EVERY,
                "args": (BeatLazyFunc(tick),),
                "options": _options(lanes.SWEEP, SWEEP_EVERY),
            },
            "look": {"task": lanes.LOOK_AT_SOURCE, "schedule": LOOK_EVERY, "options": _options(lanes.LOOK_AT_SOURCE, LOOK_EVERY)},
        },
        beat_max_loop_interval=2,
    )


def _options(task: str, every: float) -> dict[str, Any]:
    """A beat that nobody took in time is worth nothing: it expires, so that none pile up."""
    return {"queue": lanes.QUEUES[task], "expires": every * 3, "ignore_result": True}


def tick() -> str:
    """The clock's word, signed with the clock's key: only the `clock` process reads it."""
    place = settings.load().place
    key = SigningKey.load((place.keys / "clock").read_bytes())
    instant = now()
    repo_id = (place.keys / "repo_id").read_text().strip()
    envelope = Envelope(
        request_id(repo_id, "tick", stamp(instant)), repo_id, stamp(instant), stamp(instant + LIFETIME), PROCESSES["clock"], Tick()
    )
    return seal(envelope, Sender.CLOCK, key).to_wire()


@app.task(name=lanes.DRAIN)
def drain() -> int:
    """Judge what lies in the inbox. A world that is broken is looked at again by the sweep: the batch is still there."""
    try:
        return changes.drain(wiring())
    except WorldError:
        return 0


@app.task(name=lanes.SWEEP)
def sweep(tick: str) -> None:
    """What is due."""
    try:
        changes.sweep(wiring(), tick)
    except WorldError as exc:
        logs.log.warning("sweep_not_done", why=str(exc))


@app.task(name=lanes.REBUILD)
def rebuild() -> None:
    """Make the projection from Git."""
    try:
        changes.rebuild_now(wiring())
    except WorldError as exc:
        logs.log.warning("rebuild_not_done", why=str(exc))


@app.task(name=lanes.PUT_BACK)
def put_back(asked: str) -> None:
    """A request that was too early, into the inbox once more."""
    wiring().put(asked, looked=True)


@app.task(name=lanes.ANSWER, bind=True, max_retries=40)
def answer(self: Any, /, envelope: str) -> None:
    """Answer a question."""
    if not queries.answer(wiring(), envelope, lambda: send(lanes.REBUILD, {})):
        raise self.retry(countdown=0.5)


@app.task(name=lanes.INSPECT, bind=True, max_retries=60)
def inspect(self: Any, /, **fields: Any) -> None:
    """Read a version."""
    try:
        effects.inspect(wiring(), fields)
    except Unreachable as exc:
        raise self.retry(countdown=2, exc=exc) from exc


@app.task(name=lanes.LOOK_AT_SOURCE)
def look_at_source() -> None:
    """New tags, a changed policy."""
    try:
        effects.look_at_source(wiring())
    except WorldError as exc:
        logs.log.warning("source_not_looked_at", why=str(exc))


def _attempt(self: Any, fields: dict[str, Any]) -> Attempt:
    promotion = PromotionId.read(fields.get("promotion"))
    given = wire.read(int, fields.get("generation"))
    return Attempt(promotion, given, bool(fields.get("fresh")), int(self.request.retries) + 1)


@app.task(name=lanes.DEPLOY, bind=True, max_retries=None)
def deploy(self: Any, /, **fields: Any) -> None:
    """Bring a version to its targets."""
    if seconds := effects.step(wiring(), wiring().deployment.deploy, _attempt(self, fields)):
        raise self.retry(countdown=seconds)


@app.task(name=lanes.VERIFY, bind=True, max_retries=None)
def verify(self: Any, /, **fields: Any) -> None:
    """Prove what the targets serve."""
    if seconds := effects.step(wiring(), wiring().deployment.verify, _attempt(self, fields)):
        raise self.retry(countdown=seconds)


@app.task(name=lanes.RESTORE, bind=True, max_retries=None)
def restore(self: Any, /, **fields: Any) -> None:
    """Bring back what was live."""
    if seconds := effects.step(wiring(), wiring().deployment.restore, _attempt(self, fields)):
        raise self.retry(countdown=seconds)


if url := os.environ.get("REDIS_URL") or os.environ.get("REDIS_URL_FILE"):
    configure(settings.load().place.redis_url)
