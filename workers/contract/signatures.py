"""SSH signatures over bytes: OpenSSH's SSHSIG format (PROTOCOL.sshsig), Ed25519 only, made in process and checkable with `ssh-keygen -Y verify`."""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_private_key
from sshsig import PublicKey
from sshsig import verify as _verify
from sshsig.binary_io import SshWriter
from sshsig.sshsig import ssh_enarmor_sshsig


class BadKey(ValueError):
    """A key file does not hold what it must; the message says what is wrong, never what is in it."""


class BadSignature(ValueError):
    """A signature is not one of the named signer over these bytes in this namespace."""


class Signer(Protocol):
    """What signs: a private key in this process, or somebody who holds it and is asked for each signature."""

    @property
    def public(self) -> str:
        """The public key line, without a comment."""

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as `ssh-keygen -l` prints it."""

    def sign(self, message: bytes, namespace: str) -> str:
        """The armored SSHSIG signature over the message in the namespace. Raises what its holder raises who cannot sign now."""


@dataclass(frozen=True)
class SigningKey:
    """A private Ed25519 key. Its `repr` shows the fingerprint alone."""

    private: Ed25519PrivateKey
    public: str

    @classmethod
    def load(cls, text: bytes) -> SigningKey:
        """The key in an OpenSSH private key file without passphrase. Raises BadKey."""
        try:
            private = load_ssh_private_key(text, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
            raise BadKey("not an OpenSSH private key without passphrase") from exc
        if not isinstance(private, Ed25519PrivateKey):
            raise BadKey("not an Ed25519 key")
        public = private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        return cls(private, public)

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as `ssh-keygen -l` prints it."""
        return fingerprint(self.public)

    def sign(self, message: bytes, namespace: str) -> str:
        """The armored SSHSIG signature over the message (hashed with SHA-512) in the namespace."""
        digest = hashlib.sha512(message).digest()
        raw = self.private.sign(b"SSHSIG" + _strings(namespace.encode(), b"", b"sha512", digest))
        return ssh_enarmor_sshsig(_blob(self.public, namespace, b"sha512", raw))

    def __repr__(self) -> str:
        return f"SigningKey({self.fingerprint})"


def _strings(*parts: bytes) -> bytes:
    out = io.BytesIO()
    writer = SshWriter(out)
    for part in parts:
        writer.write_string(part)
    return out.getvalue()


def _blob(public: str, namespace: str, hashed: bytes, raw: bytes) -> bytes:
    """The one form in which a signature is written (PROTOCOL.sshsig, Blob format)."""
    parts = (base64.b64decode(public.split()[1]), namespace.encode(), b"", hashed, _strings(b"ssh-ed25519", raw))
    return b"SSHSIG" + (1).to_bytes(4, "big") + _strings(*parts)


@cache
def _public(line: str) -> PublicKey:
    try:
        return PublicKey.from_openssh_str(" ".join(line.split()[:2]))
    except (ValueError, NotImplementedError) as exc:
        raise BadKey("not an OpenSSH public key") from exc


def fingerprint(public: str) -> str:
    """`SHA256:...` of a public key line. Raises BadKey."""
    return str(_public(public).sha256_str())


def check(message: bytes, signature: str, public: str, namespace: str) -> None:
    """Raise BadSignature unless `signature` is the public key's over the message in the namespace, written in the one form there is."""
    try:
        _verify(message, signature, [_public(public)], namespace=namespace)
        blob = base64.b64decode("".join(line for line in signature.splitlines() if not line.startswith("-----")))
        whole = any(blob == _blob(public, namespace, hashed, blob[-64:]) for hashed in (b"sha512", b"sha256"))
    except Exception as exc:  # a hostile signature makes the library raise more than it says: assertions and type errors as well
        raise BadSignature(f"the signature does not hold ({type(exc).__name__})") from exc
    if not whole:
        raise BadSignature("the signature is not written as signatures are")
