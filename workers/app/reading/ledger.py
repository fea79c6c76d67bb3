"""Answers from the ledger: read whole at one head, without checking it, and asked by the same pure functions as in chat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from workers.adapters.git.cache import Cache
from workers.adapters.git.ledger import GitLedger
from workers.app.reading.asking import Answer, Question
from workers.app.reading.tables import cell, table, utc
from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.actors import Actor, Standing
from workers.contract.envelope import Envelope, request_id
from workers.contract.names import ActorId, CommitId
from workers.contract.promotion import Release
from workers.domain import layout, reads
from workers.domain.decide import decide
from workers.domain.state import World, fold
from workers.perform.reading import FOLDERS
from workers.ports.errors import Untrusted

_ASKER = Actor(ActorId.read("operator@towpath"), Standing.MEMBER, ())
"""Whoever can read the repository may read what is in it: there is nothing to refuse."""
_RECORD = re.compile(r"records/\d+/(\d+)\.json")
_NOW = "1970-01-01T00:00:00.000Z"


def answer(cache: Cache, head: CommitId, question: Question) -> Answer:
    """What the ledger says at a head. Raises WorldError."""
    world, commits = read(cache, head)
    outcome = _all_of(_asked(world, commits, question), world, commits, question)
    return Answer(_text(outcome), {"is": type(outcome).__name__, **wire.plain(outcome)}, isinstance(outcome, out.Refused))


def read(cache: Cache, head: CommitId) -> tuple[World, dict[int, CommitId]]:
    """The state at a head, unchecked, and the commit of each record. Raises WorldError."""
    ledger = GitLedger(cache, None)
    listed = cache.git.must("rev-list", "--first-parent", "--reverse", head, "--", "records").lines
    commits = {seq: CommitId.read(line) for seq, line in enumerate(listed)}
    if ledger.read(head, layout.record(len(commits) - 1)) is None:
        commits = _told_apart(cache, head)
    try:
        genesis = wire.load(ledger.read(head, layout.GENESIS) or b"{}")
        return fold(str(genesis.get("repo_id")), head, len(commits) - 1, _files(ledger, head), ()), commits
    except (ValueError, KeyError, AttributeError) as exc:  # BadYaml, BadWire, BadPolicy, BadName and text that is none
        raise Untrusted(f"the ledger at {head} holds what is not of ours: {cell(str(exc), 300)}") from exc


def _told_apart(cache: Cache, head: CommitId) -> dict[int, CommitId]:
    """The commit of each record where others wrote below `records` too, and were disowned: the first that wrote what stands there now."""
    stand = {path: oid for _, _, oid, path in (re.split(r"[ \t]", line, maxsplit=3) for line in _listed(cache, "ls-tree", "-r", head))}
    found, commit = dict[int, CommitId](), head
    for line in _listed(cache, "log", "--first-parent", "--reverse", "--raw", "--no-abbrev", "--no-renames", "--format=%H", head):
        if not line.startswith(":"):
            commit = CommitId.read(line)
            continue
        facts, _, path = line.partition("\t")
        record = _RECORD.fullmatch(path)
        if record and stand.get(path) == facts.split(" ")[3]:
            found.setdefault(int(record[1]), commit)
    return found


def _listed(cache: Cache, *words: str) -> list[str]:
    return [line for line in cache.git.must(*words, "--", "records").lines if line]


def _files(ledger: GitLedger, head: CommitId) -> Iterator[tuple[str, bytes]]:
    yield layout.SIGNERS, ledger.read(head, layout.SIGNERS) or b""
    for folder in FOLDERS:
        yield from ledger.read_below(head, folder)


def _asked(world: World, commits: dict[int, CommitId], question: Question) -> out.Outcome:
    artifact, environment = question.about(world.versions, world.policy.environments)
    requests: dict[str, ask.Request] = {
        "status": ask.ShowStatus(artifact, environment),
        "versions": ask.ShowVersions(artifact),
        "history": ask.History(artifact, environment),
    }
    request = requests[question.verb]
    return reads.answer(world, commits, Envelope(request_id("cli"), world.repo_id, _NOW, _NOW, _ASKER, request), decide)


def _all_of(outcome: out.Outcome, world: World, commits: dict[int, CommitId], question: Question) -> out.Outcome:
    """A channel is shown the newest few; a terminal gets all of them, or all since a date."""
    _, environment = question.about(world.versions, world.policy.environments)
    match outcome:
        case out.Changes(lines=(first, *_)):
            artifact = first.artifact if question.word and question.word != environment else None
            lines = reads.changes(world, commits, artifact, environment)
            kept = tuple(line for line in lines if question.since is None or line.time >= question.since)
            return replace(outcome, lines=kept, total=len(kept))
        case out.Versions():
            return replace(outcome, versions=tuple(reads.versions(world, outcome.artifact)))
        case out.Status() if outcome.total > len(outcome.releases):
            return replace(outcome, releases=tuple(reads.releases(world, None, outcome.environments)))
    return outcome


def _text(outcome: out.Outcome) -> str:
    match outcome:
        case out.Refused():
            return "\n".join(cell(reason.text, 400) for reason in outcome.reasons)
        case out.Status():
            return "\n".join([*_note(outcome.note), _status(outcome)])
        case out.Versions():
            return "\n".join([*_note(outcome.note), _versions(outcome)])
        case out.Changes():
            return "\n".join([*_note(outcome.note), _history(outcome)])
    raise AssertionError(f"a question is not answered with {type(outcome).__name__}")


def _note(note: str | None) -> Iterator[str]:
    if note:
        yield f"({cell(note)})"


def _status(status: out.Status) -> str:
    rows = [_release(release) for release in status.releases]
    shown = table(("ARTIFACT", "ENVIRONMENT", "VERSION", "DIGEST", "SINCE", "BY", "UNDER WAY"), rows) if rows else "Nothing is there yet."
    holds = [
        f"hold: {hold.artifact} {hold.version} in {hold.environment} since {utc(hold.since)}: {cell(hold.because)}" for hold in status.holds
    ]
    return "\n".join([shown, *holds])


def _release(release: Release) -> tuple[str, ...]:
    live = release.live
    what = (live.version, live.digest.short, utc(live.since), live.promotion or "(external)") if live else ("nothing", "-", "-", "-")
    return (release.artifact, release.environment, *what, release.in_flight or "-")


def _versions(found: out.Versions) -> str:
    rows = [
        (one.artifact, one.version, ", ".join(found.live_in.get(f"{one.artifact} {one.version}", ())) or "-", *_facts(one))
        for one in found.versions
    ]
    return table(("ARTIFACT", "VERSION", "IN", "DIGEST", "COMMIT", "REGISTERED"), rows) if rows else "No version is registered."


def _facts(version: Any) -> tuple[str, str, str]:
    return version.digest.short, version.commit[:12], utc(version.registered_at)


def _history(found: out.Changes) -> str:
    rows = [_line(line) for line in found.lines]
    head = ("TIME", "ARTIFACT", "ENVIRONMENT", "VERSION", "BEFORE", "OUTCOME", "PROMOTION", "ASKED BY", "APPROVED BY", "COMMIT")
    return table(head, rows) if rows else "Nothing was changed."


def _line(line: out.HistoryLine) -> tuple[str, ...]:
    what = (line.artifact, line.environment, line.version, line.before or "-", line.outcome, line.promotion)
    return (utc(line.time), *what, line.requester, ", ".join(line.approvers) or "-", line.commit[:12] if line.commit else "-")
