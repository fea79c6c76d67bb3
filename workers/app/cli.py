"""`towpath`: the command of operators."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.source import GitSource
from workers.app import doctor as doctor_
from workers.app import genesis, keys, local_redis, logs, supervisor
from workers.app.settings import Settings, data_folder, load
from workers.contract.names import BadName, CommitId
from workers.contract.signatures import BadKey, SigningKey
from workers.domain.policy import BadPolicy
from workers.ports.errors import WorldError
from workers.tasks.wiring import now


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="towpath")
def main() -> None:
    """One path to production for models and code, from one Git repository, in Slack.

    Settings come from the environment; the README lists them.
    """
    logs.set_up(os.environ.get("TOWPATH_LOG_LEVEL", "INFO"))


@main.command(name="keys")
def make_keys() -> None:
    """Make the keys in TOWPATH_KEYS if there are none, and print the fingerprint that towpath.yaml pins as `trust`."""
    folder = Path(os.environ.get("TOWPATH_KEYS") or _stop("TOWPATH_KEYS is not set. Set it to a folder for the keys."))
    if not keys.present(folder):
        keys.make(folder)
    click.echo(SigningKey.load((folder / "writer").read_bytes()).fingerprint)


@main.command()
def init() -> None:
    """Make the keys and the ledger's first commit when there is no ledger, and never otherwise."""
    settings = load()
    head = _ledger(settings, None).fetch()
    if head is not None:
        click.echo(f"The repository already has a ledger, at {head}. Nothing was changed.")
        return
    source = GitSource(settings.place.mirror("changes"), settings.towpath_data / "store")
    source.fetch()
    found = source.policy()
    if found is None:
        _stop(f"The branch {settings.towpath_source_branch} has no towpath.yaml. Commit one first; docs/policy.md shows the smallest.")
    if not keys.present(settings.towpath_keys):
        keys.make(settings.towpath_keys)
        click.echo(f"Made the keys in {settings.towpath_keys}.")
    writer = SigningKey.load((settings.towpath_keys / "writer").read_bytes())
    commit = genesis.first_commit(_ledger(settings, writer), settings.towpath_keys, found[1], now())
    click.echo(f"The ledger begins at {commit}, on the branch {settings.towpath_ledger_branch}.")
    click.echo(f'Its key is {writer.fingerprint}. Keep it on paper as well, and pin it in towpath.yaml: trust: "{writer.fingerprint}"')


@main.command(name="accept-head")
@click.argument("head")
def accept_head(head: str) -> None:
    """Take HEAD as the ledger's head that this host knows: a new or lost mirror, or after you have looked at a foreign history."""
    settings = load()
    ledger = _ledger(settings, None)
    found = ledger.fetch()
    if found is None or found != CommitId.read(head):
        _stop(f"The ledger's head is {found}, not {head}. Nothing was changed.")
    ledger.set_anchor(found)
    click.echo(f"Accepted {found}. Every commit below it is still checked before anything is written.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(as_json: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Check the set-up and print the fix for each finding. Exits with 1 when something needs one."""
    findings = list(doctor_.examine(load(), doctor_.environment()))
    if as_json:
        click.echo(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(
                f"{'fix ' if finding.fix else 'ok  '} {finding.name}: {finding.says}" + (f"\n     -> {finding.fix}" if finding.fix else "")
            )
    sys.exit(1 if any(finding.fix for finding in findings) else 0)


@main.command()
@click.option("--pids", type=click.Path(path_type=Path, file_okay=False, exists=True), help="A folder for files with the processes' ids.")
@click.option("--procfile", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Another Procfile than Towpath's own.")
def run(pids: Path | None, procfile: Path | None) -> None:
    """Start every process of the Procfile and keep them running."""
    if not (os.environ.get("REDIS_URL") or os.environ.get("REDIS_URL_FILE")):
        os.environ["REDIS_URL"] = local_redis.start(data_folder())
    load()
    processes = supervisor.read(procfile.read_text() if procfile else supervisor.procfile())
    if local := os.environ.get("TOWPATH_LOCAL_REDIS"):
        processes.insert(0, supervisor.Process("redis", local))
    supervisor.Supervisor(processes, pids).run()


def _ledger(settings: Settings, key: SigningKey | None) -> GitLedger:
    return GitLedger(settings.place.mirror("changes"), key)


def _stop(text: str) -> NoReturn:
    raise click.ClickException(text)


def entry() -> None:
    """Run the command; what the world refuses is one line on standard error, not a traceback."""
    try:
        main()
    except (WorldError, BadPolicy, BadName, BadKey, OSError) as exc:
        click.echo(f"towpath: {exc}", err=True)
        sys.exit(1)
