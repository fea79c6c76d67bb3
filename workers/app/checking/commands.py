"""`towpath check`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import click

from workers.adapters import gates
from workers.adapters.git.policy import LARGEST
from workers.app.checking import judging, scratch
from workers.app.reading import ledger, where
from workers.app.reading.tables import cell, table
from workers.contract.promotion import Result
from workers.domain.policy import FILE, BadPolicy, Policy, read
from workers.domain.state import World
from workers.ports.errors import BadContent, Unreachable, WorldError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--for", "environment", metavar="ENV", required=True, help="The environment whose gates are run.")
@click.option("--policy", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Another policy than the work tree's.")
@click.option("--repository", metavar="URL", help="Whose ledger knows the live version; else TOWPATH_REPOSITORY.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON; docs/cli.md describes it.")
def check(path: Path, environment: str, policy: Path | None, repository: str | None, as_json: bool) -> None:  # noqa: FBT001  # a flag
    """Run the gates of an environment on an artifact's folder, as it lies in the work tree.

    Nothing is written. Ends with 0 when all pass, 1 when one fails, 2 when one cannot tell.
    """
    gates.take_up()
    top = scratch.top_of(path)
    rules_of = _policy(policy or top / FILE)
    rules = next((rules for name, rules in rules_of.environments.items() if name == environment), None)
    if rules is None:
        raise click.UsageError(f"There is no environment {environment[:40]!r}. There are: {', '.join(rules_of.environments)}.")
    world = _world(repository)
    try:
        version = scratch.inspect(top, path)
        rules = rules_of.rules_for(rules.name, version.artifact, version.kind) or rules
        found = [("content", Result.PASS.value, f"{version.files} files, digest {version.digest.short}")]
        found += judging.judge(replace(world, policy=rules_of) if world else judging.empty(rules_of), rules, version, known=bool(world))
    except BadContent as exc:
        found = [("content", Result.FAIL.value, reason) for reason in exc.reasons]
    if as_json:
        told = [dict(zip(("gate", "result", "text"), line, strict=True)) for line in found]
        click.echo(json.dumps({"environment": environment, "ledger": world.head if world else None, "gates": told}, indent=2))
    else:
        click.echo(table(("GATE", "RESULT", "WHY"), found))
    results = {result for _, result, _ in found}
    sys.exit(1 if Result.FAIL.value in results else 2 if Result.CANNOT_TELL.value in results else 0)


def _policy(file: Path) -> Policy:
    try:
        if file.stat().st_size > LARGEST:
            raise click.ClickException(f"{file.name} is larger than {LARGEST} bytes.")
        return read(file.read_text("utf-8"))
    except FileNotFoundError:
        raise click.ClickException(f"The work tree has no {FILE}; name a policy with --policy FILE.") from None
    except BadPolicy as exc:
        raise click.ClickException("\n".join(cell(error, 300) for error in exc.errors)) from None
    except UnicodeDecodeError:
        raise click.ClickException(f"{file.name} is not UTF-8.") from None


def _world(repository: str | None) -> World | None:
    """The ledger's state, or None when there is none to be read: then a line says why."""
    if not (repository or where.setting("TOWPATH_REPOSITORY")):
        return None
    try:
        cache = where.cache(repository)
        try:
            head = cache.refresh()
        except Unreachable as exc:
            click.echo(f"towpath: {cell(str(exc), 400)}", err=True)
            head = cache.head()
        return ledger.read(cache, head)[0] if head else None
    except WorldError as exc:
        click.echo(f"towpath: the ledger was not read: {cell(str(exc), 400)}", err=True)
        return None
