"""Commits and annotated tags as bytes: written with our SSH signature, and read strictly.

The signature of a commit stands in its `gpgsig` header and covers the commit without it; a tag's follows its message and covers what precedes it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from sshsig import InvalidSignature, check_signature

from workers.contract.names import ActorId, CommitId
from workers.contract.signatures import Signer

NAMESPACE = "git"
WRITER = "Towpath <writer@towpath>"
_PERSON = re.compile(r"(?P<name>[^<>\n]*?) ?<(?P<email>[^<>\n]*)> (?P<time>-?\d{1,18}) (?P<zone>[+-]\d{4,7})")
_PLAIN = ("tree", "parent", "author", "committer")
_SIGNATURE = "-----BEGIN SSH SIGNATURE-----\n"


class BadObject(ValueError):
    """The bytes are not a commit or tag that we can read."""


@dataclass(frozen=True)
class Signature:
    """Who and when, as an author, committer or tagger line says it; the time is in seconds since 1970."""

    name: str
    email: str
    time: int


@dataclass(frozen=True)
class Commit:
    """A parsed commit. `signed` is what a signature must cover and `armor` the signature, if it has exactly one and no header but Git's common ones."""

    tree: str
    parents: tuple[CommitId, ...]
    author: Signature
    committer: Signature
    message: str
    signed: bytes | None = None
    armor: str | None = None

    @property
    def signer(self) -> str | None:
        """The public key line whose signature holds over this commit, or None."""
        return signer(self.signed, self.armor) if self.signed and self.armor else None


def seconds(instant: str) -> int:
    """Seconds since 1970 of an instant in RFC 3339."""
    return int(datetime.fromisoformat(instant).timestamp())


def as_author(actor: ActorId) -> str:
    """`U024BE7LH <U024BE7LH@T061EG9R6>`: an opaque id is all that history may hold of a person."""
    return f"{actor.user} <{actor}>"


def write_commit(
    tree: str, parents: Sequence[str], author: ActorId, time: int, message: str, key: Signer, committed: int | None = None
) -> bytes:
    """The content of a signed commit object; `committed` is the committer's time, if another. Raises BadObject when the message holds a NUL."""
    header, body = _header(tree, parents, author, time, time if committed is None else committed), "\n" + _text(message)
    armor = key.sign((header + body).encode(), NAMESPACE)
    return (header + "gpgsig " + armor.rstrip("\n").replace("\n", "\n ") + "\n" + body).encode()


def write_unsigned(tree: str, parent: str, author: ActorId, time: int, message: str) -> bytes:
    """The content of a commit that nobody signs, committed by us in a person's name. Raises BadObject when the message holds a NUL."""
    return (_header(tree, [parent], author, time, time) + "\n" + _text(message)).encode()


def _header(tree: str, parents: Sequence[str], author: ActorId, time: int, committed: int) -> str:
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
    lines += [f"author {as_author(author)} {time} +0000", f"committer {WRITER} {committed} +0000"]
    return "\n".join(lines) + "\n"


def write_tag(name: str, commit: str, time: int, message: str, key: Signer) -> bytes:
    """The content of a signed annotated tag object on a commit. Raises BadObject when the message holds a NUL."""
    text = f"object {commit}\ntype commit\ntag {name}\ntagger {WRITER} {time} +0000\n\n{_text(message)}"
    return (text + key.sign(text.encode(), NAMESPACE)).encode()


def _text(message: str) -> str:
    if "\0" in message or _SIGNATURE in message:
        raise BadObject("a message holds a NUL or a signature")
    return message.rstrip("\n") + "\n"


def read_commit(content: bytes) -> Commit:
    """The commit in the content of a commit object. Raises BadObject."""
    header, _, body = content.partition(b"\n\n")
    fields, order = _fields(header)
    plain = all(name in (*_PLAIN, "gpgsig") for name in order) and order.count("gpgsig") == 1
    armor = fields["gpgsig"][0] if plain else None
    return Commit(
        tree=_only(fields, "tree"),
        parents=tuple(CommitId.read(parent) for parent in fields.get("parent", [])),
        author=_person(_only(fields, "author")),
        committer=_person(_only(fields, "committer")),
        message=body.decode(errors="replace"),
        signed=_without_signature(header) + b"\n\n" + body if plain else None,
        armor=armor,
    )


