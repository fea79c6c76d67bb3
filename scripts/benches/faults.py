"""Seeded faults by the thousand: where they struck, whether everything held, and how long it took until everything was at rest again."""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from gauging import numbers, tables
from gauging.machine import Loads, described
from gauging.options import common

from tests.faults.seeded.ground import Ground
from tests.faults.seeded.run import Failed, Found, Plan, Run


@click.command()
@common(1, "How often all seeds are run.")
@click.option("--runs", default=1000, show_default=True, type=click.IntRange(1, 100_000), help="How many seeds, from 0 on.")
@click.option("--seed", default=None, type=click.IntRange(0), help="One seed alone, with everything that happens in it.")
def main(rounds: int, form: str | None, runs: int, seed: int | None) -> None:
    """Play seeded runs; the exit status tells whether everything held."""
    loads, began, failed = Loads(), time.monotonic(), list[Failed]()
    loads.take()
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder, Ground(Path(folder) / "ground") as ground:
        seeds = [seed] if seed is not None else [*range(runs)] * rounds
        found = list(_played(ground, seeds, failed))
        if seed is not None:
            click.echo("\n".join([str(Plan.of(seed)), *ground.cast.trace]))
    loads.take()
    click.echo(tables.show(_tables(found, failed, time.monotonic() - began, loads), form or "plain"))
    for one in failed:
        click.echo(f"\n{one}", err=True)
    sys.exit(bool(failed))


def _played(ground: Ground, seeds: Iterable[int], failed: list[Failed]) -> Iterator[Found]:
    for seed in seeds:
        try:
            yield Run(ground, Plan.of(seed)).play()
        except Failed as exc:
            failed.append(exc)


def _tables(found: list[Found], failed: list[Failed], took: float, loads: Loads) -> Iterator[tables.Table]:
    struck = [one for one in found if one.struck]
    times = [one.resumed for one in struck if one.resumed is not None]
    spread = [_seconds(numbers.quantile(times, share)) for share in (0.5, 0.9, 0.99, 1.0)] if times else ["-"] * 4
    rows = [("all", f"{len(found) + len(failed):,}", f"{len(failed)}", f"{sum(len(one.struck) for one in struck):,}", *spread)]
    by_fault = defaultdict[str, list[float]](list)
    for one in struck:
        by_fault[one.struck[-1][0]].append(one.resumed or 0.0)
    for name, some in sorted(by_fault.items()):
        rows.append((name, f"{len(some):,}", "0", "", *(_seconds(numbers.quantile(some, share)) for share in (0.5, 0.9, 0.99, 1.0))))
    head = ("fault (the last of a run)", "runs", "failed", "struck", "rest: p50 s", "p90 s", "p99 s", "largest s")
    note = (
        "From the fault, or from when what was away is back, until the promotion has ended and all is told. Waits are counted, not waited."
    )
    yield tables.Table("Seeded faults", head, rows, [note])
    places = Counter(place for one in struck for _, place in one.struck)
    yield tables.Table("Where they struck", ("boundary", "times"), [(place, f"{count}") for place, count in sorted(places.items())])
    ends = ", ".join(f"{count} {end}" for end, count in Counter(one.end for one in found).most_common())
    crossed = sum(one.boundaries for one in found)
    facts = [
        ("ends", ends),
        ("boundaries crossed", f"{crossed:,}"),
        ("took", f"{took:.0f} s"),
        ("machine", described()),
        ("load", str(loads)),
    ]
    yield tables.Table("The whole", ("what", ""), facts)


def _seconds(value: float) -> str:
    return f"{value:.1f}"


if __name__ == "__main__":
    main()
