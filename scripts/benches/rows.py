"""Live rows against a stored reference profile: whole processes that read a log of Parquet once, and again when its profiles are kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
from gauging import numbers, tables
from gauging.machine import Loads, described
from gauging.options import common

NOW = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
DAYS = 7
GROUP = 250_000
NUMBERS, CATEGORIES = 20, 5
COLD, KEPT = "every row read", "profiles kept"


@click.command()
@common(5, "How often it is measured in one process when profiles are kept; the median is shown.")
@click.option("--rows", default=20_000_000, show_default=True, type=click.IntRange(1_000), help="Live rows in the log.")
@click.option("--child", type=click.Path(path_type=Path), hidden=True)
def main(rounds: int, form: str | None, rows: int, child: Path | None) -> None:
    """Measure a lane whose log has so many rows."""
    if child:
        click.echo(json.dumps(_measure(child, rounds)))
        return
    loads = Loads()
    loads.take()
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as name:
        folder = Path(name)
        size = write(folder, rows)
        run(folder, 1, only_reference=True)
        found = {COLD: run(folder, 1), KEPT: run(folder, rounds)}
    loads.take()
    click.echo(tables.show(_tables(found, size, rounds, loads), form or "plain"))


def write(folder: Path, rows: int) -> int:
    """A reference of 100,000 rows, and live rows over a week in files of at most a million; the bytes of the latter."""
    import numpy as np  # noqa: PLC0415  # the parent process is not measured
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    chance = np.random.default_rng(1)
    parquet.write_table(pa.table(_columns(chance, 100_000)), folder / "reference.parquet")
    per_file = min(rows, 1_000_000)
    columns = _columns(chance, per_file)
    names = [name for name in columns if name.startswith("c")]
    begin, step = int((NOW - timedelta(days=DAYS)).timestamp() * 1e6), DAYS * 86_400_000_000 / rows
    (folder / "live" / "log").mkdir(parents=True)
    for number, first in enumerate(range(0, rows, per_file)):
        count = min(per_file, rows - first)
        seen = (begin + (first + np.arange(count)) * step).astype(np.int64)
        table = pa.table(
            {**{name: column[:count] for name, column in columns.items()}, "seen_at": pa.array(seen).cast(pa.timestamp("us", "UTC"))}
        )
        parquet.write_table(table, folder / "live" / "log" / f"{number:04}.parquet", row_group_size=GROUP, use_dictionary=names)
    return sum(place.stat().st_size for place in (folder / "live" / "log").iterdir())


def _columns(chance: Any, rows: int) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415

    numeric = {f"x{i}": chance.normal(i, 1 + i / 4, rows).astype(np.float32) for i in range(NUMBERS)}
    return numeric | {
        f"c{i}": np.array([f"category-{k}" for k in range(4 + i)])[chance.integers(0, 4 + i, rows)] for i in range(CATEGORIES)
    }


def run(folder: Path, rounds: int, *, only_reference: bool = False) -> dict[str, Any]:
    """A process to its end: what it says, with its CPU seconds."""
    environ = os.environ | ({"REFERENCE_ALONE": "1"} if only_reference else {})
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([sys.executable, __file__, "--rounds", str(rounds), "--child", str(folder)], stdout=out, env=environ)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise click.ClickException(f"the measuring process ended with {process.returncode}")
        out.seek(0)
        return json.loads(out.read()) | {"cpu": used.ru_utime + used.ru_stime}


class Kept:
    """The reference, as if it came from Git."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self) -> None:
        """There is nothing to fetch."""

    @contextmanager
    def reference(self, version: Any) -> Iterator[Path]:
        """The file."""
        yield self._folder / "reference.parquet"


def _measure(folder: Path, rounds: int) -> dict[str, Any]:
    """Measure the lane so often in this process; `seconds` of each time."""
    from workers.adapters.rows import FolderShelf, Host, open_rows  # noqa: PLC0415  # as the worker does: late
    from workers.contract.names import ArtifactName, CommitId, Digest, EnvironmentName, Version  # noqa: PLC0415
    from workers.contract.promotion import Kind, RegisteredVersion  # noqa: PLC0415
    from workers.domain.policy.rules import DriftRules, LiveRows  # noqa: PLC0415
    from workers.effects.measuring import Measuring  # noqa: PLC0415

    digest, own = Digest.read("sha256:" + "1" * 64), folder / "own"
    version = RegisteredVersion(
        ArtifactName.read("bench"), Kind.MODEL, Version.read("v1.0.0"), CommitId.read("0" * 40), digest, "models/bench", ".", 1, 1, "", 0,
        drift="reference.parquet", drift_digest=digest,
    )  # fmt: skip
    open_ = partial(open_rows, Host(folder / "live", own, os.environ))
    measuring = Measuring(Kept(folder), open_, FolderShelf(own / "profiles"), lambda: NOW)  # type: ignore[arg-type]
    window = timedelta(seconds=1) if os.environ.get("REFERENCE_ALONE") else timedelta(days=DAYS)
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        found = measuring.measure(version, DriftRules(LiveRows("parquet", "log", time="seen_at")), EnvironmentName.read("prod"), window)
        seconds.append(time.perf_counter() - began)
    return {"rows": found.live.rows, "verdict": found.verdict.value, "seconds": seconds, "memory": _peak()}


def _peak() -> float:
    """The largest memory of this process in MB. What the kernel tells its parent may be the parent's own, from before it became this program."""
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")) / 1024


def _tables(found: Mapping[str, Mapping[str, Any]], size: int, rounds: int, loads: Loads) -> Iterator[tables.Table]:
    head = ("process", "rows", "process CPU s", "peak MB", "one measurement, wall ms", "verdict")
    rows = [
        (
            name,
            f"{one['rows']:,}",
            f"{one['cpu']:.2f}",
            f"{one['memory']:.0f}",
            numbers.in_ms(numbers.median(one["seconds"])),
            one["verdict"],
        )
        for name, one in found.items()
    ]
    notes = [
        f"{NUMBERS} numbers and {CATEGORIES} categories a row, {size / 1e6:,.0f} MB of Parquet over {DAYS} days; the reference's profile is kept."
    ]
    yield tables.Table("A log against a stored reference", head, rows, notes)
    yield tables.Table("Measured", ("what", "value"), [("rounds", str(rounds)), ("machine", described()), ("load", str(loads))])


if __name__ == "__main__":
    main()
