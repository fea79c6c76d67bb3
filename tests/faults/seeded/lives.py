"""What a forked process is. Each is made of the real parts; only the broker (a list in Redis) and the clock are the scheduler's."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from socket import socket
from typing import Any

import git.db
import git.exc
import httpcore
import redis
import structlog
from aiohttp import web

from bot import clock
from bot.delivery import lane, show, stream
from demo.model_server import server
from demo.model_server.faults import Faults
from demo.model_server.journal import Journal
from demo.model_server.wire import JOURNAL, SWITCHBOARD
from workers.adapters.redis.connection import connect
from workers.contract import lanes
from workers.contract.actors import PROCESSES
from workers.contract.envelope import LIFETIME, Envelope, Sender, request_id, seal, stamp
from workers.contract.names import PromotionId
from workers.contract.requests import Tick
from workers.contract.signatures import SigningKey
from workers.effects.deployment import Attempt
from workers.tasks import changes, effects, wiring

from .bot_life import BotLife
from .boundaries import GATE
from .channel import TASKS, Channel

IMPORTED = (git.db, git.exc, httpcore)
"""What workers import only when they need it; here all share it from before their fork."""

Command = dict[str, Any]


def live(beginning: Command, end: socket) -> None:
    """Be what the beginning says until the scheduler hangs up."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    GATE.obey(beginning)
    GATE.channel = Channel(end)
    {"bot": _live_as_bot, "target": _live_as_target}.get(beginning["role"], _live_as_worker)(beginning)


# -- workers ---------------------------------------------------------------------------------------------------------


def _live_as_worker(beginning: Command) -> None:
    worker = Worker(beginning)
    channel = GATE.channel
    assert channel is not None
    while True:
        command = GATE.obey(channel.hear())
        channel.say(done=_attempted(worker.perform, command))


def _attempted(perform: Callable[[Command], Any], command: Command) -> Any:
    """What came of it. A task that fails ends with a line of the log, as Celery's do; the process goes on."""
    try:
        return {"result": perform(command)}
    except Exception as exc:
        return {"error": f"{type(exc).__name__}: {exc}", "trace": traceback.format_exc()[-1500:]}


class Worker:
    """A worker process of one host: the lanes `changes` and `effects`."""

    def __init__(self, beginning: Command) -> None:
        folder, keys = Path(beginning["folder"]), Path(beginning["keys"])
        self._keys = keys
        self._broker = redis.Redis.from_url(beginning["redis"])
        place = wiring.Place(beginning["redis"], str(folder / "remote.git"), keys, folder / "data", "main", "towpath")
        wiring.now = GATE.now
        self._wiring = wiring.Wiring(place, self._send, {})
        self._wiring.__dict__["client"] = connect(beginning["redis"])

    def perform(self, command: Command) -> Any:
        """One task; the seconds after which it wants to be run again, if it does."""
        task, fields = command["task"], command.get("fields", {})
        if task == lanes.DRAIN:
            changes.drain(self._wiring)
        elif task == lanes.SWEEP:
            changes.sweep(self._wiring, self._tick())
        elif task == lanes.REBUILD:
            changes.rebuild_now(self._wiring)
        elif task == lanes.PUT_BACK:
            self._wiring.put(fields["asked"], looked=True)
        elif task == lanes.INSPECT:
            effects.inspect(self._wiring, fields)
        elif task == lanes.LOOK_AT_SOURCE:
            effects.look_at_source(self._wiring)
        else:
            return self._step(task, fields, command.get("number", 1))
        return None

    def _step(self, task: str, fields: Command, number: int) -> float | None:
        deployment = self._wiring.deployment
        steps = {lanes.DEPLOY: deployment.deploy, lanes.VERIFY: deployment.verify, lanes.RESTORE: deployment.restore}
        attempt = Attempt(PromotionId.read(fields["promotion"]), int(fields["generation"]), bool(fields.get("fresh")), number)
        return effects.step(self._wiring, steps[task], attempt)

    def _send(self, task: str, fields: Command) -> None:
        self._broker.rpush(TASKS, json.dumps([task, fields, 1]))

    def _tick(self) -> str:
        repo_id, now = (self._keys / "repo_id").read_text().strip(), GATE.now()
        id_ = request_id(repo_id, "tick", stamp(now))
        envelope = Envelope(id_, repo_id, stamp(now), stamp(now + LIFETIME), PROCESSES["clock"], Tick())
        return seal(envelope, Sender.CLOCK, SigningKey.load((self._keys / "clock").read_bytes())).to_wire()


# -- the bot ---------------------------------------------------------------------------------------------------------


def _live_as_bot(beginning: Command) -> None:
    clock.now = GATE.now
    clock.epoch_seconds = lambda: GATE.now().timestamp()
    show.PAUSE = lane.PAUSE = stream.PAUSE = 0.01
    stream.BLOCK = 0.05
    asyncio.run(_bot(beginning))


async def _bot(beginning: Command) -> None:
    channel = GATE.channel
    assert channel is not None
    async with BotLife.begun(beginning, TASKS) as bot:
        channel.say(done={"result": "ready"})
        while True:
            command = GATE.obey(channel.hear())
            try:
                said: Any = {"result": await bot.perform(command)}
            except Exception as exc:
                said = {"error": f"{type(exc).__name__}: {exc}", "trace": traceback.format_exc()[-1500:]}
            channel.say(done=said)


# -- the model server --------------------------------------------------------------------------------------------------


class WrittenJournal(Journal):
    """The server's log, also in a file: it must outlive the server."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def add(self, op: str, model: str, version: str | None, asked: tuple[str | None, int | None], result: str) -> None:
        """Append an entry, in the file first."""
        with self._path.open("a") as file:
            file.write(json.dumps({"op": op, "version": version, "operation": asked[0], "fence": asked[1], "result": result}) + "\n")
        super().add(op, model, version, asked, result)


def _live_as_target(beginning: Command) -> None:
    asyncio.run(_target(beginning))


async def _target(beginning: Command) -> None:
    folder = Path(beginning["folder"])
    app = server.build(folder / "served", "seeded")
    app[JOURNAL] = WrittenJournal(folder / "operations.log")
    if beginning["lies"]:
        app[SWITCHBOARD].faults = Faults(wrong_answers=True)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", beginning["port"], reuse_address=True).start()
    assert GATE.channel is not None
    GATE.channel.say(done={"result": "ready"})
    await asyncio.get_running_loop().create_future()
