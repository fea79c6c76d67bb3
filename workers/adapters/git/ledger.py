"""The ledger branch over a mirror: signed commits built in process, pushed plainly, read by commit id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from workers.adapters.git import history
from workers.adapters.git.commits import BadObject, Commit, read_commit, seconds, write_commit
from workers.adapters.git.mirror import ANCHOR, LEDGER, Mirror
from workers.adapters.git.objects import Missing
from workers.adapters.git.pushing import Sent, push
from workers.adapters.git.trees import FOLDER, REGULAR, BadTree, Trees
from workers.contract.names import BadName, CommitId
from workers.contract.signatures import Signer
from workers.domain.chain import Step
from workers.ports.errors import RefusedByHost, Unclear, Unreachable, Untrusted, WorldError
from workers.ports.ledger import Draft, Link, Push


class GitLedger:
    """The ledger branch of a mirror. Without a key it can only be read."""

    def __init__(self, mirror: Mirror, key: Signer | None) -> None:
        self._mirror = mirror
        self._key = key
        self._trees = Trees(mirror.objects)
        self._tip: tuple[CommitId | None, str, int] = (None, "", 0)

    def fetch(self) -> CommitId | None:
        """Ask the remote: the head of the ledger branch, or None when there is none. Raises Unreachable or Untrusted."""
        return self._mirror.fetch_ledger()

    def anchor(self) -> CommitId | None:
        """The last head that this mirror wrote or accepted; it outlives restarts."""
        return self._mirror.ref(ANCHOR)

    def set_anchor(self, commit: CommitId) -> None:
        """Remember a head as ours."""
        self._mirror.set_ref(ANCHOR, commit)

    def links(self, after: CommitId | None, head: CommitId) -> Iterator[Link]:
        """The commits from `after` (exclusive) to `head`, oldest first, those of every parent. Raises Untrusted."""
        for commit in self.commits(after, head):
            yield self._link(commit)

    def steps(self, after: CommitId | None, head: CommitId) -> Iterator[Step]:
        """The same commits, each with what it changed. Raises Untrusted."""
        return history.steps(self._mirror, self.commits(after, head))

    def changed(self, before: CommitId, after: CommitId) -> Mapping[str, str | None]:
        """The paths in which two commits differ, with the SHA-256 of the file afterwards. Raises Untrusted."""
        try:
            return history.changed(self._mirror, before, after)
        except Missing as exc:
            raise Untrusted(f"The ledger's commit {after} cannot be read: {exc}") from exc

    def commits(self, after: CommitId | None, head: CommitId) -> list[CommitId]:
        """The ids of the commits from `after` (exclusive) to `head`, oldest first, those of every parent. Raises Untrusted."""
        if after and not self._mirror.git.run("merge-base", "--is-ancestor", after, head).good:
            raise Untrusted(f"The ledger's head {head} does not descend from {after}")
        bounds = [head, f"^{after}"] if after else [head]
        listed = self._mirror.git.run("rev-list", "--topo-order", "--reverse", *bounds, "--")
        if not listed.good:
            raise Untrusted(f"The ledger's head {head} is not in the mirror as a whole")
        return [CommitId.read(line) for line in listed.lines]

    def signer(self, commit: CommitId) -> str | None:
        """The public key whose signature holds over this one commit, or None. Raises Untrusted when it cannot be read."""
        return self._commit(commit).signer

    def _link(self, commit: CommitId) -> Link:
        found = self._commit(commit)
        return Link(commit, found.parents, found.message, found.committer.time, found.signer)

    def _commit(self, commit: CommitId) -> Commit:
        try:
            return read_commit(self._mirror.objects.read(commit, "commit"))
        except (Missing, BadObject, BadName) as exc:
            raise Untrusted(f"The ledger's commit {commit} cannot be read: {exc}") from exc

    def read(self, commit: CommitId, path: str) -> bytes | None:
        """A file of a ledger commit, or None. Raises Untrusted when the commit cannot be read."""
        try:
            entry = self._trees.find(self._commit(commit).tree, path)
            return self._mirror.objects.read(entry.oid, "blob") if entry and entry.mode in REGULAR else None
        except (Missing, BadTree) as exc:
            raise Untrusted(f"{path!r} of the ledger's commit {commit} cannot be read: {exc}") from exc

    def read_below(self, commit: CommitId, folder: str) -> Iterator[tuple[str, bytes]]:
        """Every file below a folder, with its whole path; nothing when there is no such folder. Raises Untrusted."""
        try:
            entry = self._trees.find(self._commit(commit).tree, folder)
            if entry is None or entry.mode != FOLDER:
                return
            files = list(self._listed(entry.oid, folder))
            contents = self._mirror.objects.read_many([oid for _, oid in files])
            yield from zip((path for path, _ in files), contents, strict=True)
        except (Missing, BadTree, UnicodeDecodeError) as exc:
            raise Untrusted(f"{folder!r} of the ledger's commit {commit} cannot be read: {exc}") from exc

    def _listed(self, tree: str, folder: str) -> Iterator[tuple[str, str]]:
        """The paths and ids of the regular files below a tree, asked for at once: a large ledger has tens of thousands of trees."""
        self._mirror.objects.write()
        listed = self._mirror.git.run("ls-tree", "-r", "-z", "--full-tree", tree)
        if not listed.good:
            raise Missing(f"the tree {tree} is not in the mirror as a whole")
        for line in listed.out.decode().split("\0")[:-1]:
            facts, _, path = line.partition("\t")
            mode, _, oid = facts.split(" ")
            if mode in REGULAR:
                yield f"{folder}/{path}", oid

    def build(self, parent: CommitId | None, drafts: Iterable[Draft]) -> list[CommitId]:
        """Make one signed commit per draft, each on top of the one before. Raises BadTree for paths that cannot be, WorldError without a key.

        The author's time is the draft's. The committer's is never earlier than the commit's before: stock Git judges by it which key was valid.
        """
        tree, time = self._end(parent) if parent else (None, 0)
        built: list[CommitId] = []
        for draft in drafts:
            tree, time = self._trees.edit(tree, draft.files), max(time, seconds(draft.time))
            parent = self._sign(tree, parent, draft, time)
            built.append(parent)
            self._tip = (parent, tree, time)
        return built

    def build_over(self, base: CommitId, parent: CommitId, draft: Draft) -> CommitId:
        """One signed commit on top of `parent` whose files are those of `base` and the draft's: what lies between is undone."""
        before = self._commit(base)
        return self._sign(self._trees.edit(before.tree, draft.files), parent, draft, max(before.committer.time, seconds(draft.time)))

    def _sign(self, tree: str, parent: CommitId | None, draft: Draft, committed: int) -> CommitId:
        if self._key is None:
            raise WorldError("signing for the ledger: this process holds no writer's key")
        parents, at = [parent] if parent else [], seconds(draft.time)
        content = write_commit(tree, parents, draft.author, at, draft.message, self._key, committed=committed)
        return CommitId.read(self._mirror.objects.store("commit", content))

    def _end(self, parent: CommitId) -> tuple[str, int]:
        """The tree that the next commit changes, and the committer time that it must not go behind."""
        known, tree, time = self._tip
        if known == parent:
            return tree, time
        found = self._commit(parent)
        return found.tree, found.committer.time

    def push(self, head: CommitId, expected: CommitId | None) -> Push:
        """Move the remote branch from `expected` to `head` by a plain push. Raises Unreachable, Unclear or RefusedByHost."""
        branch = self._mirror.ledger_branch
        self._mirror.objects.write()
        sent = push(self._mirror, {f"refs/heads/{branch}": head})
        if sent.accepted:
            self._mirror.set_ref(LEDGER, head)
            return Push.ACCEPTED
        try:
            now = self._mirror.remote_head(branch)
        except Unreachable as exc:
            raise Unclear(f"pushing {branch}: the answer was lost, and the remote cannot be asked") from exc
        if now == head:
            self._mirror.set_ref(LEDGER, head)
            return Push.ACCEPTED
        return self._not_accepted(now, expected, sent)

    def _not_accepted(self, now: CommitId | None, expected: CommitId | None, sent: Sent) -> Push:
        if now != expected:
            return Push.LOST
        if sent.answered or not self._may_push():
            raise RefusedByHost(f"pushing {self._mirror.ledger_branch}: {sent.words or 'the host refuses pushes'}")
        raise Unreachable(f"pushing {self._mirror.ledger_branch}: the connection was lost and nothing was changed")

    def _may_push(self) -> bool:
        """Whether the host lets us begin a push at all; one that does not was not merely lost on the way."""
        branch, head = self._mirror.ledger_branch, self._mirror.ref(LEDGER)
        return head is None or push(self._mirror, {f"refs/heads/{branch}": head}, "--dry-run").accepted
