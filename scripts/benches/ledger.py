"""How fast decisions are recorded and questions answered on a large estate: many requesters, one writer, a bare remote, beside a push for each."""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import click
import structlog
from gauging import numbers, tables
from gauging.estates import ENVIRONMENTS, Estate, artifact, person
from gauging.machine import Loads, described
from gauging.options import common

from demo.redis import RedisServer
from workers.adapters.git import GitLedger
from workers.adapters.redis.board import RedisBoard
from workers.contract import requests as ask
from workers.contract.envelope import Envelope, Sealed
from workers.contract.names import ArtifactName, RequestId, VersionAsk
from workers.contract.outcomes import Delivery
from workers.domain import reads
from workers.domain.decide import decide
from workers.perform.loop import BATCH, Loop
from workers.perform.reading import Reader
from workers.tasks import changes
from workers.tasks.wiring import Place, Wiring, now

REQUESTERS, EACH = 8, 15
V2 = VersionAsk.read("v2.0.0")


class Watched(RedisBoard):
    """The real board, which tells when the answer to a request has gone out, and so its record is pushed."""

    def __init__(self, wiring: Wiring) -> None:
        super().__init__(wiring.client, lambda task, fields: None)
        self.answered: dict[RequestId, threading.Event] = {}

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Publish, and tell."""
        super().deliver(deliveries)
        for delivery in deliveries:
            if delivery.request_id in self.answered:
                self.answered[delivery.request_id].set()


@dataclass
class Stage:
    """An estate with its one writer."""

    estate: Estate
    wiring: Wiring
    board: Watched
    loop: Loop
    ids: Iterator[int] = field(default_factory=count)

    def promotes(self) -> Sealed:
        """The next promotion that nobody has asked for yet."""
        number = next(self.ids)
        wanted = ask.Promote(V2, ENVIRONMENTS[number // self.estate.artifacts % 3], artifact(number % self.estate.artifacts))
        return self.estate.asks(person(number % REQUESTERS), number, wanted, datetime.now(UTC))

    def opened(self, sealed: Sealed) -> Envelope:
        """The envelope inside."""
        return sealed.open(self.estate.key("bot").public, self.loop.read().repo_id)

    def recorded(self) -> float:
        """Ask for one promotion and wait for its answer: the seconds."""
        sealed = self.promotes()
        event = threading.Event()
        self.board.answered[self.opened_id(sealed)] = event
        began = time.perf_counter()
        self.wiring.inbox.put(sealed)
        if not event.wait(120):
            raise RuntimeError("a promotion was not recorded within two minutes")
        return time.perf_counter() - began

    def opened_id(self, sealed: Sealed) -> RequestId:
        """The id of a request."""
        return sealed.open(self.estate.key("bot").public, (self.estate.keys / "repo_id").read_text().strip()).request_id

    def at_once(self, most: int) -> tuple[list[float], float]:
        """Eight requesters, each with fifteen promotions one after the other, and the writer with batches of at most `most`."""
        stop = threading.Event()
        writer = threading.Thread(target=self._write, args=(most, stop))
        writer.start()
        began = time.perf_counter()
        with ThreadPoolExecutor(REQUESTERS) as pool:
            waits = [wait for waits in pool.map(lambda _: [self.recorded() for _ in range(EACH)], range(REQUESTERS)) for wait in waits]
        took = time.perf_counter() - began
        stop.set()
        writer.join()
        return waits, took

    def _write(self, most: int, stop: threading.Event) -> None:
        while not stop.is_set():
            if not self.loop.perform(most):
                time.sleep(0.002)

    def sustained(self, number: int) -> tuple[float, float]:
        """So many requests wait in the inbox: the seconds until all are recorded, and the CPU seconds of this process."""
        for sealed in [self.promotes() for _ in range(number)]:
            self.wiring.inbox.put(sealed)
        began, cpu = time.perf_counter(), time.process_time()
        while self.loop.perform():
            pass
        return time.perf_counter() - began, time.process_time() - cpu


@click.command()
@common(5, "How often the reads are repeated (times twenty).")
@click.option("--artifacts", default=10_000, show_default=True, type=click.IntRange(40, 50_000))
@click.option("--requests", default=1280, show_default=True, type=click.IntRange(10, 20_000), help="How many wait for the sustained rate.")
def main(rounds: int, form: str | None, artifacts: int, requests: int) -> None:
    """Measure."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    loads = Loads()
    loads.take()
    with _stage(artifacts) as (stage, starts):
        found = [_writing(stage, requests, loads), _reading(stage, rounds, starts)]
    loads.take()
    title = f"{described()}; {loads}"
    click.echo(tables.show([*found, tables.Table("Where", ("machine", ""), [(title, "")])], form or "plain"))


