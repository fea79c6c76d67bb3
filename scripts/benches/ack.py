"""How long Slack waits for our 200, and what it costs: signed slash commands over HTTP, for our door and for two that do less."""

from __future__ import annotations

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
from gauging import doors, numbers, tables
from gauging.callers import Answer, Place, call
from gauging.commands import Door, signed
from gauging.machine import Loads, cpu_seconds, described
from gauging.options import common
from redis.asyncio import Redis

from bot.intake import PATHS
from demo.installation import Installation
from demo.processes import Child, free_port
from demo.processes import answers as is_there
from demo.redis import RedisServer

FLOOR, BOLT, INTAKE = "signature only", "Bolt, ack only", "our intake, durable"
WHOLE, CALM = "whole bot, answering", "whole bot, five a second"
KINDS = {FLOOR: "floor", BOLT: "bolt", INTAKE: "intake"}
WARM = 30
SHARE_OF_WHOLE = 5
"""The whole bot gets the n-th part of the commands: each of them is answered in full before the next round begins."""
SHARE_OF_CALM = 20
CALM_PAUSE = 0.2
PATIENCE = 90.0


@dataclass(frozen=True)
class Server:
    """A process that takes commands in. `pause` is between two of a lone caller; 0 for one after the other."""

    name: str
    pid: int
    port: int
    secret: str
    redis_url: str | None = None
    pause: float = 0.0

    def is_for(self, callers: int) -> bool:
        """Whether so many callers make sense."""
        return callers == 1 or not self.pause


@dataclass(frozen=True)
class Round:
    """What one server did with one burst. Seconds; `cpu` is the process's CPU time per command."""

    p50: float
    p99: float
    rate: float
    cpu: float


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    rounds: int
    requests: int
    callers: tuple[int, ...]


@click.command()
@common(5, "How often each server is measured, in turns.")
@click.option(
    "--requests", default=2000, show_default=True, type=click.IntRange(1, 20_000), help="Commands in a burst; a lone caller sends a fifth."
)
@click.option("--callers", default=(1, 50, 100), multiple=True, type=click.IntRange(1, 200), help="Connections; may be repeated.")
@click.option("--whole/--doors-only", default=True, help="Measure the whole bot in an installation as well.")
def main(rounds: int, form: str | None, requests: int, callers: tuple[int, ...], whole: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Measure the acknowledgement of a slash command."""
    extent, loads = Extent(rounds, requests, callers), Loads()
    loads.take()
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder, ExitStack() as stack:
        servers = list(stack.enter_context(_doors(Path(folder))))
        if whole:
            servers += stack.enter_context(_whole(Path(folder) / "installation"))
        found = asyncio.run(_measure(servers, extent, loads))
    click.echo(tables.show(_tables(found, extent, loads), form or "plain"))


@contextmanager
def _doors(folder: Path) -> Iterator[list[Server]]:
    secret = secrets.token_hex(16)
    with RedisServer(folder / "redis") as redis, ExitStack() as stack:
        env = {doors.SECRET: secret, "REDIS_URL": redis.url}
        servers = []
        for name, kind in KINDS.items():
            port = free_port()
            child = stack.enter_context(Child([sys.executable, doors.__file__, kind, str(port)], folder / f"{kind}.log", env=env))
            child.wait_until(lambda port=port: is_there(f"http://127.0.0.1:{port}/healthz"))  # type: ignore[misc]
            servers.append(Server(name, child.pid, port, secret))
        yield servers


@contextmanager
def _whole(folder: Path) -> Iterator[list[Server]]:
    with Installation(folder) as running:
        settings = running.environment
        bot = Server(WHOLE, running.pid("web"), running.bot_port, settings["SLACK_SIGNING_SECRET"], settings["REDIS_URL"])
        yield [bot, replace(bot, name=CALM, pause=CALM_PAUSE)]


async def _measure(servers: list[Server], extent: Extent, loads: Loads) -> dict[tuple[str, int], list[Round]]:
    """Every server in turn, for every number of callers, so many times: what disturbs the machine disturbs all of them."""
    found: dict[tuple[str, int], list[Round]] = {
        (server.name, callers): [] for server in servers for callers in extent.callers if server.is_for(callers)
    }
    for server in servers:
        await _burst(replace(server, pause=0.0), WARM, 1)
    for _ in range(extent.rounds):
        for callers in extent.callers:
            for server in [one for one in servers if one.is_for(callers)]:
                found[server.name, callers].append(await _burst(server, _number(server, callers, extent), callers))
                loads.take()
    return found


def _number(server: Server, callers: int, extent: Extent) -> int:
    share = SHARE_OF_CALM if server.pause else SHARE_OF_WHOLE if server.redis_url else 1
    return max(extent.requests // (5 if callers == 1 else 1) // share, callers)


async def _burst(server: Server, number: int, callers: int) -> Round:
    requests = signed(Door(PATHS[0], server.secret), number)
    told = await _told(server)
    cpu, began = cpu_seconds(server.pid), time.perf_counter()
    answered = await call(Place(server.port), requests, callers, server.pause)
    seconds = time.perf_counter() - began
    end = time.monotonic() + PATIENCE
    while server.redis_url and await _told(server) < told + number:
        if time.monotonic() > end:
            raise click.ClickException(f"{server.name}: {number} commands were not all answered within {PATIENCE:.0f} s")
        await asyncio.sleep(0.1)
    spent = cpu_seconds(server.pid) - cpu
    took = [answer.seconds for answer in _good(server, answered)]
    return Round(numbers.median(took), numbers.quantile(took, 0.99), number / seconds, spent / number)


async def _told(server: Server) -> int:
    """How many answers the bot has posted, by the marks it sets after each."""
    if server.redis_url is None:
        return 0
    async with Redis.from_url(server.redis_url) as redis:
        return len([key async for key in redis.scan_iter("towpath:bot:answered:*", count=1000)])


def _good(server: Server, answered: list[Answer]) -> list[Answer]:
    if bad := [answer for answer in answered if answer.status != 200 or answer.body]:
        raise click.ClickException(f"{server.name}: {len(bad)} of {len(answered)} were not acknowledged, the first with {bad[0].status}")
    return answered


def _tables(found: dict[tuple[str, int], list[Round]], extent: Extent, loads: Loads) -> Iterator[tables.Table]:
    costs = {key: numbers.median(one.cpu for one in rounds) for key, rounds in found.items()}
    for callers in extent.callers:
        rows = [_row(name, found[key], costs, callers) for key in found if key[1] == callers for name in key[:1]]
        head = ("server", "p50 ms", "p99 ms", "requests/s", "CPU ms/request", "CPU, Bolt = 1")
        yield tables.Table(f"Acknowledging a slash command, {callers} connection{'s' if callers > 1 else ''}", head, rows)
    yield tables.Table(
        "Measured", ("what", "value"), [("medians of", f"{extent.rounds} rounds in turns"), ("machine", described()), ("load", str(loads))]
    )


def _row(name: str, rounds: list[Round], costs: dict[tuple[str, int], float], callers: int) -> list[str]:
    def middle(of: str) -> float:
        return numbers.median(float(getattr(one, of)) for one in rounds)

    cpu = costs[name, callers]
    ratio = f"{cpu / costs[BOLT, callers]:.2f}"
    return [name, numbers.in_ms(middle("p50")), numbers.in_ms(middle("p99")), f"{middle('rate'):,.0f}", f"{cpu * 1000:.3f}", ratio]


if __name__ == "__main__":
    main()
