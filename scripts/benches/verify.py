"""Verifying a long ledger in full, beside stock Git's own look at the signatures of the same commits, and again from a checkpoint."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from gauging import numbers, tables
from gauging.ledgers import Long, written
from gauging.machine import Loads, described
from gauging.options import common

OURS, CHECKPOINT, PEER = "towpath audit verify --full", "from a checkpoint", "git log --format=%G?"


@dataclass
class Taken:
    """Rounds of one kind: seconds of wall time and of CPU (its children included), and over how many commits."""

    commits: int = 0
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


@click.command()
@common(3, "How often each is done, in turns.")
@click.option("--records", default=10_000, show_default=True, type=click.IntRange(30, 100_000), help="Records of the ledger.")
@click.option("--peer", default=300, show_default=True, type=click.IntRange(1, 10_000), help="Commits that stock Git looks at in a round.")
@click.option("--ledger", type=click.Path(path_type=Path, file_okay=False), help="A folder for the ledger, kept and used again.")
def main(rounds: int, form: str | None, records: int, peer: int, ledger: Path | None) -> None:
    """Measure verifications."""
    loads = Loads()
    with tempfile.TemporaryDirectory(prefix="towpath-bench-") as folder:
        long = _ledger(ledger or Path(folder) / "ledger", records)
        taken = {OURS: Taken(), CHECKPOINT: Taken(), PEER: Taken()}
        loads.take()
        for _ in range(rounds):
            _ours(long, taken[OURS], "--full")
            _ours(long, taken[CHECKPOINT])
            _stock_git(long, taken[PEER], peer)
            loads.take()
        equal = _equal(long, peer)
    click.echo(tables.show(_tables(taken, rounds, loads, equal=equal), form or "plain"))
    if not equal:
        raise click.ClickException("stock Git does not agree")


def _ledger(folder: Path, records: int) -> Long:
    remote = folder / "remote.git"
    if not remote.exists():
        folder.mkdir(parents=True, exist_ok=True)
        return written(folder, records)
    trust = subprocess.run(
        ["ssh-keygen", "-lf", str(folder / "keys/writer.pub")], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    return Long(remote, _git(remote, "rev-parse", "towpath"), trust)  # type: ignore[arg-type]  # a commit id


def _git(remote: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(remote), *words], capture_output=True, text=True, check=True).stdout.strip()


def _ours(long: Long, taken: Taken, *options: str) -> None:
    """The whole command, its start and its fetch included."""
    folder = long.remote.parent
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "TOWPATH_DATA": str(folder / "data"), "TOWPATH_KEYS": str(folder / "keys")}
    words = [str(Path(sys.executable).with_name("towpath")), "audit", "verify", "--trust", long.trust, "--expect", long.head, *options]
    done = _timed(words, taken, env | {"TOWPATH_REPOSITORY": str(long.remote)})
    if done.returncode:
        raise click.ClickException(done.stdout + done.stderr)
    taken.commits = int(done.stdout.split("records, ")[1].split()[0])


def _timed(words: Sequence[str], taken: Taken, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
    taken.wall.append(time.perf_counter() - began)
    after = os.times()
    taken.cpu.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return done


def _stock_git(long: Long, taken: Taken, commits: int) -> None:
    """It starts ssh-keygen for every commit, so it is given some of them; the cost of one is the same for all."""
    taken.commits = len(_timed(_log(long, commits), taken, dict(os.environ)).stdout.split())


def _log(long: Long, commits: int) -> list[str]:
    signers = long.remote.parent / "signers"
    signers.write_text(_git(long.remote, "show", "towpath:allowed_signers") + "\n")
    believe = ["--no-replace-objects", "-c", f"gpg.ssh.allowedSignersFile={signers}"]
    return ["git", "-C", str(long.remote), *believe, "log", f"-{commits}", "--format=%G?", "towpath"]


def _equal(long: Long, commits: int) -> bool:
    """We said sound: then stock Git must find every signature good."""
    return set(subprocess.run(_log(long, commits), capture_output=True, text=True, check=True).stdout.split()) == {"G"}


def _tables(taken: dict[str, Taken], rounds: int, loads: Loads, *, equal: bool) -> Iterator[tables.Table]:
    head = ("verification", "commits", "median s", "largest s", "CPU s", "ms/commit", "git log = 1")
    floor = numbers.median(taken[PEER].wall) / taken[PEER].commits
    yield tables.Table("Verifying a ledger", head, [_row(name, one, floor) for name, one in taken.items()])
    about = [
        ("result equal", "yes" if equal else "no"),
        ("rounds of each, in turns", str(rounds)),
        ("machine", described()),
        ("load", str(loads)),
    ]
    yield tables.Table("Measured", ("what", "value"), about)


def _row(name: str, one: Taken, floor: float) -> list[str]:
    wall = numbers.median(one.wall)
    each = wall / one.commits if one.commits else None
    per = [f"{each * 1000:.2f}", f"{each / floor:.3f}"] if each else ["-", "-"]
    return [name, f"{one.commits:,}", f"{wall:.2f}", f"{max(one.wall):.2f}", f"{numbers.median(one.cpu):.2f}", *per]


if __name__ == "__main__":
    main()
