"""The state that decisions are made on: the ledger at one commit, folded into documents and the few indexes that decisions need."""

from __future__ import annotations

import gc
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from workers.contract.drift import DriftWatch, Incident
from workers.contract.envelope import Sender, read_stamp, stamp
from workers.contract.evidence import Evidence
from workers.contract.externals import External
from workers.contract.names import (
    ArtifactName,
    CommitId,
    DebtId,
    Digest,
    EnvironmentName,
    IncidentId,
    PromotionId,
    RequestId,
    RetrainingId,
    StoryId,
    Version,
)
from workers.contract.promotion import Hold, Promotion, RegisteredVersion, Release
from workers.contract.retraining import Retraining
from workers.contract.stops import Debt, Freeze, Lock
from workers.contract.stories import Card
from workers.domain import layout, signers, states
from workers.domain.policy import Policy, in_force
from workers.domain.recents import Recent, Recents

WRITER = signers.WRITER
_LIFTED = ("freezes/", "locks/", "debts/")
LARGE = 100_000
"""So many objects make a state a large one."""


@dataclass(frozen=True)
class World:
    """The ledger at `head`. `seq` is the number of the last record; `recent` are the records of the last hour, oldest first.

    `open` are the promotions that have not ended, in order, `lanes` the same by environment and artifact. `threads` has the promotion of each thread in Slack,
    `stories` the incident of drift or the retraining.

    Never changed in place: `apply` gives the next one, sharing what did not change.
    """

    repo_id: str
    head: CommitId
    seq: int
    policy: Policy
    policy_text: str
    signers: Mapping[str, str]
    proposal: layout.Proposal | None = None
    adoption: layout.Adoption | None = None
    versions: Mapping[ArtifactName, Mapping[Version, RegisteredVersion]] = field(default_factory=dict)
    releases: Mapping[tuple[EnvironmentName, ArtifactName], Release] = field(default_factory=dict)
    promotions: Mapping[PromotionId, Promotion] = field(default_factory=dict)
    holds: Mapping[tuple[EnvironmentName, ArtifactName, Digest], Hold] = field(default_factory=dict)
    externals: Mapping[str, External] = field(default_factory=dict)
    freezes: Mapping[EnvironmentName, Freeze] = field(default_factory=dict)
    locks: Mapping[tuple[EnvironmentName, ArtifactName], Lock] = field(default_factory=dict)
    debts: Mapping[DebtId, Debt] = field(default_factory=dict)
    evidence: Mapping[tuple[ArtifactName, Version], Mapping[str, Evidence]] = field(default_factory=dict)
    drifts: Mapping[tuple[EnvironmentName, ArtifactName], DriftWatch] = field(default_factory=dict)
    incidents: Mapping[IncidentId, Incident] = field(default_factory=dict)
    retrainings: Mapping[RetrainingId, Retraining] = field(default_factory=dict)
    open: tuple[PromotionId, ...] = ()
    lanes: Mapping[tuple[EnvironmentName, ArtifactName], frozenset[PromotionId]] = field(default_factory=dict)
    threads: Mapping[tuple[str, str], PromotionId] = field(default_factory=dict)
    stories: Mapping[tuple[str, str], StoryId] = field(default_factory=dict)
    recent: Recents = field(default_factory=Recents)
    last_promotion: int = 0

    def key_of(self, sender: Sender) -> str | None:
        """The public key with which a sender signs, as the ledger knows it."""
        return self.signers.get(sender.value)

    def version(self, artifact: ArtifactName, version: Version) -> RegisteredVersion | None:
        """A registered version."""
        return self.versions.get(artifact, {}).get(version)

    def by_digest(self, artifact: ArtifactName, digest: Digest) -> RegisteredVersion | None:
        """A registered version with these bytes."""
        return next((found for found in self.versions.get(artifact, {}).values() if found.digest == digest), None)

    def succeeded_since(self, environment: EnvironmentName, artifact: ArtifactName, digest: Digest) -> str | None:
        """Since when these bytes have been successful in an environment, under whatever version; None: never."""
        same = (one for one in self.versions.get(artifact, {}).values() if one.digest == digest)
        return min((one.succeeded_in[environment] for one in same if environment in one.succeeded_in), default=None)

    def release(self, environment: EnvironmentName, artifact: ArtifactName) -> Release | None:
        """What is where."""
        return self.releases.get((environment, artifact))

    def in_lane(self, environment: EnvironmentName, artifact: ArtifactName) -> list[Promotion]:
        """The promotions of a lane that have not ended, in order of their ids."""
        found = (self.promotions[id_] for id_ in self.lanes.get((environment, artifact), ()))
        return sorted(found, key=lambda p: p.id.number)

    def is_alone(self, promotion: Promotion) -> bool:
        """Whether nothing else in the promotion's lane has not ended."""
        found = self.lanes.get((promotion.environment, promotion.artifact), frozenset())
        return not found or (len(found) == 1 and promotion.id in found)

    def holder(self, environment: EnvironmentName, artifact: ArtifactName, digest: Digest) -> Hold | None:
        """The hold on these bytes in an environment, if there is one."""
        return self.holds.get((environment, artifact, digest))

    def seen(self, artifact: ArtifactName, version: Version, check: str, environment: EnvironmentName | None = None) -> Evidence | None:
        """What a check found last of a version (in an environment, where the check looks at one)."""
        return self.evidence.get((artifact, version), {}).get(f"{check}@{environment}" if environment else check)

    def known(self, request_id: RequestId) -> Recent | None:
        """The record that a request has already made."""
        return self.recent.known(request_id)

    def open_after(self, last: PromotionId | None) -> tuple[PromotionId, ...]:
        """The promotions that have not ended with a higher number than `last`, in order."""
        return self.open[bisect_right(self.open, last.number, key=_number) :] if last else self.open

    @property
    def next_promotion(self) -> PromotionId:
        """The id of the next promotion."""
        return PromotionId.read(f"P-{self.last_promotion + 1}")


