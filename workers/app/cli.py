"""`towpath`: the command of operators."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from workers.adapters import agent, gates
from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.source import GitSource
from workers.app import approving, genesis, imports, key_commands, keys, local_redis, logs, supervisor
from workers.app import audit as audit_
from workers.app import disown as disown_
from workers.app import doctor as doctor_
from workers.app.place import place
from workers.app.settings import WRONG, BadSettings, data_folder, describe, load, load_for_git
from workers.contract.names import CommitId, EnvironmentName
from workers.domain import policy
from workers.ports.errors import WorldError
from workers.tasks.wiring import MIRRORED, now


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="towpath", message="%(prog)s %(version)s")
def main() -> None:
    """One path to production for models and code, from one Git repository, in Slack.

    Settings come from the environment, each also as a file (NAME_FILE); the README lists them. A first start: commit a towpath.yaml, then
    `towpath init`, `towpath doctor`, `towpath run`.
    """
    logs.set_up(os.environ.get("TOWPATH_LOG_LEVEL", "INFO"))
    gates.take_up()


main.add_command(audit_.audit)
main.add_command(disown_.disown)


@main.command(name="keys")
def make_keys() -> None:
    """Make the keys and print the ledger's fingerprint.

    They are files in the folder TOWPATH_KEYS; what is there already is never replaced. The fingerprint is what towpath.yaml pins as `trust`.
    """
    folder = Path(os.environ.get("TOWPATH_KEYS") or _stop(describe("TOWPATH_KEYS", "is not set")))
    if not keys.present(folder):
        keys.make(folder)
    click.echo(agent.signer(folder, "writer").fingerprint)


@main.command()
@click.option("--yes", is_flag=True, help="Write what is shown without asking.")
def init(yes: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Begin the ledger, where there is none.

    Makes its first commit, and the keys if there are none. Where there is a ledger nothing is changed and no keys are made. What GTO's tags
    assign already is shown, and taken up with the first commit after a yes. Without a towpath.yaml one is proposed, and nothing is written.
    """
    settings = load_for_git()
    mirror = place(settings).mirror("changes")
    with mirror.locked("init"):
        head = GitLedger(mirror, None).fetch()
        if head is not None:
            click.echo(
                f"The repository already has a ledger, at {head}. Nothing was changed; `towpath doctor` says whether its keys are here."
            )
            return
        source = place(settings).source(mirror)
        source.fetch()
        found = source.policy()
        if found is None:
            _propose(source)
            _stop(f"The branch {settings.towpath_source_branch} has no towpath.yaml. Commit one first; docs/policy.md shows the smallest.")
        rules = policy.read(found[1])
        taken = imports.look(source, rules) if source.picture().assigned else imports.TakenUp()
        if source.picture().assigned:
            _confirm(found[1], taken, yes=yes)
        writer = genesis.writer_for(settings.towpath_keys, rules)
        ledger, at = GitLedger(mirror, writer), now()
        more = (lambda world: imports.build(ledger, world, taken, source, at)) if taken.versions else None
        commit = genesis.first_commit(ledger, settings.towpath_keys, found[1], at, more)
    click.echo(f"The ledger begins at {commit}, on the branch {settings.towpath_ledger_branch}. Its keys are in {settings.towpath_keys}.")
    click.echo(f'The writer\'s key is {writer.fingerprint}. Keep it on paper, and pin it in towpath.yaml: trust: "{writer.fingerprint}"')


def _propose(source: GitSource) -> None:
    """Print a policy to commit, if the tags or GTO's own file name environments."""
    named = {str(environment) for _, environment in source.picture().lanes} | set(source.stages())
    usable = [name for name in sorted(named) if EnvironmentName.pattern.fullmatch(name)]
    if usable:
        click.echo(f"# Proposed towpath.yaml: complete and commit it, then say `towpath init` again.\n{imports.proposed(usable)}", nl=False)
    for name in sorted(named.difference(usable)):
        click.echo(f"# Left out: {name[:60]!r} cannot be an environment of ours; give it a name such as {EnvironmentName.example}.")


