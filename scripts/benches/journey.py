"""How long people wait: from a typed question to its answer, and from the last approval to *succeeded*, beside an empty Celery task."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path
from typing import Any

import click
from gauging import empty_task, numbers, tables, watching
from gauging.machine import Loads, described
from gauging.options import common
from redis import Redis

from demo.installation import Installation
from demo.processes import Child
from demo.slack.client import Workspace
from demo.slack.feed import Happening
from workers.contract import lanes

HERE = Path(__file__).parent
CHANNEL = "C0BIOPSY"
EMPTY_PER_ROUND = 4
POLICY = """\
version: 1
trust: "{{trust}}"
roles: {leads: {users: [U0MIA]}}
channels: {C0BIOPSY: {artifact: biopsy, announce: true}}
environments:
  prod:
    run: [leads]
    approve: {from: [leads], count: 1, exclude: [requester]}
    targets: [{name: prod, type: model-server, url: "{{prod}}"}]
"""

EMPTY, STATUS, LEDGER, THREAD = "empty Celery task", "show status: answer posted", "approval: succeeded in Git", "approval: posted in Slack"
STATUS_STAGES = ("typed", "acknowledged", "asked", "answered by the worker", "shown in Slack")
PROMOTION_STAGES = (
    "clicked", "acknowledged", "asked", "approval judged", "approval pushed", "deployment judged", "deployment pushed", "verification judged",
    "verification pushed", "shown in Slack",
)  # fmt: skip


@dataclass
class Found:
    """What was measured, in seconds: whole journeys by name, and for each of two journeys the pauses between its stages."""

    journeys: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in (EMPTY, STATUS, LEDGER, THREAD)})
    status: list[Sequence[float]] = field(default_factory=list)
    promotion: list[Sequence[float]] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """What a journey needs: the installation, the workspace, the Redis of the first."""

    running: Installation
    workspace: Workspace
    redis: Redis

    def is_at_rest(self) -> bool:
        """Whether the bot has delivered all that was published for the channel, and nothing lies in the inbox."""
        shard = lanes.shard_of(CHANNEL)
        newest: Any = self.redis.xrevrange(lanes.outcomes(shard), count=1)
        delivered = not newest or self.redis.get(f"towpath:bot:position:{shard}") == newest[0][0]
        return delivered and not self.redis.xlen(lanes.INBOX)

    def asked(self, channel_after: float) -> float:
        """When the bot handed over the request that was made after that instant."""
        lines = watching.logged(self.running.folder / "logs" / "towpath.log", "asked")
        return next(at for line in lines if (at := watching.seconds(line["timestamp"])) >= channel_after)


@click.command()
@common(25, "How many questions and promotions.")
def main(rounds: int, form: str | None) -> None:
    """Measure the journeys."""
    loads, found = Loads(), Found()
    loads.take()
    with (
        tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder,
        Installation(Path(folder), policy=POLICY) as running,
        _empty(running),
    ):
        asyncio.run(_measure(running, rounds, found, loads))
    click.echo(tables.show(_tables(found, rounds, loads), form or "plain"))


@contextmanager
def _empty(running: Installation) -> Iterator[None]:
    """A worker for empty tasks on the same Redis."""
    url = running.redis.url.removesuffix("/0") + "/1"
    words = ["celery", "-q", "-A", "gauging.empty_task", "worker", "-Q", empty_task.QUEUE, "-P", "solo", "-l", "WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    command = [sys.executable, "-m", *words, *quiet]
    empty_task.app.conf.update(broker_url=url, result_backend=url)
    with Child(command, running.folder / "logs" / "empty.log", env={empty_task.URL: url}, folder=HERE):
        _ask_for_nothing(60.0)
        yield


def _ask_for_nothing(patience: float = 10.0) -> float:
    """One round trip of the empty task."""
    began = time.perf_counter()
    empty_task.empty.apply_async(queue=empty_task.QUEUE).get(timeout=patience)
    return time.perf_counter() - began


async def _measure(running: Installation, rounds: int, found: Found, loads: Loads) -> None:
    """Questions, promotions and empty tasks in turns. The first of each is not counted: connections are made then."""
    versions = cycle(("v1", "v2", "v3", "v2"))
    async with Workspace.at(running.slack_url) as workspace:
        stage = Stage(running, workspace, Redis.from_url(running.redis.url))
        unseen = Found()
        for number in range(rounds + 1):
            into = found if number else unseen
            into.journeys[EMPTY] += [_ask_for_nothing() for _ in range(EMPTY_PER_ROUND)]
            await _ask_for_status(stage, into)
            await _promote(stage, next(versions), into)
            loads.take()
        stage.redis.close()


async def _ask_for_status(stage: Stage, found: Found) -> None:
    after, began = await watching.last(stage.workspace), time.time()
    asking = asyncio.create_task(stage.workspace.person("ana").command(CHANNEL, "/towpath", "show status"))
    taken = await watching.seen(stage.workspace, after, _is_taken)
    shown = await watching.seen(stage.workspace, after, lambda one: one.kind == "ephemeral" and "prod" in str(one.body["message"]))
    await asking
    newest: Any = stage.redis.xrevrange(lanes.outcomes(lanes.shard_of(CHANNEL)), count=1)
    answered = int(newest[0][0].split(b"-")[0]) / 1000
    found.journeys[STATUS].append(shown.at - began)
    found.status.append((began, taken.at, stage.asked(began), answered, shown.at))


async def _promote(stage: Stage, version: str, found: Found) -> None:
    """Ana asks, Mia approves; measured from Mia's click on, once all that came of Ana's request is recorded and shown."""
    workspace, after = stage.workspace, await watching.last(stage.workspace)
    await workspace.person("ana").command(CHANNEL, "/towpath", f"promote biopsy {version} to prod")
    card = await workspace.until(
        lambda seen: next((one for one in seen.messages() if one.metadata and "Approve" in one.buttons), None), 30, after
    )
    promotion = str(card.metadata["event_payload"]["promotion"])
    await watching.until(lambda: bool(stage.redis.exists(lanes.document(f"thread:{CHANNEL}:{card.ts}"))) and stage.is_at_rest())
    after, began = await watching.last(workspace), time.time()
    clicking = asyncio.create_task(workspace.person("mia").click(card, "Approve"))
    taken = await watching.seen(workspace, after, _is_taken)
    shown = await watching.seen(workspace, after, lambda one: _shows(one, promotion, card.ts) and "Succeeded" in str(one.body["message"]))
    await clicking
    document = watching.recorded(stage.running.remote, promotion)
    judged = {event["event"]: (watching.seconds(event["time"]), int(event["seq"])) for event in document["events"]}
    pushed = watching.published(stage.redis, CHANNEL, promotion)
    steps = [instant for name in ("approved", "verifying", "succeeded") for instant in (judged[name][0], pushed[judged[name][1]])]
    found.journeys[LEDGER].append(steps[-1] - began)
    found.journeys[THREAD].append(shown.at - began)
    found.promotion.append((began, taken.at, stage.asked(began), *steps, shown.at))


def _is_taken(one: Happening) -> bool:
    return one.kind == "delivery" and one.body["kind"] in {"command", "interactive"}


def _shows(one: Happening, promotion: str, card: str) -> bool:
    """Whether it is a message about the promotion in the card's thread."""
    if one.kind != "message":
        return False
    message = one.body["message"]
    payload = (message.get("metadata") or {}).get("event_payload", {})
    return bool(message.get("thread_ts") == card and payload.get("promotion") == promotion)


