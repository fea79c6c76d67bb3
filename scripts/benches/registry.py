"""What is where, from a repository with nothing but tags: whole processes, beside Git's own listing and beside `gto show`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from gauging import numbers, tables
from gauging.machine import Loads, described
from gauging.options import common

BIN = Path(sys.executable).parent
BEGUN = 1_700_000_000
ALL_FIELDS = "%(refname)%00%(objecttype)%00%(objectname)%00%(*objectname)%00%(*objecttype)%00%(tag)%00%(taggerdate:unix)%00%(subject)"
FLOOR, OURS, WARM, PEER = "git for-each-ref", "towpath show status, cold", "towpath show status, warm", "gto show"


@dataclass(frozen=True)
class Shape:
    """A registry of so many models, each with versions that are assigned so many times."""

    models: int
    versions: int
    assigns: int

    @property
    def tags(self) -> int:
        """How many tags that makes."""
        return self.models * self.versions * (1 + self.assigns)


SHAPES = {4_000: Shape(100, 10, 3), 20_000: Shape(1_000, 10, 1), 100_000: Shape(5_000, 10, 1)}


@dataclass
class Cost:
    """What the runs of one process cost: seconds of wall and CPU time, children included, and the largest memory of one process in MB."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


@click.command()
@common(3, "How often each process is run; the medians are shown.")
@click.option(
    "--tags", type=click.Choice([str(count) for count in (40, *SHAPES)]), multiple=True, help="Which sizes.  [default: all but 40]"
)
@click.option("--peer/--no-peer", "with_peer", default=True, show_default=True, help="Run `gto show` as well, up to 4,000 tags.")
def main(rounds: int, form: str | None, tags: Sequence[str], with_peer: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Measure the answer to what is where, from tags alone."""
    loads, found = Loads(), {}
    loads.take()
    for count in sorted(int(tag) for tag in tags or map(str, SHAPES)):
        with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
            remote = Path(folder) / "registry"
            write(remote, SHAPES.get(count, Shape(2, 5, 3)))
            found[count] = measure(remote, Path(folder), rounds, with_peer and count <= 4_000)
        loads.take()
    click.echo(tables.show(_tables(found, rounds, loads), form or "plain"))


def write(remote: Path, shape: Shape) -> None:
    """A repository with the tags of the shape, packed; every version is a commit of its own."""
    _git(remote.parent, "init", "--quiet", "-b", "main", str(remote))
    _git(remote, "fast-import", "--quiet", given="".join(_history(shape)).encode())
    _git(remote, "pack-refs", "--all")
    _git(remote, "reset", "--quiet", "--hard")


def _history(shape: Shape) -> Iterator[str]:
    at = BEGUN
    for model in range(shape.models):
        name, counter = f"model-{model}", 0
        for version in range(shape.versions):
            at += 10
            who = f"Dana <dana@example.org> {at} +0000"
            yield f"commit refs/heads/main\ncommitter {who}\ndata 2\nv\nM 100644 inline {name}\ndata 3\n{version:03}\n"
            yield f"tag {name}@v{version}.0.0\nfrom refs/heads/main\ntagger {who}\ndata 2\nr\n"
            for _ in range(shape.assigns):
                counter += 1
                place = ("staging", "prod", "canary")[counter % 3]
                yield f"tag {name}#{place}#{counter}\nfrom refs/heads/main\ntagger Dana <dana@example.org> {at + 1} +0000\ndata 2\na\n"
    yield "done\n"


def measure(remote: Path, folder: Path, rounds: int, with_peer: bool) -> Mapping[str, Cost]:  # noqa: FBT001
    """Each process so many times, in turns."""
    costs: dict[str, Cost] = {name: Cost() for name in (FLOOR, OURS, WARM, *([PEER] if with_peer else []))}
    for number in range(rounds):
        cache = {"XDG_CACHE_HOME": str(folder / f"cache-{number}")}
        ours = [str(BIN / "towpath"), "show", "status", "--json", "--repository", f"file://{remote}"]
        run(["git", "-C", str(remote), "for-each-ref", f"--format={ALL_FIELDS}", "refs/tags"], costs[FLOOR], {})
        answer = run(ours, costs[OURS], cache)
        if run(ours, costs[WARM], cache) != answer and not _same(answer, run(ours, Cost(), cache)):
            raise click.ClickException("the same question was answered in two ways")
        if with_peer:
            run([str(BIN / "gto"), "show", "--repo", str(remote)], costs[PEER], {})
    return costs


def _same(one: bytes, other: bytes) -> bool:
    return bool(json.loads(one)["answer"] == json.loads(other)["answer"])


def run(command: Sequence[str], cost: Cost, environ: Mapping[str, str]) -> bytes:
    """Run a process to its end and add what it cost, with its children; what it printed. Raises click.ClickException when it fails."""
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, env=os.environ | environ)
        _, status, used = os.wait4(process.pid, 0)
        cost.wall.append(time.perf_counter() - began)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise click.ClickException(f"{Path(command[0]).name} ended with {process.returncode}")
        cost.cpu.append(used.ru_utime + used.ru_stime)
        cost.memory.append(used.ru_maxrss / 1024)
        out.seek(0)
        return out.read()


def _git(folder: Path, *words: str, given: bytes = b"") -> None:
    alone = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "-C", str(folder), *words], input=given, env=os.environ | alone, check=True, capture_output=True)


def _tables(found: Mapping[int, Mapping[str, Cost]], rounds: int, loads: Loads) -> Iterator[tables.Table]:
    head = ("process", "tags", "wall s", "CPU s", "peak MB", "CPU, floor = 1")
    rows = [_row(name, count, cost, costs[FLOOR]) for count, costs in found.items() for name, cost in costs.items()]
    notes = ["CPU and memory are those of the process with its children: of memory the largest one, which may be Git's."]
    yield tables.Table("What is where, from tags alone", head, rows, notes)
    for count, costs in found.items():
        if PEER in costs:
            times = numbers.median(costs[PEER].cpu) / numbers.median(costs[WARM].cpu)
            yield tables.Table("Beside the peer", ("what", "value"), [(f"CPU of gto show / ours, warm, {count:,} tags", f"{times:.0f}")])
    yield tables.Table("Measured", ("what", "value"), [("rounds", str(rounds)), ("machine", described()), ("load", str(loads))])


def _row(name: str, count: int, cost: Cost, floor: Cost) -> list[str]:
    wall, cpu, memory = (numbers.median(one) for one in (cost.wall, cost.cpu, cost.memory))
    return [name, f"{count:,}", f"{wall:.2f}", f"{cpu:.3f}", f"{memory:.0f}", f"{cpu / numbers.median(floor.cpu):.1f}"]


if __name__ == "__main__":
    main()
