"""Every line of the ledger's `allowed_signers`, retired ones included: who a key belonged to, and until when."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.domain.state import WRITER, parse_signers

REVOKED = "revoked_keys"
"""A file of the ledger with one public key a line: none of them may sign any more."""

_LINE = re.compile(r'(?P<who>\S+) (?P<options>[a-z-]+="[^"]*"(?:,[a-z-]+="[^"]*")*) (?P<key>ssh-\S+ \S+)(?: .*)?')
_UNTIL = re.compile(r'valid-before="(?P<until>[^"]*)"')


@dataclass(frozen=True)
class Signers:
    """Public keys as `type base64`. `writer` may sign commits now; `retired` once might, until an instant; `others` sign something else."""

    writer: str = ""
    retired: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()

    @classmethod
    def read(cls, listed: bytes, revoked: bytes = b"") -> Signers:
        """From the files `allowed_signers` and `revoked_keys` of a commit."""
        text = listed.decode(errors="replace")
        writer = bare(parse_signers(text).get(WRITER, ""))
        retired, others = {}, {}
        for line in text.splitlines():
            match = _LINE.fullmatch(line.strip())
            if match is None or bare(match["key"]) == writer:
                continue
            until = _UNTIL.search(match["options"])
            if match["who"] == WRITER and until:
                retired[bare(match["key"])] = until["until"]
            else:
                others[bare(match["key"])] = match["who"]
        gone = (bare(line) for line in revoked.decode(errors="replace").splitlines())
        return cls(writer, retired, others, frozenset(key for key in gone if key))


def bare(key: str) -> str:
    """A public key line without its comment."""
    return " ".join(key.split()[:2])
