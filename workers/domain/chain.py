"""Whether one commit of the ledger is ours and says the truth about itself: the one judgement that the writer, the verification and `disown` share.

A commit that the writer did not sign is foreign. It is excused exactly when a later record of ours, the event `disowned`, names it: then that
record follows the last commit of ours, and so does the tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from typing import Any, Protocol

from workers.contract import wire
from workers.contract.envelope import read_stamp
from workers.contract.names import CommitId
from workers.domain import layout, signed_votes
from workers.domain.listed import Listed, bare

DISOWNED = "disowned"
CLOCK_SLACK = timedelta(minutes=5)
"""Clocks of two hosts may differ by so much; a record that is earlier by more than that was dated by a clock that was set back."""
_RECORD = re.compile(r"records/(\d{1,12})/(\d{1,15})\.json", re.ASCII)


class Fault(Enum):
    """What can be wrong with a commit; each has a word of its own."""

    UNSIGNED = "unsigned"
    STRANGER = "stranger"
    EXPIRED = "expired"
    REVOKED = "revoked"
    MERGE = "merge"
    PARENT = "parent"
    LAUNDERED = "laundered"
    DISOWNED = "disowned"
    NO_RECORD = "no-record"
    GAP = "gap"
    TWICE = "twice"
    HASH = "hash"
    RECORD = "record"
    PREV = "prev"
    REPOSITORY = "repository"
    CLOCK = "clock"
    FILES = "files"
    TRAILERS = "trailers"
    VOTE = "vote"


FOREIGN = frozenset({Fault.UNSIGNED, Fault.STRANGER, Fault.EXPIRED, Fault.REVOKED})
"""The faults of a commit that is not the writer's: these alone can be disowned."""


@dataclass(frozen=True)
class Flaw:
    """What is wrong with a commit: `words` go on where `ledger commit 1a2b3c` began."""

    commit: CommitId
    fault: Fault
    words: str


@dataclass(frozen=True)
class Step:
    """One commit of the branch as Git tells it. `time` is the committer's, in seconds; `author` an address; `signer` the public key that signed it.

    `changed` are the paths in which it differs from its parent, with the `sha256:` of the file (None: deleted; of what is no plain file, its mode).
    `kept` are the bytes of records and of lists of keys among them.
    """

    commit: CommitId
    parents: tuple[CommitId, ...]
    author: str
    time: int
    message: str
    signer: str | None
    changed: Mapping[str, str | None] = field(default_factory=dict)
    kept: Mapping[str, bytes] = field(default_factory=dict)


class Look(Protocol):
    """What is seldom needed and then looked up in Git."""

    def read(self, commit: CommitId, path: str) -> bytes | None:
        """A file of a commit."""

    def changed(self, before: CommitId, after: CommitId) -> Mapping[str, str | None]:
        """The paths in which two commits differ, as in `Step`."""


@dataclass(frozen=True)
class Line:
    """Where the ledger stands after a commit: the last record of ours, and the `foreign` commits on top of it, oldest first."""

    seq: int = -1
    head: CommitId | None = None
    repo_id: str = ""
    time: str = ""
    signers: Listed = field(default_factory=Listed)
    foreign: tuple[CommitId, ...] = ()

    @property
    def tip(self) -> CommitId | None:
        """The last commit, whoever made it."""
        return self.foreign[-1] if self.foreign else self.head


@dataclass(frozen=True)
class Judged:
    """The line after a commit, what is wrong with it, and the foreign commits that it excuses."""

    line: Line
    flaws: tuple[Flaw, ...] = ()
    excused: tuple[CommitId, ...] = ()


def at(commit: CommitId, seq: int, look: Look) -> Line:
    """The line at a commit of ours that holds record `seq`. Raises BadWire."""
    found = wire.load(look.read(commit, layout.record(seq)) or b"")
    if not isinstance(found, dict):
        raise wire.BadWire("not a record of ours")
    signers = Listed.read(look.read(commit, layout.SIGNERS) or b"", look.read(commit, layout.REVOKED) or b"")
    return Line(seq, commit, str(found.get("repo_id")), str(found.get("time")), signers)


def judge(line: Line, step: Step, look: Look) -> Judged:
    """A commit against the line before it."""
    signers = line.signers if line.tip else Listed.read(step.kept.get(layout.SIGNERS, b""))
    flaws = [Flaw(step.commit, fault, words) for fault, words in (*_joined(line, step), *_signed(signers, step))]
    if any(flaw.fault in FOREIGN for flaw in flaws):
        return Judged(replace(line, foreign=(*line.foreign, step.commit)), tuple(flaws))
    record = _Record(replace(line, signers=signers), step, look)
    flaws += [Flaw(step.commit, fault, words) for fault, words in record.faults()]
    excused = line.foreign if not any(flaw.fault in (Fault.LAUNDERED, Fault.DISOWNED) for flaw in flaws) else ()
    return Judged(record.after(), tuple(flaws), excused)


