"""What `towpath init` takes up of a repository that was used with GTO before: looked at first, then written as records marked external."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from workers.adapters.git.source import GitSource
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.envelope import LIFETIME, Envelope, request_id, stamp
from workers.contract.externals import Around, External
from workers.contract.names import ActorId, ArtifactName, CommitId
from workers.contract.promotion import Placed, RegisteredVersion, Release
from workers.domain import decision as d
from workers.domain import policy, record
from workers.domain.decide import reports
from workers.domain.picture import Event, Oddity
from workers.domain.state import World, apply
from workers.ports.errors import BadContent, WorldError
from workers.ports.ledger import Draft, LedgerBranch

MEND = "Mend it in a new commit and tag that as a new version, after the ledger has begun."


@dataclass
class TakenUp:
    """The versions and assignments that would be recorded, with their tags, and those that cannot be, with the reason and the fix."""

    versions: list[tuple[RegisteredVersion, Event]] = field(default_factory=list)
    assignments: list[tuple[RegisteredVersion, Event]] = field(default_factory=list)
    left_out: list[Oddity] = field(default_factory=list)


def look(source: GitSource, rules: policy.Policy) -> TakenUp:
    """What the tags hold that a ledger by these rules can take up. Nothing is written."""
    found, picture = TakenUp(), source.picture()
    by_commit: dict[tuple[ArtifactName, CommitId], RegisteredVersion] = {}
    kinds: dict[ArtifactName, RegisteredVersion] = {}
    for event in picture.registered():
        read = _read(source, event)
        if isinstance(read, RegisteredVersion):
            read = _fitting(read, event, by_commit, kinds)
        if isinstance(read, Oddity):
            found.left_out.append(read)
            continue
        by_commit[read.artifact, read.commit] = kinds[read.artifact] = read
        found.versions.append((read, event))
    for (artifact, environment), event in sorted(picture.assigned.items(), key=lambda one: one[1].time):
        version = by_commit.get((artifact, event.commit))
        if environment not in rules.environments:
            fix = f"Add {environment} to towpath.yaml before you begin the ledger, or leave it to the other tool."
            found.left_out.append(Oddity(f"{event.name}: the policy has no environment {environment}", fix))
        elif version is None:
            found.left_out.append(Oddity(f"{event.name}: no version of {artifact} can be registered at {event.commit[:12]}", MEND))
        else:
            found.assignments.append((version, event))
    return found


def _read(source: GitSource, event: Event) -> RegisteredVersion | Oddity:
    assert event.version is not None, "what registers has a version"
    try:
        return source.inspect(event.artifact, event.version, event.commit, None)
    except BadContent as exc:
        return Oddity(f"{event.name}: {'; '.join(exc.reasons)}"[:600], MEND)


def _fitting(
    read: RegisteredVersion,
    event: Event,
    by_commit: dict[tuple[ArtifactName, CommitId], RegisteredVersion],
    kinds: dict[ArtifactName, RegisteredVersion],
) -> RegisteredVersion | Oddity:
    if other := by_commit.get((read.artifact, read.commit)):
        return Oddity(f"{event.name}: its commit is {other.version} already", "Give it a commit of its own, with a new version.")
    known = kinds.get(read.artifact)
    if known and known.kind is not read.kind:
        return Oddity(f"{event.name}: {read.artifact} is a {known.kind.value} since {known.version}", "Give the other kind another name.")
    return read


def build(ledger: LedgerBranch, world: World, found: TakenUp, source: GitSource, now: datetime) -> CommitId:
    """The records of what is taken up, on top of the first commit; the last commit. Objects only: nothing is pushed."""
    for version, event in found.versions:
        case = _case(world, ask.Inspected(version), event, now)
        decision = reports.inspected(world, case, ask.Inspected(version))
        world = _record(ledger, world, case, replace(decision, detail=_external(source, event), outcomes=()))
    for version, event in found.assignments:
        case = _case(world, ask.ExternalsSeen((_as_external(event),)), event, now)
        world = _record(ledger, world, case, _placed(world, version, event, _external(source, event)))
    return world.head


def _case(world: World, request: ask.Request, event: Event, now: datetime) -> d.Case:
    id_ = request_id(world.repo_id, "import", event.name, event.tag)
    return d.Case(
        Envelope(id_, world.repo_id, stamp(now), stamp(now + LIFETIME), PROCESSES["operator"], request, text="towpath init"), None, now
    )


def _as_external(event: Event) -> External:
    return External(Around.ASSIGNED, event.artifact, event.name, event.environment, None, event.tag, event.commit, None, _time(event))


def _placed(world: World, version: RegisteredVersion, event: Event, detail: dict[str, Any]) -> d.Decision:
    """The version that the tags assign runs there since its tag says so, without a promotion."""
    assert event.environment is not None, "an assignment has an environment"
    known = world.version(version.artifact, version.version)
    assert known is not None, "versions are recorded before assignments"
    placed = Placed(known.version, known.commit, known.digest, None, _time(event))
    release = Release(known.artifact, known.kind, event.environment, 0, placed, None, (placed,))
    succeeded = replace(known, succeeded_in={**known.succeeded_in, event.environment: placed.since})
    return d.Decision(
        event="external",
        subject=f"{known.artifact} {known.version} in {event.environment}: taken up as it was",
        documents=(release, succeeded),
        about=(known.artifact, known.version, event.environment),
        detail=detail,
    )


def _external(source: GitSource, event: Event) -> dict[str, Any]:
    """Where it comes from. Of the tagger only a digest of the address is kept, as of authors."""
    tagger = source.tagger(event.tag)
    told = {"tag": event.name, "oid": event.tag, "time": _time(event)}
    return {"external": told | ({"tagger": policy.email_digest(tagger.email)} if tagger else {})}


def _record(ledger: LedgerBranch, world: World, case: d.Case, decision: d.Decision) -> World:
    if decision.event in (None, "refused"):
        raise WorldError(f"taking up {decision.about[0] or 'a version'}: it does not fit the ledger; nothing was changed")
    written = record.files(world, case, decision)
    data = next(data for path, data in written.items() if path.startswith("records/") and data is not None)
    draft = Draft(written, record.message(case, decision, data), ActorId(case.actor.id), case.time)
    (commit,) = ledger.build(world.head, [draft])
    return apply(world, commit, written, record.recent(world, case, decision))


def _time(event: Event) -> str:
    return stamp(datetime.fromtimestamp(event.time, UTC))


def told(found: TakenUp) -> Iterator[str]:
    """What would be written, for the operator's eyes."""
    yield f"The ledger would begin with {len(found.versions)} versions and {len(found.assignments)} assignments, marked external:"
    for version, event in found.versions:
        yield f"  version     {event.name} on {version.commit[:12]}, digest {version.digest.short}"
    for version, event in found.assignments:
        yield f"  assignment  {event.name}: {version.artifact} {version.version} in {event.environment} since {_time(event)}"
    if found.left_out:
        yield "These cannot be taken up:"
    for odd in found.left_out:
        yield f"  {odd.what}"
        yield f"    -> {odd.fix}"


ORDER = (
    "dev",
    "development",
    "test",
    "testing",
    "qa",
    "stage",
    "staging",
    "uat",
    "preprod",
    "pre-prod",
    "canary",
    "prod",
    "production",
    "live",
)


def in_order(environments: Sequence[str]) -> list[str]:
    """Environments in the order in which a version commonly reaches them; unknown ones before the last known ones, by their names."""

    def place(name: str) -> tuple[int, str]:
        word = name.split("-", maxsplit=1)[0] if name not in ORDER else name
        return (ORDER.index(word) if word in ORDER else ORDER.index("canary"), name)

    return sorted(environments, key=place)


def proposed(environments: Sequence[str]) -> str:
    """A policy to begin with, for somebody to complete and commit."""
    lines = [
        "version: 1",
        "roles:",
        "  leads: {users: [U0000000000]}   # Slack ids of those who may approve and run: put yours here",
        "environments:",
    ]
    before = None
    for name in in_order(environments):
        lines.append(f"  {name}:")
        lines += [f"    after: {before}"] if before else []
        lines += ["    run: [leads]"]
        lines += ["    approve: {from: [leads], count: 1}"] if before else []
        before = name
    return "\n".join(lines) + "\n"
