"""What deciding costs on a large estate, in memory alone: one request among many artifacts, and a sweep over everything that is open."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache

import click
from gauging import numbers, tables
from gauging.machine import Loads, described
from gauging.options import common
from gauging.worlds import Kind, court

from workers.contract import wire

ARTIFACTS, OPEN, MANY = 10_000, 200, 10_000
AT_MOST = 100
"""So many decisions the loop lets one beat of the clock make."""


@click.command()
@common(30, "How often each request is decided; sweeps are done a tenth as often.")
@click.option("--artifacts", default=ARTIFACTS, show_default=True, type=click.IntRange(20, 100_000))
@click.option("--many", default=MANY, show_default=True, type=click.IntRange(20, 100_000), help="Open promotions that a sweep walks over.")
def main(rounds: int, form: str | None, artifacts: int, many: int) -> None:
    """Measure."""
    loads = Loads()
    loads.take()
    found = [_deciding(rounds, artifacts, loads), _sweeping(max(1, rounds // 10), many, loads)]
    loads.take()
    where = tables.Table("Where", ("machine", ""), [(f"{described()}; {loads}", "")])
    click.echo(tables.show([*found, where], form or "plain"))


def _deciding(rounds: int, artifacts: int, loads: Loads) -> tables.Table:
    here = court(artifacts, waiting=min(OPEN, artifacts) // 2, queued=min(OPEN, artifacts) // 2)
    timed = {kind.value: [_cpu(lambda case=case: here.decide(case)) for case in here.cases(kind, rounds)] for kind in Kind}
    loads.take()
    floor = [_cpu(lambda: wire.load(wire.canonical(here.example))) for _ in range(rounds)]
    least = numbers.median(floor)
    rows = [_row(name, costs, least) for name, costs in {"floor: one promotion to JSON and back": floor, **timed}.items()]
    head = ("decision", "median ms", "95 % ms", "largest ms", "floor = 1")
    title = f"Deciding one request, {artifacts:,} artifacts in 3 environments, {min(OPEN, artifacts)} promotions open"
    return tables.Table(title, head, rows, ["CPU of this process. Nothing is read, signed or written."])


def _row(name: str, costs: list[float], floor: float) -> tuple[str, ...]:
    middle = numbers.median(costs)
    return (name, numbers.in_ms(middle), numbers.in_ms(numbers.quantile(costs, 0.95)), numbers.in_ms(max(costs)), f"{middle / floor:.1f}")


def _sweeping(rounds: int, many: int, loads: Loads) -> tables.Table:
    rows, known = [], cache(court)
    for name, waiting, queued, late in (
        ("waiting, none due", many, 0, timedelta()),
        ("soaking, none due", 0, many, timedelta()),
        (f"the last {AT_MOST} of them expired, the others soak", AT_MOST, many - AT_MOST, timedelta(minutes=30)),
        (f"soaked, all due: the first {AT_MOST} begin", 0, many, timedelta(hours=3)),
    ):
        here = known(many, waiting, queued)
        costs = [_cpu(lambda here=here, late=late: here.sweep(late, AT_MOST)) for _ in range(rounds)]
        loads.take()
        open_ = list(here.world.promotions.values())
        floor = numbers.median([_cpu(lambda open_=open_: [one for one in open_ if one.state is None]) for _ in range(rounds)])
        rows.append((name, numbers.in_ms(numbers.median(costs)), numbers.in_ms(max(costs)), f"{numbers.median(costs) / floor:,.0f}"))
    title = f"One beat of the clock over {many:,} open promotions"
    head = ("promotions", "median ms", "largest ms", "floor = 1")
    note = "CPU of this process. The floor is a bare loop over the same promotions. What is due is decided and folded; nothing is signed or pushed."
    return tables.Table(title, head, rows, [note])


def _cpu(act: Callable[[], object]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


if __name__ == "__main__":
    main()