Said = Iterator[tuple[Fault, str]]


def _joined(line: Line, step: Step) -> Said:
    if len(step.parents) > 1:
        yield Fault.MERGE, f"is a merge: it has {len(step.parents)} parents"
    elif step.parents != ((line.tip,) if line.tip else ()):
        yield Fault.PARENT, f"does not follow {line.tip or 'nothing'}, but {', '.join(step.parents) or 'nothing'}"


def _signed(signers: Listed, step: Step) -> Said:
    key = bare(step.signer or "")
    if key in signers.revoked and key:
        yield Fault.REVOKED, "is not signed by the ledger's writer, but by a key that was revoked"
    elif not key:
        yield Fault.UNSIGNED, "is not signed by the ledger's writer: it holds no signature that is valid"
    elif key in signers.retired:
        yield Fault.EXPIRED, f"is not signed by the ledger's writer of then, but by a key that had expired ({signers.retired[key]})"
    elif key != signers.writer:
        who = f"by {signers.others[key]}, who may not sign commits" if key in signers.others else "by a key that is not listed"
        yield Fault.STRANGER, f"is not signed by the ledger's writer, but {who}"


class _Record:
    """The record of a commit that the writer signed, against the commit and the line before it."""

    def __init__(self, line: Line, step: Step, look: Look) -> None:
        self.line, self.step, self.look = line, step, look
        self.seq = line.seq + 1
        self.others = self._others(step.changed)
        self.data = step.kept.get(layout.record(self.seq))
        if self.data is None and self.others:
            self.data = step.kept.get(layout.record(self.others[0]))
        self.found = parsed(self.data)
        self.trailers = _trailers(step.message)
        self.changed: Mapping[str, str | None] = step.changed

    def _others(self, changed: Iterable[str]) -> list[int]:
        numbers = (_number(path) for path in changed)
        return [number for number in numbers if number is not None and number != self.seq]

    def after(self) -> Line:
        """The line goes on from what the record says of itself, so that one fault is told once and not again for all that follows."""
        seq, time, repo_id = (self.found.get(name) for name in ("seq", "time", "repo_id"))
        kept, signers = self.step.kept, self.line.signers
        if layout.SIGNERS in self.step.changed or layout.REVOKED in self.step.changed or self.line.foreign:
            commit = self.step.commit
            lists = (kept.get(path) or self.look.read(commit, path) or b"" for path in (layout.SIGNERS, layout.REVOKED))
            signers = Listed.read(*lists)
        return Line(
            seq if isinstance(seq, int) and seq >= 0 else self.seq,
            self.step.commit,
            self.line.repo_id or str(repo_id),
            time if isinstance(time, str) and _instant(time) else self.line.time,
            signers,
        )

    def faults(self) -> Said:
        if self.line.foreign:
            if self.found.get("event") != DISOWNED:
                yield Fault.LAUNDERED, f"stands on {self.line.tip}, which is not of the ledger's writer, and does not disown it"
                return
            yield from self._disowns()
        yield from self._numbered()
        if self.data is None:
            return
        if not self.found:
            yield Fault.RECORD, "holds a record that is not JSON of ours"
            return
        yield from self._bound()
        yield from self._timed()
        yield from self._listed()
        yield from self._told()
        yield from self._approved()

    def _disowns(self) -> Said:
        if disowned(self.found) != self.line.foreign:
            yield Fault.DISOWNED, "does not disown exactly the foreign commits below it"
        if self.line.head:
            self.changed = self.look.changed(self.line.head, self.step.commit)
            self.others = self._others(self.changed)  # records that strangers wrote meanwhile are gone again, and not this commit's

    def _numbered(self) -> Said:
        said = self.found.get("seq")
        number = said if isinstance(said, int) else self.others[0] if self.others else None
        wrong = [one for one in (*self.others, number) if one is not None and one != self.seq]
        if wrong and wrong[0] > self.seq:
            yield Fault.GAP, f"holds record {wrong[0]}, but {self.seq} is the next one: there is a gap"
        elif wrong:
            yield Fault.TWICE, f"holds record {wrong[0]} once more: the next one is {self.seq}"
        elif self.data is None:
            yield Fault.NO_RECORD, f"has no record {self.seq}"

    def _bound(self) -> Said:
        assert self.data is not None, "without a record nothing is compared with it"
        if self.trailers.get("Record-Sha256") != [wire.sha256(self.data)[7:]]:
            yield Fault.HASH, "holds a record that is not the one that its message names"
        if self.found.get("prev") != self.line.head:
            yield Fault.PREV, f"holds a record that follows {self.found.get('prev')}, not {self.line.head}"
        if self.line.repo_id and self.found.get("repo_id") != self.line.repo_id:
            yield Fault.REPOSITORY, "holds a record of another repository"

    def _timed(self) -> Said:
        time = self.found.get("time")
        instant = _instant(time)
        if not isinstance(time, str) or instant is None:
            yield Fault.RECORD, "holds a record without a time"
            return
        if not 0 <= self.step.time - int(instant.timestamp()) <= CLOCK_SLACK.total_seconds():
            yield Fault.CLOCK, f"is dated otherwise than its record ({time})"
        before = _instant(self.line.time) if time < self.line.time else None
        if before and instant < before - CLOCK_SLACK:
            yield Fault.CLOCK, f"was recorded at {time}, before the record below it ({self.line.time}): the clock was set back"

    def _listed(self) -> Said:
        """What the commit changed is what its record lists, file by file, and the other way round; of records themselves `_numbered` tells."""
        listed = self.found.get("files", {})
        if not isinstance(listed, dict):
            yield Fault.RECORD, "holds a record whose list of files is none"
            return
        told = {layout.record(number) for number in (self.seq, *self.others)}
        for path, digest in self.changed.items():
            if path not in told and path not in listed:
                yield Fault.FILES, f"changes {path!r}, which its record does not list"
            elif path not in told and listed[path] != digest:
                yield Fault.FILES, f"holds another {path!r} than its record says"
        for path in listed.keys() - self.changed.keys():
            data = self.look.read(self.step.commit, path)
            if listed[path] != (wire.sha256(data) if data is not None else None):
                yield Fault.FILES, f"does not hold the {path!r} that its record lists"

    def _told(self) -> Said:
        said = self.trailers
        for key, wanted in _wanted(self.found).items():
            needed = key in ("Event", "Actor") or (key in ("Promotion", "Digest") and "promotion" in self.found)
            if said.get(key, [] if needed else wanted) != wanted:
                yield Fault.TRAILERS, f"says {key} {', '.join(said.get(key, [])) or 'nothing'}, its record {', '.join(wanted) or 'nothing'}"
        actor = _at(self.found, "actor", "id")
        if self.step.author != actor:
            yield Fault.TRAILERS, f"names {self.step.author} as its author, its record {actor}"

    def _approved(self) -> Said:
        look, commit = self.look, self.step.commit
        return ((Fault.VOTE, words) for words in signed_votes.wrong(self.found, lambda: look.read(commit, layout.POLICY)))