def _confirm(policy_text: str, taken: imports.TakenUp, *, yes: bool) -> None:
    """Show what would be written, and go on only after a yes."""
    click.echo(f"The policy would be:\n\n{policy_text}")
    for line in imports.told(taken):
        click.echo(line)
    if yes:
        return
    if not sys.stdin.isatty():
        _stop("Nothing was changed. Read what would be written, then say `towpath init --yes`.")
    if not click.confirm("Write this?"):
        _stop("Nothing was changed.")


@main.command(name="accept-head")
@click.argument("head")
def accept_head(head: str) -> None:
    """Accept HEAD as the ledger's head on this host.

    For a new or lost mirror, or after you have looked at a foreign history. HEAD is a whole commit id; take it from Slack, not from the
    repository. Every commit below it is still checked before anything is written.
    """
    wanted = CommitId.read(head)
    there = place(load_for_git())
    ledgers = [GitLedger(there.mirror(lane), None) for lane in MIRRORED]
    for ledger in ledgers:
        found = ledger.fetch()
        if found != wanted:
            _stop(f"The ledger's head is {found}, not {head}. Nothing was changed." if found else "The repository has no ledger.")
    for ledger in ledgers:
        ledger.set_anchor(wanted)
    click.echo(f"Accepted {wanted}. Every commit below it is still checked before anything is written.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON: a list of name, says and fix (null when all is well).")
def doctor(as_json: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Check the installation; print a fix for what is amiss.

    Nothing is changed. Exits with 1 when something needs a fix.
    """
    _know_the_local_redis()
    findings = list(doctor_.examine(load(), os.environ))
    if as_json:
        click.echo(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{'fix ' if finding.fix else 'ok  '} {finding.name}: {finding.says}")
            if finding.fix:
                click.echo(f"     -> {finding.fix}")
    sys.exit(1 if any(finding.fix for finding in findings) else 0)


@main.command()
@click.option("--pids", type=click.Path(path_type=Path, file_okay=False, exists=True), help="A folder for files with the processes' ids.")
@click.option("--procfile", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="Another Procfile than Towpath's own.")
def run(pids: Path | None, procfile: Path | None) -> None:
    """Start every process and keep them running.

    They are the lines of the Procfile. One that dies is started again; SIGTERM or Ctrl-C stops all of them. Without REDIS_URL a Redis of this
    host's own is started with them, if towpath[local] is installed.
    """
    processes = supervisor.read(procfile.read_text() if procfile else supervisor.procfile())
    settings = load_for_git()
    place(settings)
    keys.require(settings.towpath_keys, keys.FILES)
    if not _redis_is_given():
        own, os.environ["REDIS_URL"] = local_redis.prepare(data_folder())
        processes.insert(0, own)
    load()
    if os.geteuid() == 0:
        logs.log.warning("running_as_root", fix="Give Towpath a user of its own; it needs no rights but to its folders.")
    sys.exit(supervisor.Supervisor(processes, pids).run())


for said in approving.ALL:
    main.add_command(said)
main.add_command(key_commands.rotate_key)
main.add_command(key_commands.revoke_key)


def _know_the_local_redis() -> None:
    if not _redis_is_given() and (url := local_redis.known(data_folder())):
        os.environ["REDIS_URL"] = url


def _redis_is_given() -> bool:
    return bool(os.environ.get("REDIS_URL") or os.environ.get("REDIS_URL_FILE"))


def _stop(text: str) -> NoReturn:
    raise click.ClickException(text)


def entry() -> None:
    """Run the command; what is amiss is a line on standard error, not a traceback."""
    try:
        main()
    except BadSettings as exc:
        _say(exc.lines)
        sys.exit(WRONG)
    except keys.BadFolder as exc:
        _say([str(exc)])
        sys.exit(WRONG)
    except policy.BadPolicy as exc:
        _say(exc.errors)
        sys.exit(1)
    except (WorldError, ValueError, OSError) as exc:
        _say([str(exc)])
        sys.exit(1)


def _say(lines: tuple[str, ...] | list[str]) -> None:
    for line in lines:
        click.echo(f"towpath: {logs.struck(line)}", err=True)