@contextmanager
def _stage(artifacts: int) -> Iterator[tuple[Stage, dict[str, float]]]:
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder, RedisServer(Path(folder) / "redis") as server:
        estate = Estate(Path(folder) / "estate", artifacts).lay()
        wiring = Wiring(Place(server.url, str(estate.remote), estate.keys, Path(folder) / "data", "main", "towpath"), lambda *_: None, {})
        ledger = GitLedger(estate.mirror("writer"), estate.key("writer"))
        head = ledger.fetch()
        assert head, "the estate has a ledger"
        ledger.set_anchor(head)
        board = Watched(wiring)
        loop = Loop(ledger, wiring.inbox, board, Reader(ledger, estate.key("writer").public), now)
        wiring.__dict__ |= {"loop": loop, "board": board}
        starts = {
            "the writer's first read": _timed(loop.read),
            "the projection made anew": _timed(lambda: changes.rebuild(wiring, loop.read())),
        }
        starts["a reader's first read"] = _timed(wiring.projection.read)
        yield Stage(estate, wiring, board, loop), starts


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _writing(stage: Stage, requests: int, loads: Loads) -> tables.Table:
    stage.loop.perform()
    rows = []
    for name, most in ((f"batches of at most {BATCH}", BATCH), ("a push for each", 1)):
        waits, took = stage.at_once(most)
        loads.take()
        middle, _, worst = numbers.spread(waits)
        rows.append((name, f"{len(waits)}", middle, worst, f"{len(waits) / took:.0f}", ""))
    took, cpu = stage.sustained(requests)
    loads.take()
    rows.append(("as many as wait", f"{requests:,}", "", "", f"{requests / took:.0f}", numbers.in_ms(cpu / requests)))
    title = f"Recording promotions, {stage.estate.artifacts:,} artifacts in 3 environments, {REQUESTERS} requesters at once"
    head = ("how", "recorded", "median ms", "worst ms", "a second", "CPU ms each")
    return tables.Table(title, head, rows, ["From the inbox to the pushed and signed commit. CPU: the writer's process, without Git's."])


def _reading(stage: Stage, rounds: int, starts: dict[str, float]) -> tables.Table:
    stage.wiring.projection.read()
    one = ask.ShowStatus(ArtifactName.read(artifact(7)), ENVIRONMENTS[2])
    timed = {
        "what is in prod for X": [_asked(stage, one) for _ in range(rounds * 20)],
        "show status, everything": [_asked(stage, ask.ShowStatus()) for _ in range(rounds * 20)],
        "the state after one more push": [_refreshed(stage) for _ in range(rounds * 4)],
    }
    rows = [(name, numbers.in_ms(numbers.median(waits)), numbers.in_ms(numbers.quantile(waits, 0.95))) for name, waits in timed.items()]
    rows += [(name, numbers.in_ms(seconds), "") for name, seconds in starts.items()]
    return tables.Table(
        "Answering", ("what", "median ms", "95 % ms"), rows, ["From the projection in Redis, in a process that has read it before."]
    )


def _asked(stage: Stage, request: ask.Request) -> float:
    envelope = stage.opened(stage.estate.asks(person(1), 0, request, datetime.now(UTC)))

    def answer() -> None:
        world, commits = stage.wiring.projection.read()
        Delivery(reads.answer(world, commits, envelope, decide), "CBENCH").to_wire()

    return _timed(answer)


def _refreshed(stage: Stage) -> float:
    stage.wiring.inbox.put(stage.promotes())
    stage.loop.perform()
    return _timed(stage.wiring.projection.read)


if __name__ == "__main__":
    main()
