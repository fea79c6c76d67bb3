"""The tasks that a worker can be asked for: each opens a door to `workers.tasks` and turns a broken world into a line of the log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from typing import Any

from celery.signals import worker_process_init, worker_ready

from workers.app import alive, settings
from workers.app.celery import LOOK_EVERY, app, send
from workers.app.logs import log
from workers.app.place import place
from workers.contract import lanes, wire
from workers.contract.names import PromotionId
from workers.contract.signatures import BadKey
from workers.effects import picture
from workers.effects.deployment import Attempt
from workers.ports.errors import Unreachable, WorldError
from workers.tasks import changes, drift, effects, queries, record, training
from workers.tasks.wiring import Wiring


@cache
def wiring() -> Wiring:
    """The parts of this process, made on first use."""
    return Wiring(place(settings.load()), send)


@worker_ready.connect
def _first_look(**_: Any) -> None:
    """Know the repository's versions as soon as somebody can ask, not a beat later."""
    with _told("first_look_not_begun"):
        if wiring().leases.once("first-look", int(LOOK_EVERY)):
            send(lanes.LOOK_AT_SOURCE, {})


@worker_process_init.connect
def _warm(**_: Any) -> None:
    """Whoever asks for drift first must not wait for the libraries that measure and draw it; nor must any other task of the lane."""
    if lanes.QUEUES[lanes.SHOW_DRIFT] in app.amqp.queues.consume_from:
        threading.Thread(target=_warm_drift, name="warm-drift", daemon=True).start()


def _warm_drift() -> None:
    with suppress(ImportError):  # whoever asks is told which extra is missing
        import_module("workers.adapters.rows")
        import_module("workers.effects.measuring")
    picture.warm()


@contextmanager
def _told(event: str) -> Iterator[None]:
    """What lies in the inbox or in Git is still there, and the sweep comes back to it: loud when only a person can mend it, every time."""
    try:
        yield
    except (WorldError, BadKey, OSError) as exc:
        say = log.warning if isinstance(exc, WorldError) and exc.retry else log.error
        say(event, why=str(exc), error=type(exc).__name__)


@app.task(name=lanes.DRAIN)
def drain() -> None:
    """Judge what lies in the inbox."""
    with _told("not_drained"):
        changes.drain(wiring())


@app.task(name=lanes.SWEEP)
def sweep(tick: str) -> None:
    """What is due."""
    with _told("sweep_not_done"):
        changes.sweep(wiring(), tick)


@app.task(name=lanes.REBUILD)
def rebuild() -> None:
    """Make the projection from Git."""
    with _told("rebuild_not_done"):
        changes.rebuild_now(wiring())


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


@app.task(name=lanes.READ_RECIPE, bind=True, max_retries=60)
def read_recipe(self: Any, /, **fields: Any) -> None:
    """Read how an artifact is trained."""
    try:
        effects.read_recipe(wiring(), fields)
    except Unreachable as exc:
        raise self.retry(countdown=2, exc=exc) from exc


@app.task(name=lanes.TRAIN)
def train(**fields: Any) -> None:
    """Look at a training."""
    with _told("training_not_looked_at"):
        training.train(wiring(), fields)


@app.task(name=lanes.END_TRAINING, bind=True, max_retries=60)
def end_training(self: Any, /, **fields: Any) -> None:
    """End a training."""
    if seconds := training.end(wiring(), fields):
        raise self.retry(countdown=seconds)


@app.task(name=lanes.GATHER, bind=True, max_retries=60)
def gather(self: Any, /, **fields: Any) -> None:
    """Look at what gates need to know of a version."""
    try:
        effects.gather(wiring(), fields)
    except Unreachable as exc:
        raise self.retry(countdown=2, exc=exc) from exc


@app.task(name=lanes.REFRESH)
def refresh(**fields: Any) -> None:
    """Look at what the gates of a promotion need to know. The sweep asks again."""
    with _told("not_looked_at"):
        effects.refresh(wiring(), fields)


@app.task(name=lanes.OBSERVE, bind=True, max_retries=60)
def observe(self: Any, /, **fields: Any) -> None:
    """Look at what targets report."""
    try:
        seconds = effects.observe(wiring(), fields, int(self.request.retries) + 1)
    except Unreachable as exc:
        raise self.retry(countdown=2, exc=exc) from exc
    if seconds:
        raise self.retry(countdown=seconds)


@app.task(name=lanes.MEASURE)
def measure(**fields: Any) -> None:
    """Measure drift that is due; when not even the ledger answers, the sweep asks again."""
    with _told("drift_not_measured"):
        effects.measure(wiring(), fields)


@app.task(name=lanes.LOOK_AT_SOURCE)
def look_at_source() -> None:
    """New tags, a changed policy."""
    with _told("source_not_looked_at"):
        effects.look_at_source(wiring())


@app.task(name=lanes.VERIFY_RECORD, bind=True, max_retries=40)
def verify_record(self: Any, /, envelope: str) -> None:
    """Verify the ledger, because somebody asked."""
    if not record.answer(wiring(), envelope, lambda: send(lanes.REBUILD, {})):
        raise self.retry(countdown=0.5)


@app.task(name=lanes.SHOW_DRIFT, bind=True, max_retries=None)
def show_drift(self: Any, /, envelope: str) -> None:
    """Measure drift, because somebody asked."""
    if seconds := drift.answer(wiring(), envelope, lambda: send(lanes.REBUILD, {}), int(self.request.retries) + 1):
        raise self.retry(countdown=seconds)


def _beat(task: str) -> None:
    """A task that shows that its lane's queue is served: it waits its turn there as all others do."""

    @app.task(name=task, bind=True)
    def beat(self: Any, /) -> None:
        with _told("no_sign_given"):
            wiring().heartbeats.give(alive.beat(lanes.QUEUES[task], str(self.request.hostname)))


for _task in lanes.BEATS:
    _beat(_task)


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
