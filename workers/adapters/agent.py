"""A key that an SSH agent holds: each signature is asked of it through `ssh-keygen -Y sign`, and checked before it is used.

The agent (or the token behind it) never gives the private key away. `SSH_AUTH_SOCK` says where it listens.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from workers.contract.signatures import BadKey, BadSignature, Signer, SigningKey, check, fingerprint
from workers.ports.errors import NotSigned

SOCKET = "SSH_AUTH_SOCK"
PATIENCE = 20.0
"""Seconds: some agents ask a person, or a token that is slow."""


@dataclass(frozen=True)
class AgentKey:
    """The key whose public half is the file `path`. Implements contract.signatures.Signer."""

    path: Path
    public: str

    @classmethod
    def load(cls, path: Path) -> AgentKey:
        """The key that a public key file names. Raises BadKey or OSError."""
        return cls(path, read_public(path))

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as `ssh-keygen -l` prints it."""
        return fingerprint(self.public)

    def sign(self, message: bytes, namespace: str) -> str:
        """The armored SSHSIG signature over the message in the namespace. Raises NotSigned."""
        asked = f"asking the SSH agent for a signature of {self.fingerprint}"
        command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(self.path)]
        try:
            done = subprocess.run(command, input=message, env=_environment(), capture_output=True, check=False, timeout=PATIENCE)
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise NotSigned(f"{asked}: {_why(exc)}") from exc
        if done.returncode != 0:
            words = " ".join(done.stderr.decode(errors="replace").split())[:200]
            raise NotSigned(f"{asked}: {words or 'it said no'}. See that {SOCKET} leads to it and that `ssh-add -l` lists the key")
        try:
            armor = done.stdout.decode()
            check(message, armor, self.public, namespace)
        except (UnicodeDecodeError, BadSignature) as exc:
            raise NotSigned(f"{asked}: what came back is not this key's signature") from exc
        return armor


def read_public(path: Path) -> str:
    """The Ed25519 public key in a file, without its comment. Raises BadKey or OSError."""
    try:
        line = " ".join(path.read_text("ascii").split()[:2])
    except UnicodeDecodeError as exc:
        raise BadKey("not an OpenSSH public key") from exc
    if not line.startswith("ssh-ed25519 "):
        raise BadKey("not an Ed25519 public key")
    fingerprint(line)
    return line


def is_in_agent(folder: Path, name: str = "writer") -> bool:
    """Whether a folder leaves a key to the agent: the public half is there, the private is not, and there is an agent to ask."""
    return not os.path.lexists(folder / name) and (folder / f"{name}.pub").exists() and bool(os.environ.get(SOCKET))


def signer(folder: Path, name: str) -> Signer:
    """The key of a folder: its file, or the agent's. Raises BadKey or OSError."""
    if is_in_agent(folder, name):
        return AgentKey.load(folder / f"{name}.pub")
    return SigningKey.load((folder / name).read_bytes())


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", SOCKET) if name in os.environ} | {"LC_ALL": "C"}


def _why(exc: Exception) -> str:
    return f"no answer within {PATIENCE:.0f} seconds" if isinstance(exc, subprocess.TimeoutExpired) else "ssh-keygen cannot be started"
