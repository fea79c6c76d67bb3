"""`towpath rotate-key` and `towpath revoke-key`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import click

from workers.adapters import agent
from workers.adapters.git.ledger import GitLedger
from workers.app import key_files, keys
from workers.app.place import place
from workers.app.rotation import Ring
from workers.app.settings import load_for_git
from workers.contract.names import CommitId
from workers.contract.signatures import BadKey, Signer, fingerprint
from workers.domain.signers import KeyRefused, same
from workers.tasks.wiring import now

READERS = {"writer": "changes, effects and training", "bot": "web", "effects": "effects and training", "clock": "clock"}
"""The processes that hold a key, or compare with it."""
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


@dataclass(frozen=True)
class Desk:
    """Where an operator changes keys: the folder, and the ledger with the present writer's key."""

    folder: Path
    writer: Signer
    ledger: GitLedger

    @classmethod
    def open(cls) -> Desk:
        """As the settings say. Raises BadSettings, BadFolder, BadKey or OSError."""
        settings = load_for_git()
        keys.require(settings.towpath_keys, ["writer"])
        writer = agent.signer(settings.towpath_keys, "writer")
        return cls(settings.towpath_keys, writer, GitLedger(place(settings).mirror("changes"), writer))

    @property
    def ring(self) -> Ring:
        """The ledger's keys."""
        return Ring(self.ledger, self.writer.public, now)


@click.command(name="rotate-key")
@click.argument("name", type=click.Choice(list(keys.SIGNERS)))
@click.option("--because", metavar="TEXT", help="The reason, for the record.")
@click.option(
    "--public", type=click.Path(path_type=Path, dir_okay=False), help="The public half of a key made elsewhere; no key file is touched."
)
@click.option("--keep", is_flag=True, help="Keep the old private key beside the new one, instead of deleting it.")
def rotate_key(name: str, because: str | None, public: Path | None, keep: bool) -> None:  # noqa: FBT001  # a flag of the command line
    """Give NAME a new key; the ledger records it.

    NAME is writer, bot, effects or clock. The present writer signs the record; afterwards the processes that use the key must be started
    again. A rotation that was cut short is ended by saying the same again.
    """
    desk = Desk.open()
    if public:
        _rotate_to(desk, name, public, because)
    else:
        _rotate_here(desk, name, because, keep=keep)
    click.echo(f"Start {READERS[name]} again: what still holds the old key is refused.")


def _rotate_to(desk: Desk, name: str, public: Path, because: str | None) -> None:
    try:
        new = agent.read_public(public)
    except (OSError, BadKey) as exc:
        raise KeyRefused(f"{public}: {exc.strerror if isinstance(exc, OSError) else exc}. Nothing was changed") from None
    commit = desk.ring.rotate(keys.SIGNERS[name][0], new, because)
    _tell(name, new, commit)
    where = f"{desk.folder} (or its mounted secrets)"
    click.echo(f"No key file was touched: put the new key into {where}, as {name}.pub and, unless an SSH agent holds it, {name}.")


def _rotate_here(desk: Desk, name: str, because: str | None, *, keep: bool) -> None:
    if agent.is_in_agent(desk.folder, name):
        raise KeyRefused(f"an SSH agent holds {name}: make its next key there, and give its public half by --public. Nothing was changed")
    principal, ring = keys.SIGNERS[name][0], desk.ring
    old = agent.signer(desk.folder, name)
    begun = key_files.next_key(desk.folder, name) if key_files.waiting(desk.folder, name).exists() else None
    mine = tuple(one.public for one in (old, begun) if one)
    world = ring.read(begun.public if begun and name == "writer" else None)
    if not any(same(world.signers.get(principal), one) for one in mine):
        raise KeyRefused(f"the ledger's key of {principal} is not the one in {desk.folder}. Set TOWPATH_KEYS right. Nothing was changed")
    new = begun or key_files.next_key(desk.folder, name)
    commit = ring.rotate(principal, new.public, because, of=mine)
    kept_as = None
    if keep and not same(old.public, new.public):
        ring.read(new.public)
        kept_as = desk.folder / f"{name}.until-{ring.retired_at(old.public)}"
    key_files.swap(desk.folder, name, new, kept_as)
    _tell(name, new.public, commit)
    click.echo(f"The old private key is kept as {kept_as}." if kept_as else "The old private key was deleted; backups may still hold it.")


def _tell(name: str, new: str, commit: CommitId | None) -> None:
    print_ = fingerprint(new)
    if commit:
        click.echo(f"{keys.SIGNERS[name][0]} signs with {print_} from here on: recorded at {commit}.")
    else:
        click.echo(f"The ledger knows {print_} as the key of {keys.SIGNERS[name][0]} already; nothing more was recorded.")


@click.command(name="revoke-key")
@click.argument("print_", metavar="FINGERPRINT")
@click.option("--because", metavar="TEXT", required=True, help="The reason, for the record.")
@click.option(
    "--since", type=int, metavar="RECORD", help="The first record that is not to be believed; without it, none that the key signed."
)
def revoke_key(print_: str, because: str, since: int | None) -> None:
    """Revoke a key that was rotated away.

    FINGERPRINT is SHA256:... as the ledger and ssh-keygen show it. A current key is rotated first. The key goes into the ledger's file
    revoked_keys; nothing of what was recorded is changed.
    """
    if not _FINGERPRINT.fullmatch(print_):
        raise KeyRefused("a fingerprint is SHA256: and 43 characters, as `ssh-keygen -l` prints it. Nothing was changed")
    commit = Desk.open().ring.revoke(print_, because, since)
    click.echo(f"{print_} is revoked: recorded at {commit}." if commit else f"{print_} is revoked already; nothing more was recorded.")
