"""The folder of keys: made once, when there is no ledger yet, and never silently."""

from __future__ import annotations

import os
import secrets
import stat
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from workers.adapters import agent
from workers.contract.signatures import BadKey, Signer, SigningKey
from workers.domain.state import WRITER

SIGNERS = {"writer": (WRITER, "git"), **{name: (f"{name}@towpath", f"towpath-{name}") for name in ("bot", "effects", "clock")}}
LINKS = "links"
REPO_ID = "repo_id"
FILES = (*SIGNERS, *(f"{name}.pub" for name in SIGNERS), LINKS, REPO_ID)
_REPORTING = ("effects", "writer.pub", REPO_ID)
LANES = {"changes": ("writer",), "queries": (), "effects": _REPORTING, "training": _REPORTING, "clock": ("clock", REPO_ID)}
"""The files that each process reads."""


class BadFolder(ValueError):
    """The folder of keys cannot be used; the message says why and what to do."""


def present(folder: Path) -> bool:
    """Whether the folder holds keys already: all of them, or none. Raises BadFolder when it holds some.

    The writer's private half may be an SSH agent's; then its public half alone lies there, before the others are made.
    """
    wanted = tuple(name for name in FILES if name not in _of_agent(folder))
    lacking = [name for name in wanted if not os.path.lexists(folder / name)]
    if lacking and len(lacking) < len(wanted):
        raise BadFolder(
            f"{folder} holds some of Towpath's keys, but not {', '.join(lacking)}. Put back what is missing; only if no ledger was ever "
            "made with these keys, empty the folder. Nothing was changed."
        )
    return not lacking


def make(folder: Path) -> None:
    """Make all keys, the secret of signed links and the repository's id, with modes 0700 and 0600. Raises BadFolder; never overwrites.

    A key that an SSH agent holds is not made.
    """
    made = {name: new_private() for name in SIGNERS if name not in _of_agent(folder)}
    public = {f"{name}.pub": public_file(SigningKey.load(key), name) for name, key in made.items()}
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        for name, data in (made | {LINKS: secrets.token_urlsafe(48).encode()}).items():
            _write(folder / name, data, 0o600)
        for name, data in (public | {REPO_ID: uuid.uuid4().hex.encode()}).items():
            _write(folder / name, data, 0o644)
    except FileExistsError as exc:
        raise BadFolder(f"{exc.filename} exists already; somebody else makes keys there at this moment. It was left as it is.") from exc


def _of_agent(folder: Path) -> tuple[str, ...]:
    return ("writer", "writer.pub") if agent.is_in_agent(folder) else ()


def new_private() -> bytes:
    """A new Ed25519 key as a file of OpenSSH's, without passphrase."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def public_file(key: Signer, name: str) -> bytes:
    """The file of a key's public half, with its principal as the comment."""
    return f"{key.public} {SIGNERS[name][0]}\n".encode()


def _write(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)


def require(folder: Path, names: Iterable[str]) -> None:
    """See that the files can be read and hold what they must. Raises BadFolder, which names the setting and the first that cannot."""
    for name in names:
        try:
            if name in SIGNERS:
                agent.signer(folder, name) if name == "writer" else SigningKey.load((folder / name).read_bytes())
            else:
                (folder / name).read_bytes()
        except (OSError, BadKey) as exc:
            why = exc.strerror if isinstance(exc, OSError) else str(exc)
            raise BadFolder(
                f"TOWPATH_KEYS is wrong ({folder / name}: {why}). Set it to the folder of keys that `towpath init` makes."
            ) from None


def allowed_signers(folder: Path) -> str:
    """The ledger's `allowed_signers`: each principal with the one namespace that it may sign in."""
    lines = []
    for name, (principal, namespace) in SIGNERS.items():
        public = " ".join((folder / f"{name}.pub").read_text().split()[:2])
        lines.append(f'{principal} namespaces="{namespace}" {public}\n')
    return "".join(lines)


def loose(folder: Path) -> Iterator[Path]:
    """The private files that somebody else on the host can read."""
    for name in (*SIGNERS, LINKS):
        path = folder / name
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield path