def parse_signers(text: str) -> dict[str, str]:
    """Principal -> public key line of its current key, in an `allowed_signers` file of ours; retired keys and lines of another form are left out."""
    return signers.current(text)


def fold(repo_id: str, head: CommitId, seq: int, files: Iterable[tuple[str, bytes]], recent: Iterable[Recent]) -> World:
    """The state in the files of a ledger commit (records left out). Raises BadWire or BadPolicy when a file is not of ours."""
    with _nothing_collected():
        found = dict(files)
        text = found[layout.POLICY].decode()
        empty = World(repo_id, head, seq, in_force(text), text, parse_signers(found[layout.SIGNERS].decode()), recent=Recents(recent))
        return apply(empty, head, found, None)


@contextmanager
def _nothing_collected() -> Generator[None]:
    """Keep Python's collector out while a state is made, and away from a large one ever after.

    That is a million objects without a cycle among them; looking through them again and again takes a quarter of the time.
    """
    was_on, before = gc.isenabled(), gc.get_count()[0]
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] - before > LARGE:
            gc.freeze()
        if was_on:
            gc.enable()


def apply(world: World, head: CommitId, files: Mapping[str, bytes | None], recent: Recent | None) -> World:
    """The state after a commit that wrote these files (None: deleted) and, if it is one of our records, made `recent`."""
    changes = _Changes(world)
    for path, data in files.items():
        changes.take(path, data)
    return _after(changes, head, recent)


def decided(world: World, head: CommitId, documents: Iterable[layout.Document], files: Mapping[str, bytes | None], recent: Recent) -> World:
    """The same for a decision of our own: its documents need not be read back from the `files` that they were written to."""
    changes, own = _Changes(world), {layout.path_of(document): document for document in documents}
    for path, data in files.items():
        if path in own:
            changes.keep(own[path])
        else:
            changes.take(path, data)
    return _after(changes, head, recent)


def supposing(world: World, documents: Iterable[layout.Document]) -> World:
    """The state as it would be with these documents in it: what a decision that has several parts is judged on."""
    changes = _Changes(world)
    for document in documents:
        changes.keep(document)
    return changes.world()


def _after(changes: _Changes, head: CommitId, recent: Recent | None) -> World:
    world = changes.world()
    if recent is None:
        return replace(world, head=head)
    horizon = stamp(read_stamp(recent.time) - timedelta(hours=1))
    return replace(world, head=head, seq=recent.seq, recent=world.recent.followed_by(recent, horizon))


