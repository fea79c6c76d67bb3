"""Foreign commits on top of the ledger, looked at and disowned: one record of ours names them, and the files are again what they were."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from workers.contract import wire
from workers.contract.actors import PROCESSES
from workers.contract.envelope import stamp
from workers.contract.names import CommitId
from workers.contract.promotion import Release
from workers.domain import chain, layout, policy
from workers.domain.record import SCHEMA
from workers.perform.reading import told
from workers.ports.errors import WorldError
from workers.ports.ledger import Draft, LedgerBranch, Push


class NotPossible(WorldError):
    """These commits cannot be disowned; the message says why and what to do."""


@dataclass(frozen=True)
class Foreign:
    """A commit that is not ours: what is wrong with it, who it says it is by, its subject, and the paths that it changed."""

    commit: CommitId
    flaw: str
    author: str
    subject: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """What can be disowned: the line up to it, the commits, and for each release that they changed the sentence that asks for it properly."""

    line: chain.Line
    commits: tuple[Foreign, ...]
    sentences: tuple[str, ...]


def look(ledger: LedgerBranch, head: CommitId) -> Case:
    """The foreign commits on top of the last head that this host trusts. Raises NotPossible or Untrusted."""
    anchor = ledger.anchor()
    if anchor is None:
        raise NotPossible(
            f"this host has never seen the ledger, so it cannot tell what is foreign. First: towpath accept-head HEAD{_UNCHANGED}"
        )
    if anchor not in ledger.commits(None, head):
        raise NotPossible(
            f"the history was written anew: {head} does not descend from {anchor}, the last head of ours. That cannot be disowned. Push the "
            f"genuine history back at the host, from this mirror: git push --force REPOSITORY {anchor}:refs/heads/BRANCH{_UNCHANGED}"
        )
    line, found = chain.Line(), list[Foreign]()
    for step in ledger.steps(None, head):
        judged = chain.judge(line, step, ledger)
        found = found if judged.line.foreign else []
        if beyond := [flaw for flaw in judged.flaws if flaw.fault not in chain.FOREIGN]:
            raise NotPossible(
                f"{told(beyond[0])}. Only commits that are not signed by the writer, one after the other on top of the last one of ours, can "
                f"be disowned. Put the branch back at the host to {line.head}{_UNCHANGED}"
            )
        if judged.line.foreign:
            found.append(
                Foreign(step.commit, judged.flaws[0].words, step.author, step.message.split("\n")[0][:100], tuple(sorted(step.changed)))
            )
        line = judged.line
    if not found or line.head is None:
        raise NotPossible(f"every commit up to {head} is of the ledger's writer: there is nothing to disown{_UNCHANGED}")
    return Case(line, tuple(found), tuple(_wanted(ledger, line.head, found)))


_UNCHANGED = ". Nothing was changed"


def disown(ledger: LedgerBranch, case: Case, now: datetime) -> CommitId:
    """Append the record that disowns them, by a plain push. Raises NotPossible or what a push raises."""
    head, below = case.commits[-1].commit, case.line.head
    assert below is not None, "it was looked at"
    if stamp(now) < case.line.time:
        raise NotPossible(f"the clock of this host says {stamp(now)}, and the last record is of {case.line.time}. Correct it{_UNCHANGED}")
    commit = ledger.build_over(below, head, _draft(ledger, case, below, stamp(now)))
    if ledger.push(commit, head) is not Push.ACCEPTED:
        raise NotPossible(f"the branch has moved on since you looked. Look at its new head{_UNCHANGED}")
    ledger.set_anchor(commit)
    return commit


def _draft(ledger: LedgerBranch, case: Case, below: CommitId, time: str) -> Draft:
    rules = policy.in_force((ledger.read(below, layout.POLICY) or b"").decode())
    seq = case.line.seq + 1
    record = {
        "schema": SCHEMA,
        "repo_id": case.line.repo_id,
        "seq": seq,
        "prev": below,
        "event": chain.DISOWNED,
        "time": time,
        "clock_source": "host",
        "actor": {"id": PROCESSES["operator"].id, "known_by": "host"},
        "policy": rules.digest,
        "files": {},
        "detail": {"commits": [_named(one) for one in case.commits]},
    }
    data = wire.canonical(record) + b"\n"
    trailers = f"Event: {chain.DISOWNED}\nActor: operator@towpath\nPolicy: {rules.digest}\nRecord-Sha256: {wire.sha256(data)[7:]}\n"
    subject = f"Disowned: {len(case.commits)} foreign commit{'' if len(case.commits) == 1 else 's'}"
    return Draft({layout.record(seq): data}, f"{subject}\n\n{trailers}", PROCESSES["operator"].id, time)


def _named(one: Foreign) -> dict[str, object]:
    """Nothing of a person but the digest of an address, as for authors of versions; no word of the stranger's own."""
    return {"commit": one.commit, "author": wire.sha256(one.author.lower().encode()), "paths": list(one.paths[:200])}


def _wanted(ledger: LedgerBranch, below: CommitId, found: list[Foreign]) -> Iterator[str]:
    """A release that a foreign commit wanted otherwise, as the sentence that would bring it in properly."""
    for path in sorted({path for one in found for path in one.paths}):
        before, after = (_release(ledger, commit, path) for commit in (below, found[-1].commit))
        if after and after.desired and (before is None or before.desired != after.desired):
            yield f"promote {after.artifact} {after.desired.version} to {after.environment}"


def _release(ledger: LedgerBranch, commit: CommitId, path: str) -> Release | None:
    data = ledger.read(commit, path) if layout.kind_of(path) is Release else None
    try:
        return layout.read(Release, data) if data else None
    except ValueError:
        return None
