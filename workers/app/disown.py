"""`towpath disown`: an operator looks at commits that were made around Towpath, and has them undone on the record."""

from __future__ import annotations

from collections.abc import Iterator

import click

from workers.adapters import agent
from workers.adapters.git.ledger import GitLedger
from workers.app import logs
from workers.app.place import place
from workers.app.settings import load_for_git
from workers.contract.names import CommitId
from workers.perform import disowning
from workers.tasks.wiring import now


@click.command()
@click.argument("head")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts that have looked.")
def disown(head: str, yes: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Disown the foreign commits up to HEAD.

    For commits that somebody made on the ledger branch around Towpath. HEAD is the whole id of the branch's head, which you have looked at. Shows
    each commit; then one record of ours names them all and the files are again those of the last record. Nothing is force-pushed, and the foreign
    commits stay in the history. What they wanted can be asked for properly in the channel: the sentence is printed.
    """
    wanted, settings = CommitId.read(head), load_for_git()
    writer = agent.signer(settings.towpath_keys, "writer")
    ledger = GitLedger(place(settings).mirror("changes"), writer)
    found = ledger.fetch()
    if found != wanted:
        raise disowning.NotPossible(f"the ledger's head is {found}, not {wanted}. Look at what came since. Nothing was changed")
    case = disowning.look(ledger, wanted)
    if " ".join(writer.public.split()[:2]) != case.line.signers.writer:
        raise disowning.NotPossible("TOWPATH_KEYS does not hold the ledger's writer's key. Nothing was changed")
    for line in shown(case):
        click.echo(logs.struck(_plain(line)))
    if not yes:
        click.confirm("Disown them?", abort=True)
    commit = disowning.disown(ledger, case, now())
    click.echo(f"Disowned by {commit}. Towpath writes again.")


def shown(case: disowning.Case) -> Iterator[str]:
    """What an operator must see before they say yes."""
    yield f"The last record of ours is {case.line.seq}, at {case.line.head}. On top of it:"
    for one in case.commits:
        yield f"{one.commit}  {one.author}: {one.subject}"
        yield f"    It {one.flaw}."
        yield from (f"    {path}" for path in one.paths[:20])
        if len(one.paths) > 20:
            yield f"    ... and {len(one.paths) - 20} more"
    yield "Disowning them brings back the files of the last record."
    for sentence in case.sentences:
        yield f"If that is wanted all the same, say in the channel afterwards: {sentence}"


def _plain(line: str) -> str:
    """A stranger's words must not move the cursor of a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)