def _tables(found: Found, rounds: int, loads: Loads) -> Iterator[tables.Table]:
    floor = numbers.median(found.journeys[EMPTY])
    rows = [_row(name, sample, floor) for name, sample in found.journeys.items()]
    yield tables.Table("Journeys", ("journey", "n", "median ms", "p90 ms", "largest ms", "empty task = 1"), rows)
    yield _timeline("Where the time goes: `show status`", STATUS_STAGES, found.status)
    yield _timeline("Where the time goes: from the last approval", PROMOTION_STAGES, found.promotion)
    measured = [("rounds, in turns", str(rounds)), ("machine", described()), ("load", str(loads))]
    yield tables.Table("Measured", ("what", "value"), measured)


def _row(name: str, sample: list[float], floor: float) -> list[str]:
    return [name, str(len(sample)), *numbers.spread(sample), f"{numbers.median(sample) / floor:.1f}"]


def _timeline(title: str, stages: Sequence[str], runs: Sequence[Sequence[float]]) -> tables.Table:
    """The pauses between stages, each by its median: they need not add up exactly to the median of the whole."""
    pauses = {name: [run[place + 1] - run[place] for run in runs] for place, name in enumerate(f"{a} → {b}" for a, b in pairwise(stages))}
    whole = numbers.median(run[-1] - run[0] for run in runs)
    rows = [(name, *numbers.spread(sample), f"{numbers.median(sample) / whole:.0%}") for name, sample in pauses.items()]
    return tables.Table(title, ("stage", "median ms", "p90 ms", "largest ms", "share"), rows)


if __name__ == "__main__":
    main()
