"""The whole ledger, or what is new since a signed checkpoint, judged against facts from outside of it. Never sound when unsure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from workers.contract import wire
from workers.contract.names import CommitId
from workers.contract.signatures import BadKey, fingerprint
from workers.contract.verified import Found, Verdict, Verification
from workers.domain import chain, layout
from workers.domain.listed import Listed
from workers.perform.checkpoint import Checkpoint
from workers.perform.reading import told
from workers.ports.errors import Untrusted
from workers.ports.ledger import LedgerBranch

MOST = 50
GIVEN = "given"
"""Where an anchor was seen that a person named."""
ANCHOR = re.compile(r"[0-9a-f]{12,40}", re.ASCII)
NO_TRUST = Found(
    "no-trust",
    "Nothing says which key began the ledger. Give its fingerprint (--trust SHA256:... or TOWPATH_TRUST), or pin it as `trust` in towpath.yaml.",
)
NO_ANCHOR = Found(
    "no-anchor",
    "Nothing shows that the end was not cut off. Give a head that Towpath showed you in Slack: --expect HEAD.",
)


@dataclass(frozen=True)
class Anchor:
    """A head that somebody saw: a commit id, or its first twelve digits or more, and where it was seen."""

    commit: str
    whence: str


@dataclass(frozen=True)
class Asked:
    """What to hold the ledger against. `checkpoint` is one of ours, or None: then every commit is judged."""

    trust: str | None
    anchors: Sequence[Anchor] = ()
    checkpoint: Checkpoint | None = None
    lacking: Sequence[Found] = ()
    notes: Sequence[str] = ()


@dataclass
class Walk:
    """What one pass over the branch found. `line` is where it stands at the head."""

    line: chain.Line
    commits: list[CommitId]
    checked: int = 0
    findings: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubtful: list[Found] = field(default_factory=list)


def verify(ledger: LedgerBranch, head: CommitId, asked: Asked) -> tuple[Verification, Walk]:
    """The verdict on the branch at a head that was fetched, and the walk that led to it."""
    try:
        walk = _walk(ledger, head, asked)
    except Untrusted as exc:
        unreadable = Found("unreadable", f"{exc}. Clone the repository anew, whole, and verify that.")
        broken = Walk(chain.Line(), [])
        return Verification(Verdict.CANNOT_TELL, lacking=(*asked.lacking, unreadable), head=head, notes=tuple(asked.notes)), broken
    walk.findings += _cut_off(walk.commits, asked)
    lacking = [*asked.lacking, *_unvouched(walk, asked), *([] if asked.trust else [NO_TRUST]), *([] if asked.anchors else [NO_ANCHOR])]
    return settled(
        Verification(
            Verdict.SOUND,
            tuple(walk.findings),
            tuple(lacking),
            next((one.commit for one in walk.findings if one.commit), None),
            head,
            walk.line.seq + 1,
            walk.checked,
            tuple(_compared(asked)),
            (*asked.notes, *walk.notes),
        )
    ), walk


def settled(one: Verification) -> Verification:
    """With the verdict that its findings give, and no more findings than a reader can take in."""
    verdict = Verdict.TAMPERED if one.findings else Verdict.CANNOT_TELL if one.lacking else Verdict.SOUND
    left = len(one.findings) - MOST
    notes = (*one.notes, f"{left} more findings are left out.") if left > 0 else one.notes
    return Verification(verdict, one.findings[:MOST], one.lacking, one.first_bad, one.head, one.records, one.checked, one.compared, notes)


def _walk(ledger: LedgerBranch, head: CommitId, asked: Asked) -> Walk:
    walk = Walk(chain.Line(), ledger.commits(None, head))
    after = _begin(walk, ledger, asked)
    flaws: list[chain.Flaw] = []
    for step in ledger.steps(after, head):
        judged = chain.judge(walk.line, step, ledger)
        if walk.line.tip is None:
            walk.findings += _root(Listed.read(step.kept.get(layout.SIGNERS, b"")), step.commit, asked.trust)
        walk.line, walk.checked = judged.line, walk.checked + 1
        flaws += judged.flaws
        if judged.excused:
            flaws = [flaw for flaw in flaws if flaw.commit not in judged.excused or flaw.fault not in chain.FOREIGN]
            walk.notes.append(f"{len(judged.excused)} foreign commit(s) were disowned by {step.commit[:12]}.")
        walk.doubtful += _doubted(walk.line.seq, step)
    walk.findings += [Found(flaw.fault.value, f"L{told(flaw)[1:]}.", flaw.commit) for flaw in flaws]
    return walk


def _doubted(seq: int, step: chain.Step) -> Iterator[Found]:
    """A key was revoked from an earlier record on: nothing in the branch tells who signed what lies in between."""
    data = step.kept.get(layout.record(seq)) or b""
    record = chain.parsed(data) if b"key_revoked" in data else {}
    detail = record.get("detail")
    if record.get("event") != "key_revoked" or not isinstance(detail, dict) or not isinstance(detail.get("since"), int):
        return
    since, until = detail["since"], seq - 1
    what = f"compare the records {since} to {until} with what people saw, then say so with a head from after it: --expect HEAD"
    text = f"Record {seq} revokes a key from record {since} on: {what}."
    yield Found("revoked-since", text, step.commit)


def _unvouched(walk: Walk, asked: Asked) -> Iterator[Found]:
    """Doubts that nobody cleared: who gives a head at or after the revocation has compared what lies below it."""
    places = {commit: number for number, commit in enumerate(walk.commits)}
    given = [anchor.commit for anchor in asked.anchors if anchor.whence == GIVEN]
    vouched = max((number for commit, number in places.items() if any(commit.startswith(head) for head in given)), default=-1)
    return (one for one in walk.doubtful if one.commit is None or places[one.commit] > vouched)


def _begin(walk: Walk, ledger: LedgerBranch, asked: Asked) -> CommitId | None:
    """Where to begin: at the checkpoint, when it was made for the same first key and lies below the head."""
    kept = asked.checkpoint
    if kept is None:
        return None
    if kept.trust != asked.trust:
        walk.notes.append("The checkpoint was made for another first key and was not used.")
        return None
    if kept.head not in walk.commits:
        return None
    try:
        line = chain.at(kept.head, kept.seq, ledger)
    except wire.BadWire:
        line = chain.Line()
    if line.repo_id != kept.repo_id:
        walk.notes.append("The checkpoint does not fit the record that it names and was not used.")
        return None
    walk.line = line
    return kept.head


def _root(signers: Listed, commit: CommitId, trust: str | None) -> Iterator[Found]:
    try:
        began = fingerprint(signers.writer) if signers.writer else "no key"
    except BadKey:
        began = "no key"
    if trust and began != trust:
        yield Found("root", f"The ledger began with {began}, not with {trust}.", commit)


def _cut_off(commits: Sequence[CommitId], asked: Asked) -> Iterator[Found]:
    """An anchor that is not among the commits: the branch was cut off or written anew after it was seen."""
    known = set(commits)
    for anchor in asked.anchors:
        if anchor.commit not in known and not any(commit.startswith(anchor.commit) for commit in commits):
            text = f"The head {anchor.commit[:16]} ({anchor.whence}) is not in the branch: what came up to it was cut off or written anew."
            yield Found("truncated", text)


def _compared(asked: Asked) -> Iterator[str]:
    if asked.trust:
        yield f"first key {asked.trust}"
    for anchor in asked.anchors:
        yield f"{anchor.commit[:12]} ({anchor.whence})"
