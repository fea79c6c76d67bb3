"""What it costs to compare two files of rows column by column, as whole processes: ours beside pandas with scipy, and beside what others offer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
from gauging import alone, tables
from gauging.drift_peers import PEERS, Missing, installed
from gauging.machine import Loads, described
from gauging.numbers import median
from gauging.options import common
from pyarrow import parquet

OURS = "towpath drift"
_CODE = "import sys; sys.argv[1:1] = ['drift', '--json']; from workers.app.front import entry; entry()"
_STATUS = (0, 1)
"""That something drifted is an answer as well."""


def written(folder: Path, rows: int) -> list[str]:
    """Reference and current: 20 numbers and 5 categories, of which a shift, a scale and a mixture changed."""
    return [_written(folder / f"{name}.parquet", np.random.default_rng(seed), rows, moved) for seed, (name, moved) in enumerate(_SIDES)]


_SIDES = (("reference", 0.0), ("current", 1.0))


def _written(path: Path, chance: np.random.Generator, rows: int, moved: float) -> str:
    columns: dict[str, object] = {f"num_{number}": chance.normal(size=rows) for number in range(20)}
    columns["num_3"] = chance.normal(0.3 * moved, 1, rows)
    columns["num_7"] = chance.normal(0, 1 + moved / 2, rows)
    for number in range(5):
        shares = np.linspace(1, 1 + (moved if number == 2 else 0), 4 + 4 * number)
        names = pa.array([f"category {kind}" for kind in range(len(shares))])
        columns[f"cat_{number}"] = names.take(pa.array(chance.choice(len(shares), rows, p=shares / shares.sum())))
    parquet.write_table(pa.table(columns), path)
    return str(path)


def _ways(places: Path | None) -> Iterator[tuple[str, str, str, str]]:
    """Each way to compare: its name, what it computes, its code and its Python; the Python is empty where it cannot be run, with the reason."""
    yield OURS, "PSI, KS, Wasserstein, JS, chi-square, verdicts", _CODE, ""
    for peer in PEERS if places else ():
        assert places is not None
        try:
            yield peer.name, peer.computes, peer.code, installed(peer, places)
        except Missing as exc:
            yield peer.name, f"not run: {exc}", "", ""


def _rows(files: Sequence[str], rounds: int, places: Path | None, loads: Loads) -> Iterator[tuple[str, ...]]:
    ours = 0.0
    for name, computes, code, python in _ways(places):
        if not code:
            yield name, "", "", "", "", computes
            continue
        try:
            costs = [_cost(code, files, python) for _ in range(rounds)]
        except RuntimeError as exc:
            yield name, "", "", "", "", f"not run: {exc}"
            continue
        loads.take()
        cpu = median(cost.cpu for cost in costs)
        ours = ours or cpu
        wall, memory = median(cost.wall for cost in costs), max(cost.memory for cost in costs)
        yield name, f"{cpu:.2f}", f"{wall:.2f}", f"{memory / 1e6:.0f}", f"{cpu / ours:.1f}", computes


def _cost(code: str, files: Sequence[str], python: str) -> alone.Cost:
    quiet = "import os; os.dup2(os.open(os.devnull, os.O_WRONLY), 1)\n"
    folder = Path(files[0]).parent
    return alone.run(quiet + code, files, folder, python, (0,)) if python else alone.run(quiet + code, files, folder, passes=_STATUS)


@click.command()
@common(3, "How often each comparison is run; the median is shown.")
@click.option(
    "--rows", default=(100_000,), show_default=True, multiple=True, type=click.IntRange(100, 10_000_000), help="Rows of each side."
)
@click.option("--peers", type=click.Path(path_type=Path), help="Run the peers too; their environments (2.5 GB) are made in this folder.")
def main(rounds: int, form: str | None, rows: Sequence[int], peers: Path | None) -> None:
    """Measure."""
    loads = Loads()
    loads.take()
    found = []
    for number in rows:
        with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
            files = written(Path(folder), number)
            head = ("process", "CPU s", "wall s", "peak MB", "CPU, ours = 1", "computes")
            title = f"Two Parquet files of {number:,} rows and 25 columns compared"
            found.append(tables.Table(title, head, list(_rows(files, rounds, peers, loads))))
    loads.take()
    click.echo(tables.show([*found, tables.Table("Where", ("machine", ""), [(f"{described()}; {loads}", "")])], form or "plain"))


if __name__ == "__main__":
    main()