def _fields(header: bytes) -> tuple[dict[str, list[str]], list[str]]:
    fields: dict[str, list[str]] = {}
    order: list[str] = []
    for line in header.decode(errors="replace").split("\n"):
        if line.startswith(" ") and order:
            fields[order[-1]][-1] += "\n" + line[1:]
            continue
        name, _, value = line.partition(" ")
        fields.setdefault(name, []).append(value)
        order.append(name)
    return fields, order


def _without_signature(header: bytes) -> bytes:
    kept, inside = [], False
    for line in header.split(b"\n"):
        inside = line.startswith(b"gpgsig ") or (inside and line.startswith(b" "))
        if not inside:
            kept.append(line)
    return b"\n".join(kept)


def _only(fields: dict[str, list[str]], name: str) -> str:
    found = fields.get(name, [])
    if len(found) != 1:
        raise BadObject(f"{len(found)} lines {name!r} in its header")
    return found[0]


def _person(text: str) -> Signature:
    match = _PERSON.fullmatch(text)
    if match is None:
        raise BadObject("a line of its header does not say who and when")
    return Signature(match["name"], match["email"], int(match["time"]))


def read_tagger(content: bytes) -> Signature | None:
    """The tagger of a tag object's content, or None when it names none."""
    fields, _ = _fields(content.partition(b"\n\n")[0])
    try:
        return _person(_only(fields, "tagger"))
    except BadObject:
        return None


def tag_signer(content: bytes) -> str | None:
    """The public key line whose signature holds over a tag object's content, or None."""
    at = content.find(_SIGNATURE.encode())
    if at < 0:
        return None
    return signer(content[:at], content[at:].decode(errors="replace"))


def signer(message: bytes, armor: str) -> str | None:
    """The public key line (Ed25519 alone) that an SSHSIG signature names and holds for, or None.

    A signature laid out as OpenSSH lays it out is checked at once; any other form of it is left to the library, which answers the same slowly.
    """
    if plain := _PLAIN_ARMOR.fullmatch(armor.rstrip("\n")):
        blob = base64.b64decode(plain["body"].replace("\n", ""))
        if len(blob) == _BLOB and blob.startswith(_BEFORE_KEY) and blob[len(_BEFORE_KEY) + 32 : -64] == _AFTER_KEY:
            return _checked(message, blob[len(_BEFORE_KEY) :][:32], blob[-64:])
    return _by_library(message, armor)


def _checked(message: bytes, raw: bytes, signature: bytes) -> str | None:
    """As PROTOCOL.sshsig says: what is signed is the preamble, the namespace, and the SHA-512 of the message."""
    key, line = _key(raw)
    try:
        key.verify(_SIGNED + hashlib.sha512(message).digest(), signature)
    except BadSignatureError:
        return None
    return line


@lru_cache(maxsize=64)
def _key(raw: bytes) -> tuple[VerifyKey, str]:
    blob = _string(b"ssh-ed25519") + _string(raw)
    return VerifyKey(raw), f"ssh-ed25519 {base64.b64encode(blob).decode()}"


def _string(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


_PLAIN_ARMOR = re.compile(
    r"-----BEGIN SSH SIGNATURE-----\n(?P<body>(?:[A-Za-z0-9+/]{1,76}\n)*[A-Za-z0-9+/]{1,76}={0,2})\n-----END SSH SIGNATURE-----", re.ASCII
)
_ABOUT = _string(NAMESPACE.encode()) + _string(b"") + _string(b"sha512")
_BEFORE_KEY = b"SSHSIG" + (1).to_bytes(4, "big") + (51).to_bytes(4, "big") + _string(b"ssh-ed25519") + (32).to_bytes(4, "big")
_AFTER_KEY = _ABOUT + (83).to_bytes(4, "big") + _string(b"ssh-ed25519") + (64).to_bytes(4, "big")
_BLOB = len(_BEFORE_KEY) + 32 + len(_AFTER_KEY) + 64
_SIGNED = b"SSHSIG" + _ABOUT + (64).to_bytes(4, "big")


def _by_library(message: bytes, armor: str) -> str | None:
    try:
        key = check_signature(message, armor.rstrip("\n") + "\n", NAMESPACE)
    except (InvalidSignature, ValueError, NotImplementedError, AssertionError, TypeError):
        return None  # the last two are how the library meets hostile algorithm names
    return str(key.openssh_str()) if key.algo_name == "ssh-ed25519" else None
