"""A mirror of somebody who only reads: of one repository, in a cache folder, holding the ledger or the tags and nothing else."""

from __future__ import annotations

from workers.adapters.git.mirror import ANCHOR, TAGS, Mirror
from workers.adapters.git.quick import QuickPlumbing
from workers.contract.names import CommitId
from workers.ports.errors import Unreachable, Untrusted, WorldError

_SEEN = "towpath.seen"


class Cache(Mirror):
    """A mirror that never writes to its remote. Its anchor is the last head that it took, which no later one may leave behind."""

    plumbing = QuickPlumbing

    def _make(self) -> None:
        try:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.folder.chmod(0o700)
            super()._make()
        except OSError as exc:
            raise WorldError(f"making the cache folder {self.folder}: {exc.strerror}") from exc

    def refresh(self) -> None:
        """Ask the remote for the ledger, or, where there is none, for the tags. Raises Unreachable or Untrusted."""
        with self.locked("refresh"):
            head = self.fetch_ledger()
            self._compare(self.head(), head)
            if head is None:
                self._fetch_tags()
            elif head != self.head():
                self.set_ref(ANCHOR, head)
            (self.folder / _SEEN).touch()

    def head(self) -> CommitId | None:
        """The ledger's head when the remote was last asked, or None where there is no ledger."""
        return self.ref(ANCHOR)

    def seen(self) -> float | None:
        """When the remote last answered, in seconds since 1970; None: never."""
        try:
            return (self.folder / _SEEN).stat().st_mtime
        except FileNotFoundError:
            return None

    def _compare(self, known: CommitId | None, head: CommitId | None) -> None:
        if known is None or known == head:
            return
        if head is None or not self.git.run("merge-base", "--is-ancestor", known, head).good:
            now = f"its head {head} does not follow" if head else "the branch is gone from the remote, which had"
            raise Untrusted(
                f"the ledger was rewritten: {now} {known}, seen here before. Ask who runs Towpath before you believe it; "
                f"to forget what was seen here, remove {self.folder}"
            )

    def _fetch_tags(self) -> None:
        with self.locked("source"):
            answer = self._take(f"+{TAGS}*:{TAGS}*")
        if not answer.good:
            why = self.git.shown(answer.words) or "no answer in time"
            raise Unreachable(f"fetching the tags of {self.git.shown(self.remote.address)}: {why}")