class _Changes:
    """Collects the changed documents, copying each table at most once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last = world.last_promotion
        self._tables: dict[str, dict[object, object]] = {}
        self._open: list[PromotionId] | None = None
        self._plain: dict[str, object] = {}

    def take(self, path: str, data: bytes | None) -> None:
        if path == layout.POLICY and data is not None:
            self._plain |= {"policy": in_force(data.decode()), "policy_text": data.decode()}
        elif path == layout.SIGNERS and data is not None:
            self._plain["signers"] = parse_signers(data.decode())
        elif path == layout.PROPOSED:
            self._plain["proposal"] = layout.read(layout.Proposal, data) if data else None
        elif path.startswith("holds/") and data is None:
            self._lift(path)
        elif path.startswith("externals/") and data is None:
            self._table("externals").pop(path, None)
        elif path.startswith(_LIFTED) and data is None:
            self._settle(path)
        elif (kind := layout.kind_of(path)) and data is not None:
            self.keep(layout.read(kind, data))

    def world(self) -> World:
        if self._open is not None:
            self._plain["open"] = tuple(self._open)
        return replace(self._world, last_promotion=self._last, **self._tables, **self._plain)  # type: ignore[arg-type]  # each table keeps the type of the one it copies

    def _table(self, name: str) -> dict[object, object]:
        if name not in self._tables:
            self._tables[name] = dict(getattr(self._world, name))
        return self._tables[name]

    def keep(self, document: layout.Document) -> None:
        """Take a document over."""
        match document:
            case layout.Proposal():
                self._plain["proposal"] = document
            case layout.Adoption():
                self._plain["adoption"] = document
            case Promotion():
                self._keep_promotion(document)
            case RegisteredVersion():
                table = self._table("versions")
                of_artifact = table.get(document.artifact, {})
                table[document.artifact] = {**of_artifact, document.version: document}  # type: ignore[dict-item]  # a table of tables
            case Evidence():
                self._keep_evidence(document)
            case Incident() | Retraining():
                self._keep_story(document)
            case _:
                name, key = _placed(document)
                self._table(name)[key] = document

    def _keep_promotion(self, document: Promotion) -> None:
        before = self._table("promotions").get(document.id)
        self._table("promotions")[document.id] = document
        self._last = max(self._last, document.id.number)
        if (isinstance(before, Promotion) and before.state in states.OPEN) != (document.state in states.OPEN):
            self._line_up(document)
        if isinstance(before, Promotion) and before.card and before.card != document.card:
            self._table("threads").pop(_thread(before.card), None)
        if document.card:
            self._table("threads")[_thread(document.card)] = document.id

    def _keep_story(self, document: Incident | Retraining) -> None:
        name = "incidents" if isinstance(document, Incident) else "retrainings"
        before = self._table(name).get(document.id)
        self._table(name)[document.id] = document
        if isinstance(before, Incident | Retraining) and before.card and before.card != document.card:
            self._table("stories").pop(_thread(before.card), None)
        if document.card:
            self._table("stories")[_thread(document.card)] = document.id

    def _line_up(self, document: Promotion) -> None:
        """Keep the indexes of what has not ended: this one has begun, or ended."""
        self._open = list(self._world.open) if self._open is None else self._open
        place = bisect_left(self._open, document.id.number, key=_number)
        lanes, lane = self._table("lanes"), (document.environment, document.artifact)
        before = lanes.get(lane, frozenset())
        assert isinstance(before, frozenset)
        if document.state in states.OPEN:
            self._open.insert(place, document.id)
            lanes[lane] = before | {document.id}
            return
        del self._open[place]
        if rest := before - {document.id}:
            lanes[lane] = rest
        else:
            lanes.pop(lane, None)

    def _keep_evidence(self, document: Evidence) -> None:
        table, of = self._table("evidence"), (document.artifact, document.version)
        table[of] = {**table.get(of, {}), document.key: document}  # type: ignore[dict-item]  # a table of tables

    def _settle(self, path: str) -> None:
        name = path.partition("/")[0]
        for key, found in list(self._table(name).items()):
            if isinstance(found, Freeze | Lock | Debt) and layout.path_of(found) == path:
                del self._table(name)[key]

    def _lift(self, path: str) -> None:
        table = self._table("holds")
        for key, found in list(table.items()):
            if isinstance(found, Hold) and layout.path_of(found) == path:
                del table[key]


def _placed(document: Release | External | Hold | Freeze | Lock | Debt | DriftWatch) -> tuple[str, object]:
    """The table of a document, and its key there."""
    match document:
        case Release():
            return "releases", (document.environment, document.artifact)
        case External():
            return "externals", layout.external(document)
        case Hold():
            return "holds", (document.environment, document.artifact, document.digest)
        case Freeze():
            return "freezes", document.environment
        case Lock():
            return "locks", (document.environment, document.artifact)
        case Debt():
            return "debts", document.id
        case DriftWatch():
            return "drifts", (document.environment, document.artifact)


def _number(id_: PromotionId) -> int:
    return id_.number


def _thread(card: Card) -> tuple[str, str]:
    return card.channel, card.ts
