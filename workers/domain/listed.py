"""Every key that the ledger's lists name at one commit, retired and revoked ones included: who it belonged to, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.domain.signers import WRITER, current, read


@dataclass(frozen=True)
class Listed:
    """Public keys as `type base64`. `writer` may sign commits now; `retired` once might, until an instant; `others` sign something else."""

    writer: str = ""
    retired: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()

    @classmethod
    def read(cls, signers: bytes, revoked: bytes = b"") -> Listed:
        """From the files `allowed_signers` and `revoked_keys` of a commit."""
        text = signers.decode(errors="replace")
        writer = bare(current(text).get(WRITER, ""))
        lines = [one for one in read(text) if bare(one.key) != writer]
        retired = {bare(one.key): one.before for one in lines if one.who == WRITER and one.before}
        others = {bare(one.key): one.who for one in lines if bare(one.key) not in retired}
        gone = (bare(line) for line in revoked.decode(errors="replace").splitlines())
        return cls(writer, retired, others, frozenset(key for key in gone if key))


def bare(key: str) -> str:
    """A public key line without its comment."""
    return " ".join(key.split()[:2])
