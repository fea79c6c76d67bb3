"""The Celery application of every lane: JSON only, acknowledged when done, nothing prefetched, one visibility timeout for all lanes."""

from __future__ import annotations

import os
import socket
import sys
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NoReturn

from celery import Celery
from celery.beat import BeatLazyFunc
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from celery.signals import beat_init, celeryd_init, setup_logging, worker_ready, worker_shutting_down

from workers.adapters import gates
from workers.adapters.redis.connection import connect
from workers.adapters.redis.heartbeats import Heartbeats
from workers.app import alive, keys, logs, settings
from workers.contract import lanes
from workers.contract.actors import PROCESSES
from workers.contract.envelope import LIFETIME, Envelope, Sender, request_id, seal, stamp
from workers.contract.requests import Tick
from workers.contract.signatures import SigningKey
from workers.ports.errors import WorldError

SWEEP_EVERY = 5.0
LOOK_EVERY = 15.0
SIGN_EVERY = 5.0
VISIBILITY = 300
PAUSES = {lanes.PUT_BACK: 1.0}
"""Tasks that begin a moment later, in seconds."""

app = Celery("towpath", include=["workers.app.doors"])


def configuration() -> dict[str, Any]:
    """How Celery works for us. Ends the process when a setting is missing or wrong."""
    return {
        "broker_url": _settings().redis_url.get_secret_value(),
        "task_serializer": "json",
        "accept_content": ["json"],
        "result_accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_acks_on_failure_or_timeout": True,
        "worker_prefetch_multiplier": 1,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {"visibility_timeout": VISIBILITY, "unacked_restore_throttle": 1, "socket_connect_timeout": 3},
        "task_default_queue": "changes",
        "task_create_missing_queues": True,
        "beat_schedule": {
            "sweep": _beat(lanes.SWEEP, SWEEP_EVERY, BeatLazyFunc(tick)),
            "look": _beat(lanes.LOOK_AT_SOURCE, LOOK_EVERY),
            **{task: _beat(task, SIGN_EVERY) for task in lanes.BEATS},
        },
        "beat_max_loop_interval": 2,
    }


def _beat(task: str, every: float, *args: Any) -> dict[str, Any]:
    """A beat that nobody took in time is worth nothing: it expires, so that none pile up."""
    options = {"queue": lanes.QUEUES[task], "expires": every * 3, "ignore_result": True}
    return {"task": task, "schedule": every, "args": args, "options": options}


app.add_defaults(configuration)


def send(task: str, kwargs: dict[str, Any]) -> None:
    """Queue a task by name on its lane."""
    app.send_task(task, kwargs=kwargs, queue=lanes.QUEUES[task], countdown=PAUSES.get(task), ignore_result=True)


def tick() -> str:
    """The clock's word, signed with the clock's key: only the `clock` process reads it. That it is asked for is the clock's sign of life."""
    _give_sign()
    folder = _settings().towpath_keys
    key = SigningKey.load((folder / "clock").read_bytes())
    instant = datetime.now(UTC)
    repo_id = (folder / keys.REPO_ID).read_text().strip()
    envelope = Envelope(
        request_id(repo_id, "tick", stamp(instant)), repo_id, stamp(instant), stamp(instant + LIFETIME), PROCESSES["clock"], Tick()
    )
    return seal(envelope, Sender.CLOCK, key).to_wire()


def _give_sign() -> None:
    try:
        _heartbeats().give(alive.beat("clock", f"clock@{socket.gethostname()}"))
    except WorldError as exc:
        logs.log.warning("no_sign_given", why=str(exc))


@cache
def _heartbeats() -> Heartbeats:
    return Heartbeats(connect(_settings().redis_url.get_secret_value()))


@setup_logging.connect
def _logs(**_: Any) -> None:
    logs.set_up(os.environ.get("TOWPATH_LOG_LEVEL", "INFO"))


@celeryd_init.connect
def _begin_worker(options: dict[str, Any], **_: Any) -> None:
    """Before anything else: the keys of its lanes, and none of Celery's words that are not log lines."""
    queues = options.get("queues") or ()
    _require(queues.split(",") if isinstance(queues, str) else queues)
    gates.take_up()
    warnings.simplefilter("ignore", SecurityWarning)  # about root and pickle: `towpath run` tells the first, and the second is not accepted
    sys.__stdout__ = None  # type: ignore[misc]  # the only way to keep "Warm shutdown" out of a log of JSON lines


@beat_init.connect
def _begin_clock(**_: Any) -> None:
    _require(["clock"])
    logs.log.info("ready", name="clock")


@worker_ready.connect
def _ready(sender: Any, **_: Any) -> None:
    warnings.simplefilter("ignore", CPendingDeprecationWarning)  # about what to do when Redis goes away, which is chosen above
    logs.log.info("ready", name=sender.hostname)


@worker_shutting_down.connect
def _stopping(sender: Any, how: str, **_: Any) -> None:
    logs.log.info("stopping", name=sender, how=how.lower())


def _require(processes: Iterable[str]) -> None:
    folder = _settings().towpath_keys
    try:
        keys.require(folder, [name for process in processes for name in keys.LANES.get(process, ())])
    except keys.BadFolder as exc:
        _stop(exc)


def _settings() -> settings.Settings:
    try:
        return settings.load()
    except settings.BadSettings as exc:
        _stop(exc)


def _stop(exc: Exception) -> NoReturn:
    print(f"towpath: {exc}", file=sys.stderr)
    sys.exit(settings.WRONG)
