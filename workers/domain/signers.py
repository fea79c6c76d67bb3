"""The file `allowed_signers`: whose key signs what now, and which keys did so until when.

A principal's current key stands on the line without `valid-before`; a key that was rotated away keeps its line, so that stock Git still knows
what it signed. Both bounds are the committer time of the rotation's commit and belong to either key, as ssh-keygen counts them: that
commit is the old key's last, and committer times of the ledger never go back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

WRITER = "writer@towpath"
_LINE = re.compile(
    r'(?P<who>[a-z]+@towpath) namespaces="(?P<namespace>[a-z-]+)"(?:,valid-after="(?P<after>\d{14}Z)")?'
    r'(?:,valid-before="(?P<before>\d{14}Z)")? (?P<key>ssh-ed25519 [A-Za-z0-9+/=]+)',
    re.ASCII,
)


class KeyRefused(ValueError):
    """A key cannot be changed in this way; the message says why and what to do."""


@dataclass(frozen=True)
class Signer:
    """One line: a principal, its public key, and from when until when (`YYYYMMDDHHMMSSZ`) it signed. Without `before` it is current."""

    who: str
    key: str
    after: str | None = None
    before: str | None = None

    @property
    def line(self) -> str:
        """As the file has it."""
        bounds = (("valid-after", self.after), ("valid-before", self.before))
        options = [f'namespaces="{namespace_of(self.who)}"', *(f'{name}="{at}"' for name, at in bounds if at)]
        return f"{self.who} {','.join(options)} {self.key}\n"


def namespace_of(who: str) -> str:
    """The one namespace that a principal may sign in."""
    return "git" if who == WRITER else f"towpath-{who.partition('@')[0]}"


def read(text: str) -> list[Signer]:
    """The lines of a file of ours. A line of another form, or of another namespace than the principal's own, is left out."""
    found = (_LINE.fullmatch(line.strip()) for line in text.splitlines())
    return [
        Signer(one["who"], one["key"], one["after"], one["before"]) for one in found if one and one["namespace"] == namespace_of(one["who"])
    ]


def current(text: str) -> dict[str, str]:
    """Principal -> public key line of its current key. One who has two of them has none."""
    found: dict[str, list[str]] = {}
    for one in read(text):
        if one.before is None:
            found.setdefault(one.who, []).append(one.key)
    return {who: keys[0] for who, keys in found.items() if len(keys) == 1}


def same(one: str | None, other: str | None) -> bool:
    """Whether two public key lines are of the same key, whatever their comments; nothing is the same as nothing."""
    return bool(one and other) and str(one).split()[:2] == str(other).split()[:2]


def rotated(text: str, who: str, key: str, at: str) -> str:
    """The file after the principal's key was replaced at that instant. Raises KeyRefused for a key that was ever in it."""
    lines, old = read(text), current(text).get(who)
    if any(same(one.key, key) for one in lines):
        raise KeyRefused("this key is or was in use already; make a new one. Nothing was changed")
    new = Signer(who, " ".join(key.split()[:2]), after=at)
    kept = [new if one.who == who and one.key == old and one.before is None else one for one in lines]
    retired = [replace(one, before=at) for one in lines if one.who == who and one.key == old and one.before is None]
    if not retired:
        raise KeyRefused(f"the ledger knows no key of {who}. Nothing was changed")
    return _text([*kept, *retired])


def without(text: str, key: str, until: str | None) -> str:
    """The file without a retired key; with `until` it stays for what it signed up to then."""
    return _text(_shortened(one, until) if same(one.key, key) else one for one in read(text))


def _shortened(one: Signer, until: str | None) -> Signer | None:
    before = min(one.before or until, until) if until else None
    return replace(one, before=before) if before and (one.after or "") <= before else None


def _text(lines: Iterable[Signer | None]) -> str:
    return "".join(one.line for one in lines if one)
