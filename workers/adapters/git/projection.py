"""Which tags are missing: a pure comparison of what the ledger says with what GTO would read from the tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from workers.adapters.git import gto_names
from workers.contract.names import ArtifactName, CommitId
from workers.contract.promotion import RegisteredVersion
from workers.domain import reconciliation
from workers.domain.picture import Act, Event, Picture
from workers.ports.source import Assignment

MOST_AT_ONCE = 3
"""Hosts start no pipelines when more tags than these arrive in one push."""


@dataclass(frozen=True)
class Missing:
    """A tag to be made: its name, commit, the tagger's time in seconds, and its message. One that `registers` is a version's, made once."""

    name: str
    commit: CommitId
    time: int
    message: str
    registers: bool = False


@dataclass(frozen=True)
class Basis:
    """What a plan is made on: the tags, the time in seconds, which events are ours, and what of others is on record.

    `on_record` also names the versions' tags that were never pushed.
    """

    picture: Picture
    now: int
    is_ours: reconciliation.IsOurs
    on_record: frozenset[str] = field(default_factory=frozenset)


class Plan:
    """Gathers the missing tags in the order in which they must be pushed. `groups` belong together: the old holder leaves, the new one comes."""

    def __init__(self, basis: Basis) -> None:
        self.groups: list[list[Missing]] = []
        picture = basis.picture
        self._basis = basis
        self._picture = picture
        self._now = basis.now
        self._counters = dict(picture.counters)
        self._times = dict(picture.times)
        self._versions = {(event.artifact, event.commit): event.name for event in picture.registered()}

    def register(self, version: RegisteredVersion) -> None:
        """Tag a version, unless the name is taken or its commit is another version of the artifact already (which GTO cannot read).

        A tag that somebody deleted is made again once that is on record; one that could not be pushed is tried again.
        """
        place = version.artifact, version.commit
        name = gto_names.registers(self._picture.spelling(version.artifact), version.version)
        if name in self._picture.names or place in self._versions:
            return
        if reconciliation.is_deleted(version, datetime.fromtimestamp(self._now, UTC)) and name not in self._basis.on_record:
            return
        facts = f"Artifact: {version.artifact}\nVersion: {version.version}\nDigest: {version.digest}"
        made = self._missing(name, *place, f"Register {version.artifact} {version.version}\n\n{facts}\n")
        self.groups.append([replace(made, registers=True)])
        self._versions[place] = name

    def assign(self, wanted: Assignment) -> None:
        """Let an environment be held by the wanted commit alone, if that is a version (GTO would invent one otherwise).

        Where others assigned something that is not on record to be undone, only what is on record is undone.
        """
        holders = self._picture.holders(wanted.artifact, wanted.environment)
        if wanted.commit and (wanted.artifact, wanted.commit) not in self._versions:
            return
        strangers = {event.commit: event.tag in self._basis.on_record for event in self._strangers(wanted)}
        is_ours_alone = all(strangers.values())
        leaving = (one for one in holders if one != wanted.commit and strangers.get(one, is_ours_alone))
        group = [self._leaving(wanted, holder) for holder in leaving]
        if wanted.commit and wanted.commit not in holders and is_ours_alone:
            name = gto_names.assigns(self._picture.spelling(wanted.artifact), wanted.environment, self._count(wanted.artifact))
            group.append(self._missing(name, wanted.artifact, wanted.commit, wanted.message))
        if group:
            self.groups.append(group)

    def _strangers(self, wanted: Assignment) -> Iterator[Event]:
        events = self._picture.lanes.get((wanted.artifact, wanted.environment), {}).values()
        return (
            event
            for event in reconciliation.strangers(events, wanted.release, self._basis.is_ours)
            if event.commit != wanted.commit or event.act is Act.UNASSIGN
        )

    def _leaving(self, wanted: Assignment, holder: CommitId) -> Missing:
        name = gto_names.unassigns(self._picture.spelling(wanted.artifact), wanted.environment, self._count(wanted.artifact))
        what = self._versions.get((wanted.artifact, holder), f"{wanted.artifact} at {holder[:7]}")
        facts = f"Artifact: {wanted.artifact}\nEnvironment: {wanted.environment}"
        return self._missing(name, wanted.artifact, holder, f"Retire {what} from {wanted.environment}\n\n{facts}\n")

    def _missing(self, name: str, artifact: ArtifactName, commit: CommitId, message: str) -> Missing:
        self._times[artifact] = max(self._now, self._times.get(artifact, -1) + 1)
        return Missing(name, commit, self._times[artifact], message)

    def _count(self, artifact: ArtifactName) -> int:
        self._counters[artifact] = self._counters.get(artifact, 0) + 1
        return self._counters[artifact]


def missing(basis: Basis, versions: Iterable[RegisteredVersion], assignments: Iterable[Assignment]) -> Iterator[list[Missing]]:
    """The tags to push, in order, in batches of at most three; what belongs together stays together where that is possible."""
    plan = Plan(basis)
    for version in versions:
        plan.register(version)
    for assignment in assignments:
        plan.assign(assignment)
    batch: list[Missing] = []
    for part in _parts(plan.groups):
        if len(batch) + len(part) > MOST_AT_ONCE:
            yield batch
            batch = []
        batch = [*batch, *part]
    if batch:
        yield batch


def _parts(groups: Iterable[Sequence[Missing]]) -> Iterator[Sequence[Missing]]:
    for group in groups:
        for at in range(0, len(group), MOST_AT_ONCE):
            yield group[at : at + MOST_AT_ONCE]
