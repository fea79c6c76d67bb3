"""Swapping a model under load: what its callers feel while promotions switch it, beside the same load with nothing done to it."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle, pairwise
from pathlib import Path

import click
from gauging import numbers, tables
from gauging.callers import Answer, Place, call, post
from gauging.machine import Loads, described
from gauging.options import common

from demo.model_server.process import ModelServer
from demo.repository import build
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.source import GitSource
from workers.adapters.targets import ModelServer as Target
from workers.ports.target import Applied, Verdict, Wanted

MODEL = "biopsy"
ORDER = ("v2.0.0", "v3.0.0", "v2.0.0", "v1.0.0")
FIRST = "v1.0.0"
QUIET, SWAPPED = "nothing done", "swapped meanwhile"


@dataclass(frozen=True)
class Load:
    """So many callers for so many seconds; each sends the same question as soon as it has an answer."""

    place: Place
    callers: int
    seconds: float
    request: bytes


@dataclass
class Felt:
    """What the callers of one kind of round felt, all rounds together. `longest_gap`: with no answer to anybody, in seconds."""

    took: list[float] = field(default_factory=list)
    failed: int = 0
    by_label: dict[str, int] = field(default_factory=dict)
    longest_gap: float = 0.0
    rate: list[float] = field(default_factory=list)
    swaps: list[float] = field(default_factory=list)

    def add(self, answers: Sequence[Answer]) -> None:
        """Take in one round. An answer is good when it is a prediction and says which version made it."""
        self.took += [answer.seconds for answer in answers]
        for answer in answers:
            label = _label(answer)
            self.failed += label is None
            if label:
                self.by_label[label] = self.by_label.get(label, 0) + 1
        at = [answer.at for answer in answers]
        self.longest_gap = max(self.longest_gap, *(later - one for one, later in pairwise(at)))
        self.rate.append(len(at) / (at[-1] - at[0]))


@click.command()
@common(3, "How often, with and without swaps in turns; a new model server for each.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.5, 60), help="How long one round lasts.")
@click.option("--callers", default=4, show_default=True, type=click.IntRange(1, 50), help="Callers at once.")
@click.option("--every", default=0.5, show_default=True, type=click.FloatRange(0.1, 10), help="Seconds from the end of a swap to the next.")
def main(rounds: int, form: str | None, seconds: float, callers: int, every: float) -> None:
    """Measure swaps of a model."""
    felt, loads = {QUIET: Felt(), SWAPPED: Felt()}, Loads()
    loads.take()
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder, _process() as elsewhere, ExitStack() as held:
        versions = _versions(Path(folder), held)
        for number in range(rounds):
            for kind, into in felt.items():
                with ModelServer(Path(folder) / f"{kind[:3]}-{number}", "bench") as server:
                    load = Load(Place(server.port), callers, seconds, _question(versions[FIRST]))
                    _round(Target("bench", server.url), versions, elsewhere, load, into, every if into is felt[SWAPPED] else None)
                loads.take()
    click.echo(tables.show(_tables(felt, rounds, loads), form or "plain"))
    if felt[SWAPPED].failed or felt[QUIET].failed:
        raise click.ClickException("some requests were not answered with a prediction")


def _process() -> Executor:
    """The callers have a process of their own: what promotes must not slow them down."""
    return ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))


def _versions(folder: Path, held: ExitStack) -> Mapping[str, Wanted]:
    """The demo's model in all its versions, as an effect reads them from Git; their files are there as long as `held` is open."""
    remote = folder / "repository.git"
    build(remote, "version: 1\n")
    source = GitSource(Mirror(folder / "mirror", str(remote)), folder / "store")
    source.fetch()
    found = {}
    for tag in [tag for tag in source.version_tags() if tag.artifact == MODEL]:
        version = source.inspect(tag.artifact, tag.version, tag.commit, None)
        found[str(tag.version)] = Wanted(version, held.enter_context(source.materialised(version)), source.golden(version))
    return found


def _question(wanted: Wanted) -> bytes:
    assert wanted.golden is not None, "the demo's model has a golden pair"
    return post(f"/v2/models/{MODEL}/infer", wanted.golden[0], {"Content-Type": "application/json"})


def _round(target: Target, versions: Mapping[str, Wanted], elsewhere: Executor, load: Load, felt: Felt, every: float | None) -> None:
    _promote(target, versions[FIRST], 1)
    answering = elsewhere.submit(send, load)
    fence, order = 1, cycle(ORDER)
    while every is not None and not answering.done():
        time.sleep(every)
        fence += 1
        began = time.perf_counter()
        _promote(target, versions[next(order)], fence)
        felt.swaps.append(time.perf_counter() - began)
    felt.add(answering.result(load.seconds + 60))


def _promote(target: Target, wanted: Wanted, fence: int) -> None:
    """Apply and verify, as a promotion's two steps do."""
    answer = target.apply(wanted, f"bench:{fence}", fence)
    if answer.result is not Applied.DONE:
        raise click.ClickException(f"the model server did not take {wanted.label}: {answer.text}")
    proved = target.verify(wanted)
    if proved.result is not Verdict.MATCHES:
        raise click.ClickException(f"the model server does not serve {wanted.label}: {proved.text}")


def send(load: Load) -> list[Answer]:
    """The callers' part, in their own process."""
    until = time.monotonic() + load.seconds

    def questions() -> Iterator[bytes]:
        while time.monotonic() < until:
            yield load.request

    return asyncio.run(call(load.place, questions(), load.callers))


def _label(answer: Answer) -> str | None:
    if answer.status != 200:
        return None
    found = json.loads(answer.body)
    return str(found["model_version"]) if found.get("outputs") else None


def _tables(felt: Mapping[str, Felt], rounds: int, loads: Loads) -> Iterator[tables.Table]:
    head = ("load", "requests", "failed", "requests/s", "p50 ms", "p99 ms", "longest answer ms", "longest silence ms")
    yield tables.Table("The callers of a model", head, [_row(name, one) for name, one in felt.items()])
    swapped = felt[SWAPPED]
    median, ninetieth, largest = numbers.spread(swapped.swaps)
    swaps = [
        ("swaps", str(len(swapped.swaps))),
        ("one swap (bring, prove, switch, verify): median / p90 / largest", f"{median} / {ninetieth} / {largest} ms"),
        ("answers by version", ", ".join(f"{label.partition('-')[0]} {count}" for label, count in sorted(swapped.by_label.items()))),
        ("rounds of each, in turns", str(rounds)),
        ("machine", described()),
        ("load", str(loads)),
    ]
    yield tables.Table("Measured", ("what", "value"), swaps)


def _row(name: str, one: Felt) -> list[str]:
    p50, p99 = numbers.in_ms(numbers.median(one.took)), numbers.in_ms(numbers.quantile(one.took, 0.99))
    rate = f"{numbers.median(one.rate):,.0f}"
    return [name, f"{len(one.took):,}", str(one.failed), rate, p50, p99, numbers.in_ms(max(one.took)), numbers.in_ms(one.longest_gap)]


if __name__ == "__main__":
    main()
