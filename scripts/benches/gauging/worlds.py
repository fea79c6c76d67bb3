"""A state of the ledger in memory, as large as you like, with requests to decide on it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from gauging.estates import artifact, person
from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.actors import PROCESSES, Actor, Conversation, Origin
from workers.contract.envelope import LIFETIME, Envelope, Sealed, Sender, request_id, stamp
from workers.contract.names import ArtifactName, CommitId, Digest, EnvironmentName, Version, VersionAsk
from workers.contract.promotion import Kind as Sort
from workers.contract.promotion import Placed, Promotion, RegisteredVersion, Release, State
from workers.domain import decision as d
from workers.domain import layout, policy, record
from workers.domain.decide import decide
from workers.domain.recents import Recents
from workers.domain.state import Recent, World, decided

BEGIN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DEV, STAGING, PROD = (EnvironmentName.read(name) for name in ("dev", "staging", "prod"))
V1, V2 = Version.read("v1.0.0"), Version.read("v2.0.0")
POLICY = """\
version: 1
roles: {leads: {users: [U00001, U00002, U00003]}}
environments:
  dev: {run: [leads]}
  staging: {run: [leads], approve: {from: [leads], count: 2, expires: 20m}}
  prod:
    after: dev
    soak: 2h
    run: [leads]
    approve: {from: [leads], count: 1}
    gates: [{metrics: {auc: {at_least: 0.90, not_worse_than_live_by: 0.005}}}]
"""


class Kind(Enum):
    """The requests that are decided."""

    PROMOTE = "promote, with its gates"
    APPROVE = "an approval"
    REFUSED = "a rollback that is refused"
    REPORT = "what an effect saw"


@dataclass
class Court:
    """A state, and who decides on it. `example` is one open promotion."""

    world: World
    example: Promotion

    def cases(self, kind: Kind, number: int) -> Iterator[d.Case]:
        """So many requests of a kind, each about another artifact."""
        waiting = [one for one in self.world.promotions.values() if one.state is State.WAITING]
        for at in range(number):
            name = artifact(len(self.world.versions) - 1 - at % len(self.world.versions))
            promotion = waiting[at % len(waiting)]
            match kind:
                case Kind.PROMOTE:
                    yield _case(person(7), ask.Promote(VersionAsk.read("v2.0.0"), PROD, name), at)
                case Kind.APPROVE:
                    yield _case(person(1), ask.Approve(promotion.id), at)
                case Kind.REFUSED:
                    yield _case(person(7), ask.Rollback(PROD, name), at)
                case Kind.REPORT:
                    yield _case(PROCESSES["effects"], ask.Deployed(promotion.id, 1, ask.Seen.DONE, "eu", "switched"), at)

    def decide(self, case: d.Case) -> d.Decision:
        """Judge it, and change nothing."""
        return decide(self.world, case)

    def sweep(self, late: timedelta, most: int) -> int:
        """What the loop does with one beat of the clock, so much later: everything that is due, `most` at a time; how many there were."""
        world, case = self.world, _case(PROCESSES["clock"], ask.Tick(), 0, BEGIN + late)
        for number in range(most):
            decision = decide(world, case)
            if decision.event is None:
                return number
            files = record.files(world, case, decision)
            assert decision.promotion is not None, "time moves promotions only"
            case = replace(case, after=decision.promotion.id)
            world = decided(world, CommitId.read(f"{number:040x}"), decision.documents, files, record.recent(world, case, decision))
        return most


def court(artifacts: int, waiting: int, queued: int) -> Court:
    """So many artifacts in every environment; promotions that soak, and after them promotions that wait for approval, each in its own lane."""
    rules = policy.read(POLICY)
    empty = World("bench", CommitId.read("0" * 40), 1, rules, POLICY, {})
    corners = [_corner(empty, number) for number in range(artifacts)]
    versions = {name: found for corner in corners for name, found in corner.versions.items()}
    releases = {place: found for corner in corners for place, found in corner.releases.items()}
    begun = [
        _soaking(corner, number) if number < queued else _waiting(corner, number)
        for number, corner in enumerate(corners[: waiting + queued])
    ]
    files = dict.fromkeys((layout.path_of(one) for one in begun), b"")  # documents of our own are not read back
    full = replace(empty, versions=versions, releases=releases)
    world = replace(decided(full, full.head, begun, files, Recent(1, stamp(BEGIN), None, "bench", "requested")), recent=Recents())
    return Court(world, begun[0])


def _corner(empty: World, number: int) -> World:
    """The state as far as one artifact goes."""
    name = artifact(number)
    versions = {version: _version(name, version) for version in (V1, V2)}
    live = _placed(versions[V1])
    releases = {(place, name): Release(name, Sort.MODEL, place, 1, live, None, (live,)) for place in (DEV, STAGING, PROD)}
    return replace(empty, versions={name: versions}, releases=releases, last_promotion=number)


def _waiting(corner: World, number: int) -> Promotion:
    return _only(_said(corner, person(7), ask.Promote(VersionAsk.read("v2.0.0"), STAGING, artifact(number))))


def _soaking(corner: World, number: int) -> Promotion:
    asked = _said(corner, person(7), ask.Promote(VersionAsk.read("v2.0.0"), PROD, artifact(number)))
    return _only(_said(asked, person(1), ask.Approve(_only(asked).id)))


def _said(world: World, who: Actor, request: ask.Request) -> World:
    case = _case(who, request, world.last_promotion)
    decision = decide(world, case)
    files = record.files(world, case, decision)
    return decided(world, world.head, decision.documents, files, record.recent(world, case, decision))


def _only(world: World) -> Promotion:
    (found,) = world.promotions.values()
    return found


def _case(who: Actor, request: ask.Request, number: int, now: datetime = BEGIN) -> d.Case:
    where = Conversation("CBENCH", Origin.COMMAND) if who.id.is_person else None
    envelope = Envelope(request_id("bench", str(number)), "bench", stamp(now), stamp(now + LIFETIME), who, request, where, "bench")
    sender = Sender.BOT if where else Sender.EFFECTS
    return d.Case(envelope, Sealed(sender, wire.canonical(envelope).decode(), "unsigned"), now)


def _placed(version: RegisteredVersion) -> Placed:
    return Placed(version.version, version.commit, version.digest, None, stamp(BEGIN - timedelta(days=9)))


def _version(name: ArtifactName, version: Version) -> RegisteredVersion:
    content = hashlib.sha256(f"{name}@{version}".encode()).hexdigest()
    return RegisteredVersion(
        artifact=name, kind=Sort.MODEL, version=version, commit=CommitId.read(content[:40]), digest=Digest.read(f"sha256:{content}"),
        folder=f"models/{name}", path="model", files=1, bytes=1, registered_at=stamp(BEGIN), seq=1, metrics={"auc": "0.95"},
        dataset="holdout-1", dataset_digest=Digest.read("sha256:" + "1" * 64),
        succeeded_in={DEV: stamp(BEGIN - timedelta(hours=1))},
    )  # fmt: skip
