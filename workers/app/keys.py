"""The folder of keys: made once, when there is no ledger yet, and never silently."""

from __future__ import annotations

import os
import secrets
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from workers.contract.signatures import SigningKey
from workers.domain.state import WRITER

SIGNERS = {"writer": (WRITER, "git"), **{name: (f"{name}@towpath", f"towpath-{name}") for name in ("bot", "effects", "clock")}}
LINKS = "links"
REPO_ID = "repo_id"


def present(folder: Path) -> bool:
    """Whether the folder holds keys already."""
    return (folder / "writer").exists()


def make(folder: Path) -> None:
    """Make all keys, the secret of signed links and the repository's id. Never overwrites: raises FileExistsError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in SIGNERS:
        private = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
        _write(folder / name, private, 0o600)
        _write(folder / f"{name}.pub", f"{SigningKey.load(private).public} {SIGNERS[name][0]}\n".encode(), 0o644)
    _write(folder / LINKS, secrets.token_urlsafe(48).encode(), 0o600)
    _write(folder / REPO_ID, uuid.uuid4().hex.encode(), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data)


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
