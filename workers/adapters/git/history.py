"""Every commit of the ledger with what it changed, read in runs: the next run is listed by Git, and its signatures are checked, while the last
one is being judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from workers.adapters.git.commits import BadObject, Commit, read_commit
from workers.adapters.git.mirror import Mirror
from workers.adapters.git.objects import Missing
from workers.adapters.git.trees import FILE
from workers.contract import wire
from workers.contract.names import BadName, CommitId
from workers.domain import layout
from workers.domain.chain import Step
from workers.ports.errors import Untrusted

_RUN = 512
_DIFF = ("-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=none")
_NOTHING = "0" * 40


@dataclass(frozen=True)
class _Change:
    """One path of a comparison of trees: Git's mode and the blob's id afterwards; the mode of what was deleted is six zeros."""

    path: str
    mode: str
    oid: str

    @property
    def is_file(self) -> bool:
        """Whether a plain file stands there now."""
        return self.mode == FILE

    @property
    def odd(self) -> str | None:
        """What is told in place of a digest of what is no plain file."""
        return None if self.oid == _NOTHING and self.mode == "000000" else f"mode {self.mode}"


_Whole = tuple[_Change, str | None, bytes | None]
_Raw = tuple[CommitId, Commit, str | None, list[_Whole]]


def steps(mirror: Mirror, commits: Sequence[CommitId]) -> Iterator[Step]:
    """The commits, in their order, each with what it changed. Raises Untrusted when one cannot be read."""
    runs = [commits[at : at + _RUN] for at in range(0, len(commits), _RUN)]
    with ThreadPoolExecutor(1) as ahead:
        coming: Future[list[_Raw]] | None = ahead.submit(_read, mirror, runs[0]) if runs else None
        for number in range(len(runs)):
            assert coming is not None, "there is one for each run"
            run = coming.result()
            coming = ahead.submit(_read, mirror, runs[number + 1]) if number + 1 < len(runs) else None
            yield from (_step(*raw) for raw in run)


def changed(mirror: Mirror, before: CommitId, after: CommitId) -> Mapping[str, str | None]:
    """The paths in which two commits differ, with the file's SHA-256 afterwards (None: deleted; the mode of what is no plain file)."""
    fields = mirror.git.must("diff-tree", *_DIFF, before, after, "--").out.decode(errors="backslashreplace").split("\0")
    found = list(_changes(fields))
    return {change.path: digest for change, digest, _ in _with_contents(mirror, found)}


def _read(mirror: Mirror, run: Sequence[CommitId]) -> list[_Raw]:
    """The commits of a run and the files that they changed, with one `git diff-tree` and two runs of questions."""
    changes = _listed(mirror, run)
    try:
        headers = list(mirror.objects.read_many(run, "commit"))
        whole = _with_contents(mirror, [change for commit in run for change in changes.get(commit, ())])
        found = [_checked(commit, header) for commit, header in zip(run, headers, strict=True)]
        return [(*one, [next(whole) for _ in changes.get(one[0], ())]) for one in found]
    except Missing as exc:
        raise Untrusted(f"The ledger's commits from {run[0]} on cannot be read: {exc}") from exc


def _checked(commit: CommitId, content: bytes) -> tuple[CommitId, Commit, str | None]:
    """The commit and its signer, found out here ahead of the judgement: libsodium lets go of Python's lock meanwhile."""
    try:
        found = read_commit(content)
        return commit, found, found.signer
    except (BadObject, BadName) as exc:
        raise Untrusted(f"The ledger's commit {commit} cannot be read: {exc}") from exc


def _step(commit: CommitId, found: Commit, signer: str | None, changes: Sequence[_Whole]) -> Step:
    return Step(
        commit=commit,
        parents=found.parents,
        author=found.author.email,
        time=found.committer.time,
        message=found.message,
        signer=signer,
        changed={change.path: digest for change, digest, _ in changes},
        kept={change.path: data for change, _, data in changes if data is not None},
    )


def _with_contents(mirror: Mirror, changes: Sequence[_Change]) -> Iterator[_Whole]:
    """Each change with its digest, and with its bytes where somebody will read them."""
    contents = mirror.objects.read_many([change.oid for change in changes if change.is_file])
    for change in changes:
        if not change.is_file:
            yield change, change.odd, None
            continue
        data = next(contents)
        wanted = change.path.startswith("records/") or change.path in (layout.SIGNERS, layout.REVOKED)
        yield change, wire.sha256(data), data if wanted else None


def _listed(mirror: Mirror, run: Sequence[CommitId]) -> dict[str, list[_Change]]:
    """What each commit of a run changed, by one `git diff-tree`; a merge is listed as changing nothing."""
    given = "".join(f"{commit}\n" for commit in run).encode()
    answer = mirror.git.run("diff-tree", "--stdin", "--root", "--always", *_DIFF, stdin=given)
    if not answer.good:
        raise Untrusted(f"The ledger's trees from {run[0]} on cannot be compared: {mirror.git.shown(answer.words)}")
    found: dict[str, list[_Change]] = {}
    changes: list[_Change] = []
    fields = iter(answer.out.decode(errors="backslashreplace").split("\0"))
    for field in fields:
        if field.startswith(":"):
            changes.append(_change(field, next(fields)))
        elif field:
            changes = found.setdefault(field.strip(), [])
    return found


def _changes(fields: Sequence[str]) -> Iterator[_Change]:
    for at in range(0, len(fields) - 1, 2):
        yield _change(fields[at], fields[at + 1])


def _change(said: str, path: str) -> _Change:
    """A line of Git's raw output format: `:OLD_MODE NEW_MODE OLD_ID NEW_ID STATUS` (git-diff, RAW OUTPUT FORMAT)."""
    _, mode, _, oid, _ = said.split(" ")
    return _Change(path, mode, oid)
