"""A mirror of somebody who only reads: of one repository, in a cache folder, holding the ledger or the tags and nothing else."""

from __future__ import annotations

import hashlib
import shutil

from workers.adapters.git.mirror import ANCHOR, TAGS, Mirror
from workers.adapters.git.plumbing import Answer
from workers.adapters.git.quick import QuickPlumbing
from workers.contract.names import CommitId
from workers.ports.errors import Unreachable, Untrusted, WorldError

_SEEN = "towpath.seen"
_LISTED = "towpath.listed"


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

    def refresh(self) -> CommitId | None:
        """Ask the remote for the ledger, or, where there is none, for the tags; the ledger's head. Raises Unreachable or Untrusted."""
        with self.locked("refresh"):
            known, head = self.head(), self.fetch_ledger()
            self._compare(known, head)
            if head is None:
                self._fetch_tags()
            elif head != known:
                self.set_ref(ANCHOR, head)
            (self.folder / _SEEN).touch()
        return head

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
        """Bring the tags up to date, without files where the host can leave them out. What has not changed is not fetched again."""
        with self.locked("source"):
            listed = hashlib.sha256(self._asked("ls-remote", "--quiet", "--refs", "--tags", "--", self.remote.address).out).hexdigest()
            noted = self.folder / _LISTED
            if noted.exists() and noted.read_text() == listed:
                return
            if (self.folder / "packed-refs").exists():
                tags = f"+{TAGS}*:{TAGS}*"
                options = ("--quiet", "--prune", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
                self._asked("fetch", *options, "--filter=tree:0", "--", self.remote.address, tags)
                self.git.must("pack-refs", "--all")
            else:
                self._begin()
            noted.write_text(listed)

    def _begin(self) -> None:
        """The first time: a clone writes all refs as one file, where a fetch writes a file each. Its objects land in our own store."""
        new = self.folder / "new"
        shutil.rmtree(new, ignore_errors=True)
        self._asked("clone", "--quiet", "--bare", "--no-local", "--template=", "--filter=tree:0", "--", self.remote.address, str(new))
        self.git.must("config", "remote.origin.promisor", "true")
        if (new / "packed-refs").exists():
            (new / "packed-refs").replace(self.folder / "packed-refs")
        shutil.rmtree(new)

    def _asked(self, command: str, *args: str) -> Answer:
        answer = self.git.talk(command, *args)
        if not answer.good:
            why = self.git.shown(answer.words) or "no answer in time"
            raise Unreachable(f"asking {self.git.shown(self.remote.address)} for its tags: {why}")
        return answer
