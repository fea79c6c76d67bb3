"""Every commit of the ledger with what it changed, read in runs: the next run is listed by Git, and its signatures are checked, while the last
one is being judged."""

from __future__ import annotations

from collections import deque
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

_RUN = 256
_AHEAD = 3
"""So many runs are being read or checked while one is judged."""
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
_Raw = tuple[CommitId, bytes, list[_Whole]]
_Checked = tuple[CommitId, Commit, str | None, list[_Whole]]


def steps(mirror: Mirror, commits: Sequence[CommitId]) -> Iterator[Step]:
    """The commits, in their order, each with what it changed. Raises Untrusted when one cannot be read."""
    runs = [commits[at : at + _RUN] for at in range(0, len(commits), _RUN)]
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as checker:
        coming: deque[Future[list[_Checked]]] = deque()
        for number in range(len(runs)):
            while len(coming) < _AHEAD and number + len(coming) < len(runs):
                coming.append(checker.submit(_checked, reader.submit(_read, mirror, runs[number + len(coming)])))
            yield from (_step(*one) for one in coming.popleft().result())


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
        return [(commit, header, [next(whole) for _ in changes.get(commit, ())]) for commit, header in zip(run, headers, strict=True)]
    except Missing as exc:
        raise Untrusted(f"The ledger's commits from {run[0]} on cannot be read: {exc}") from exc


def _checked(run: Future[list[_Raw]]) -> list[_Checked]:
    """Each commit with its signer, found out ahead of the judgement: libsodium lets go of Python's lock meanwhile."""
    found: list[_Checked] = []
    for commit, content, changes in run.result():
        try:
            one = read_commit(content)
        except (BadObject, BadName) as exc:
            raise Untrusted(f"The ledger's commit {commit} cannot be read: {exc}") from exc
        found.append((commit, one, one.signer, changes))
    return found


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