def _wanted(found: Mapping[str, Any]) -> dict[str, list[str]]:
    """The trailers that a record gives (README.md of the ledger)."""
    promotion = found.get("promotion")
    votes = _at(found, "promotion", "votes") or []
    values: dict[str, Any] = {
        "Event": found.get("event"),
        "Actor": _at(found, "actor", "id"),
        "Artifact": found.get("artifact"),
        "Version": found.get("version"),
        "Environment": found.get("environment"),
        "Promotion": _at(found, "promotion", "id"),
        "Digest": _at(found, "promotion", "to", "digest"),
        "Policy": _at(found, "promotion", "policy") if promotion else found.get("policy"),
    }
    wanted = {key: [str(value)] if value else [] for key, value in values.items()}
    return wanted | {"Approved-by": [str(_at(vote, "actor")) for vote in votes]}


def _at(found: Any, *keys: str) -> Any:
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def parsed(data: bytes | None) -> dict[str, Any]:
    """A record as data; empty when it is none of ours."""
    try:
        found = wire.load(data) if data else {}
    except wire.BadWire:
        return {}
    return found if isinstance(found, dict) else {}


def disowned(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The foreign commits that a record disowns, oldest first; none for any other record."""
    detail = record.get("detail", {})
    listed = detail.get("commits", []) if record.get("event") == DISOWNED and isinstance(detail, dict) else []
    return tuple(str(one.get("commit")) for one in listed) if all(isinstance(one, dict) for one in listed) else ()


def _number(path: str) -> int | None:
    match = _RECORD.fullmatch(path)
    return int(match[2]) if match and path == layout.record(int(match[2])) else None


def _instant(text: Any) -> Any:
    try:
        return read_stamp(text)
    except (ValueError, TypeError):
        return None


def _trailers(message: str) -> dict[str, list[str]]:
    """The lines `Key: value` of the last paragraph: all values of each key, in their order."""
    found: dict[str, list[str]] = {}
    for line in message.rstrip("\n").rpartition("\n\n")[2].split("\n"):
        key, colon, value = line.partition(": ")
        if colon:
            found.setdefault(key, []).append(value)
    return found
