"""Showing the ledger in GTO's tags: what is missing is signed and pushed, nothing is ever moved or deleted.

The tags are only a picture: one that cannot be pushed stops no promotion, and the next showing repairs what is missing. Which tags of versions were
never pushed is kept in refs of the mirror: they were not deleted by anybody, however long they are missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence

from workers.adapters.git import gto
from workers.adapters.git.commits import write_tag
from workers.adapters.git.mirror import TAGS, Mirror
from workers.adapters.git.projection import Basis, Missing, missing
from workers.adapters.git.pushing import push
from workers.adapters.git.source import is_signed
from workers.contract.promotion import RegisteredVersion
from workers.contract.signatures import Signer
from workers.ports.errors import RefusedByHost, Unclear, Unreachable
from workers.ports.source import Assignment

_ROUNDS = 5
_UNPUSHED = "refs/towpath/unpushed/"


class GtoTags:
    """GTO's tags in the remote of a mirror, signed with the writer's key. `now` tells the time in seconds since 1970."""

    def __init__(self, mirror: Mirror, key: Signer, now: Callable[[], float] = time.time) -> None:
        self._mirror = mirror
        self._key = key
        self._now = now

    def show(
        self, versions: Iterator[RegisteredVersion], assignments: Iterator[Assignment], on_record: frozenset[str] = frozenset()
    ) -> int:
        """Push the tags that are missing, at most three at a time, the old assignment retired first; how many were pushed. Raises WorldError.

        What others did is left alone until it is `on_record`: ids of assignments that may be retired, names of deleted tags to make again.
        """
        wanted, holding, shown = list(versions), list(assignments), 0
        for _ in range(_ROUNDS):
            self._mirror.fetch()
            batches = list(missing(self._basis(on_record), wanted, holding))
            if not batches:
                return shown
            shown += self._push_all(batches)
        raise Unclear(
            f"pushing tags: after {_ROUNDS} rounds some are still missing; somebody else takes the names or the remote drops them"
        )

    def _basis(self, on_record: frozenset[str]) -> Basis:
        public, picture = self._key.public, gto.read(self._mirror)
        again = on_record | self._unpushed(picture.names)
        return Basis(picture, int(self._now()), lambda event: is_signed(self._mirror, event, public), again)

    def _unpushed(self, there: Container[str]) -> frozenset[str]:
        """The names of tags that were never pushed; one that is there after all is forgotten."""
        names = {ref[len(_UNPUSHED) :] for ref in self._mirror.git.lines("for-each-ref", "--format=%(refname)", _UNPUSHED)}
        landed = {name for name in names if name in there}
        self._forget(landed)
        return frozenset(names - landed)

    def _forget(self, names: Iterable[str]) -> None:
        for name in names:
            self._mirror.set_ref(_UNPUSHED + name, None)

    def _push_all(self, batches: Sequence[Sequence[Missing]]) -> int:
        """Push until a batch is not taken as a whole: then the rest must be planned again on what the remote has by now."""
        shown = 0
        for batch in batches:
            landed = self._push(batch)
            shown += landed
            if landed < len(batch):
                break
        return shown

    def _push(self, batch: Sequence[Missing]) -> int:
        refs = {TAGS + tag.name: self._made(tag) for tag in batch}
        self._mirror.objects.write()
        versions = {tag.name: tag.commit for tag in batch if tag.registers}
        for name, commit in versions.items():
            self._mirror.set_ref(_UNPUSHED + name, commit)
        sent = push(self._mirror, refs)
        if sent.accepted:
            self._forget(versions)
            return len(refs)
        try:
            there = self._mirror.remote_refs(*refs)
        except Unreachable as exc:
            raise Unclear("pushing tags: the answer was lost, and the remote cannot be asked") from exc
        landed = sum(there.get(name) == oid for name, oid in refs.items())
        if there:
            return landed
        raise (RefusedByHost if sent.answered else Unreachable)(f"pushing tags: {sent.words}")

    def _made(self, tag: Missing) -> str:
        return self._mirror.objects.store("tag", write_tag(tag.name, tag.commit, tag.time, tag.message, self._key))
