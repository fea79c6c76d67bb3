"""What it costs to judge a large pickle without loading it: time and memory, beside picklescan and a plain SHA-256 of the same file."""

from __future__ import annotations

import pickle
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import numpy as np
from gauging import alone, tables
from gauging.machine import Loads, described
from gauging.numbers import median
from gauging.options import common

_JUDGES = {
    "SHA-256 alone": "import hashlib, sys; hashlib.file_digest(open(sys.argv[1], 'rb'), 'sha256')",
    "artifact-safety": (
        "import os, sys\n"
        "from workers.domain.safety.scan import scan\n"
        "with open(sys.argv[1], 'rb') as file:\n"
        "    found = scan([('model.pkl', file, os.path.getsize(sys.argv[1]))])\n"
        "sys.exit(found.verdict.status)"
    ),
    "picklescan": (
        "import logging, sys\n"
        "from picklescan.scanner import scan_file_path\n"
        "logging.disable()\n"
        "found = scan_file_path(sys.argv[1])\n"
        "sys.exit(1 if found.issues_count else 2 if found.scan_err else 0)"
    ),
}
_PIECE = 1 << 20


def _arrays(size: int) -> object:
    """Weights: few opcodes, many bytes."""
    chance = np.random.default_rng(1)
    return {f"layer {number}": chance.random(_PIECE // 8) for number in range(size // _PIECE)}


def _values(size: int) -> object:
    """Many small values: hardly anything but opcodes."""
    chance = random.Random(1)  # noqa: S311  # no secret
    return [(chance.random(), chance.randrange(60_000), f"word {number}") for number in range(size // 28)]


def _rows(file: Path, rounds: int, loads: Loads) -> Iterator[tuple[str, ...]]:
    floor = None
    for name, code in _JUDGES.items():
        costs = [alone.run(code, [str(file)], file.parent) for _ in range(rounds)]
        loads.take()
        cpu = median(cost.cpu for cost in costs)
        floor = floor or cpu
        wall, memory = median(cost.wall for cost in costs), max(cost.memory for cost in costs)
        yield name, f"{cpu:.2f}", f"{wall:.2f}", f"{memory / 1e6:.0f}", f"{cpu / floor:.1f}"


@click.command()
@common(3, "How often each file is judged; the median is shown.")
@click.option("--size", default=100, show_default=True, type=click.IntRange(1, 2000), help="Megabytes of the pickle of arrays.")
@click.option("--small", default=20, show_default=True, type=click.IntRange(1, 200), help="Megabytes of the pickle of small values.")
def main(rounds: int, form: str | None, size: int, small: int) -> None:
    """Measure."""
    loads = Loads()
    loads.take()
    kinds: tuple[tuple[str, Callable[[int], object], int], ...] = (("arrays", _arrays, size), ("small values", _values, small))
    found = []
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        for name, make, megabytes in kinds:
            file = Path(folder) / "model.pkl"
            file.write_bytes(pickle.dumps(make(megabytes << 20), 4))
            title = f"Judging a pickle of {name}, {file.stat().st_size / 1e6:.0f} MB"
            found.append(tables.Table(title, (name, "CPU s", "wall s", "peak MB", "CPU, SHA-256 = 1"), list(_rows(file, rounds, loads))))
    loads.take()
    click.echo(tables.show([*found, tables.Table("Where", ("machine", ""), [(f"{described()}; {loads}", "")])], form or "plain"))


if __name__ == "__main__":
    main()
