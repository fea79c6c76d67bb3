"""What a training brought, as one commit on a branch of its own: the base with the artifact's folder in its place, and nothing else.

The commit follows from the retraining and the files alone, so that a second run makes the same one. It is not signed: a branch of people's is not
the ledger, and this process holds no key of the writer's.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from workers.adapters.git import lfs
from workers.adapters.git.commits import Commit, read_commit, seconds, write_unsigned
from workers.adapters.git.contents import Limits
from workers.adapters.git.mirror import HEADS as FETCHED
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.objects import LARGEST_IN_MEMORY, Missing, parts
from workers.adapters.git.pushing import push
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.trees import FILE, FOLDER, PROGRAM, Entry, Trees
from workers.adapters.git.worktree import WorkTree
from workers.contract.names import CommitId
from workers.contract.retraining import Retraining
from workers.domain.retraining import branch_of
from workers.ports.errors import BadContent, RefusedByHost, Unclear, Unreachable

_LIMITS = Limits()
_MOST_SAID = 10
_HEADS = "refs/heads/"


class GitResults:
    """Implements ports.results.Results over a mirror whose remote it may push to. Large files go to `large`."""

    def __init__(self, mirror: Mirror, large: lfs.Remote, limits: Limits = _LIMITS) -> None:
        self._mirror = mirror
        self._trees = Trees(mirror.objects)
        self._large = large
        self._limits = limits

    def take(self, retraining: Retraining, tree: Path | None) -> CommitId:
        """The commit on the retraining's branch. Raises BadContent, RefusedByHost, Unreachable or Unclear."""
        self._mirror.fetch()
        branch = branch_of(retraining.artifact, retraining.id)
        try:
            if tree is None:
                return self._of_ci(retraining, branch)
            commit = self._made(retraining, tree)
        except Refusals as exc:
            raise BadContent(*exc.reasons) from exc
        self._push(branch, commit)
        return commit

    # What a CI has pushed.

    def _of_ci(self, retraining: Retraining, branch: str) -> CommitId:
        """The head of the branch, if all that differs from the base lies below the artifact's folder."""
        head = self._mirror.ref(f"{FETCHED}{branch}")
        if head is None:
            raise Refusals(f"The CI has ended well and pushed no branch {branch}.")
        git, base = self._mirror.git, retraining.base
        if head == base or not git.run("merge-base", "--is-ancestor", base, head).good:
            raise Refusals(f"{branch} ({head[:12]}) is not made on top of {base[:12]}, at which the retraining was begun.")
        changed = git.must("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, head).out.decode(errors="replace").split("\0")
        inside = f"{retraining.folder}/"
        if outside := [path for path in changed if path and not path.startswith(inside)]:
            raise Refusals(f"{branch} changes files outside of {retraining.folder}: {', '.join(outside[:_MOST_SAID])}.")
        return head

    # What lies in a work tree.

    def _made(self, retraining: Retraining, tree: Path) -> CommitId:
        base = self._base(retraining)
        limits = replace(self._limits, largest_version=min(self._limits.largest_version, retraining.recipe.disk_mb << 20))
        work = WorkTree(tree, retraining.folder, limits)
        entries = self._entries(retraining, base, work)
        root = self._trees.graft(base.tree, retraining.folder, entries)
        if root == base.tree:
            raise Refusals(f"The pipeline ended well and changed nothing in {retraining.folder}: it brought no new model.")
        content = write_unsigned(root, retraining.base, retraining.requester, seconds(retraining.requested_at), _message(retraining))
        return CommitId.read(self._mirror.objects.store("commit", content))

    def _base(self, retraining: Retraining) -> Commit:
        try:
            return read_commit(self._mirror.objects.read(retraining.base, "commit"))
        except Missing as exc:
            raise Refusals(f"The commit {retraining.base[:12]}, at which it was begun, is not in the repository any more.") from exc

    def _entries(self, retraining: Retraining, base: Commit, work: WorkTree) -> Mapping[str, Entry]:
        """What stands in Git for each file; large ones are sent only when nothing is against any of them."""
        sizes = work.listed()
        large = self._kept_in_lfs(retraining, sizes)
        reasons: list[str] = []
        found: dict[str, Entry] = {}
        pointers: dict[str, lfs.Pointer] = {}
        stood = self._before(base, retraining.folder)
        for path in sizes:
            before = stood.get(path)
            try:
                if path in large and sizes[path] and not self._is_pointer_of(before, work, path, sizes[path]):
                    pointers[path] = _pointer(work, path)
                    content = pointers[path].text
                else:
                    content = self._plain(before, work, path, sizes[path])
            except Refusals as exc:
                reasons += exc.reasons
                continue
            found[path] = Entry(PROGRAM if before and before.mode == PROGRAM else FILE, self._store(content))
        if reasons:
            raise Refusals(*reasons[:_MOST_SAID])
        for path, pointer in pointers.items():
            self._large.send(pointer, f"{retraining.folder}/{path}", _again(work, path))
        return found

    def _store(self, content: bytes) -> str:
        oid = self._mirror.objects.store("blob", content)
        if len(content) > LARGEST_IN_MEMORY // 64:
            self._mirror.objects.write()
        return oid

    def _kept_in_lfs(self, retraining: Retraining, paths: Iterable[str]) -> set[str]:
        """The paths that the base's `.gitattributes` give to Git LFS; those that a pipeline wrote itself do not count."""
        inside = f"{retraining.folder}/"
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "index"
            read = self._mirror.git.run_with_index(index, "read-tree", retraining.base)
            asked = "".join(f"{inside}{path}\0" for path in paths).encode()
            answer = self._mirror.git.run_with_index(index, "check-attr", "--cached", "-z", "--stdin", "filter", stdin=asked)
        if not (read.good and answer.good):
            raise Refusals(
                f"The .gitattributes of {retraining.base[:12]} cannot be read: {self._mirror.git.shown(read.words or answer.words)}."
            )
        words = answer.out.decode().split("\0")
        return {path.removeprefix(inside) for path, value in zip(words[0::3], words[2::3], strict=False) if value == "lfs"}

    def _before(self, base: Commit, folder: str) -> Mapping[str, Entry]:
        """The files that stand below the folder at the base."""
        entry = self._trees.find(base.tree, folder)
        listed = self._mirror.git.must("ls-tree", "-r", "-z", "--full-tree", entry.oid).out if entry and entry.mode == FOLDER else b""
        lines = (line.split("\t", 1) for line in listed.decode(errors="replace").split("\0")[:-1])
        return {path: Entry(*facts.split(" ")[::2]) for facts, path in lines}

    def _is_pointer_of(self, before: Entry | None, work: WorkTree, path: str, size: int) -> bool:
        """Whether a large file was never brought: the pointer that stood there still does."""
        if before is None or size >= lfs.LARGEST:
            return False
        with work.opened(path) as file:
            return lfs.resembles(content := file.read(lfs.LARGEST)) and self._mirror.objects.store("blob", content) == before.oid

    def _plain(self, before: Entry | None, work: WorkTree, path: str, size: int) -> bytes:
        if size > LARGEST_IN_MEMORY:
            rule = f"add a line for it to .gitattributes (`git lfs track`), as at most {LARGEST_IN_MEMORY >> 20} MB fit into Git itself"
            raise Refusals(f"{work.folder}/{path} has {size} bytes: {rule}.")
        with work.opened(path) as file:
            content = file.read(size + 1)
        if len(content) != size:
            raise Refusals(f"{work.folder}/{path} was changed while it was read.")
        if lfs.resembles(content[: lfs.LARGEST]) and not (before and before.oid == self._mirror.objects.store("blob", content)):
            raise Refusals(f"{work.folder}/{path} begins like a pointer of Git LFS: a pipeline must leave the content itself.")
        return content

    # The branch.

    def _push(self, branch: str, commit: CommitId) -> None:
        if self._is_there(branch, commit):
            return
        self._mirror.objects.write()
        sent = push(self._mirror, {f"{_HEADS}{branch}": commit})
        if sent.accepted:
            return
        try:
            if self._is_there(branch, commit):
                return
        except Unreachable as exc:
            raise Unclear(f"pushing {branch}: the answer was lost, and the remote cannot be asked") from exc
        if sent.answered:
            raise RefusedByHost(f"pushing {branch}: {sent.words or 'the host refuses it'}")
        raise Unreachable(f"pushing {branch}: {sent.words or 'the connection was lost and nothing was changed'}")

    def _is_there(self, branch: str, commit: CommitId) -> bool:
        """Whether the branch holds the commit. Raises BadContent when it holds another: nothing is ever moved."""
        head = self._mirror.remote_head(branch)
        if head not in (None, commit):
            raise BadContent(f"The branch {branch} is there already, at {str(head)[:12]}. Somebody made it; delete it, and ask again.")
        return head == commit


def _pointer(work: WorkTree, path: str) -> lfs.Pointer:
    """The pointer for a file, by its content as it is now."""
    digest, size = hashlib.sha256(), 0
    with work.opened(path) as file:
        for number, part in enumerate(parts(file)):
            if number == 0 and lfs.resembles(part[: lfs.LARGEST]):
                raise Refusals(f"{work.folder}/{path} begins like a pointer of Git LFS: a pipeline must leave the content itself.")
            digest.update(part)
            size += len(part)
    return lfs.Pointer(digest.hexdigest(), size)


def _again(work: WorkTree, path: str) -> Callable[[], Iterator[bytes]]:
    def content() -> Iterator[bytes]:
        with work.opened(path) as file:
            yield from parts(file)

    return content


def _message(retraining: Retraining) -> str:
    """A subject and trailers; the reason is one line of plain words, so that it cannot be taken for a trailer."""
    because = " ".join("".join(sign if sign.isprintable() else " " for sign in retraining.because or "").split())
    said = [f"Reason: {because[:500]}", ""] if because else []
    subject = f"Retrain {retraining.artifact} ({retraining.id})"
    return "\n".join(
        [subject, "", *said, f"Retraining: {retraining.id}", f"Artifact: {retraining.artifact}", f"Actor: {retraining.requester}"]
    )
