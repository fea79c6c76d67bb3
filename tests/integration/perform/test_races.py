"""500 races: what stops a promotion lands between the judging of its last approval and the push. None slips through, no approval is lost.

A new thing that can land there is one row of `INTERLOPERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest

from demo.redis import RedisServer
from tests.unit.domain.worlds import version_of
from workers.app import genesis
from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES, Actor
from workers.contract.envelope import Sealed, stamp
from workers.contract.evidence import Evidence
from workers.contract.names import ArtifactName, CommitId, Digest, Instant, PromotionId, Version, VersionAsk
from workers.contract.promotion import Promotion, Result, State
from workers.contract.requests import Seen
from workers.contract.wire import sha256
from workers.domain.gates import commit_status
from workers.domain.state import World
from workers.ports.inbox import Entry

from .town import ANA, BEGIN, BEN, MIA, POLICY, PROD, STAGING, Foundation, Town, copied

LANES, ROUNDS = 25, 20
V1, V2 = VersionAsk.read("v1.0.0"), VersionAsk.read("v2.0.0")
MODELS = tuple(ArtifactName.read(f"team/m{number}") for number in range(LANES))
Said = tuple[Actor, ask.Request]


@dataclass(frozen=True)
class Interloper:
    """What lands in between, said by whom about the lane's artifact and its promotion of v2, and where the promotion must stand then."""

    name: str
    says: Callable[[ArtifactName, PromotionId], tuple[Said, ...]]
    then: State


def _overtakes(name: ArtifactName, id_: PromotionId) -> tuple[Said, ...]:
    """v1 was asked for right before v2, so its number is one less."""
    return ((MIA, ask.Approve(PromotionId.read(f"P-{id_.number - 1}"))),)


INTERLOPERS = (
    Interloper("its requester takes it back", lambda name, id_: ((ANA, ask.Cancel(id_)),), State.CANCELLED),
    Interloper("another approver says no", lambda name, id_: ((MIA, ask.Reject(id_)),), State.REJECTED),
    Interloper("its version is deprecated", lambda name, id_: ((MIA, ask.Deprecate(name, V2, "it leaks")),), State.REFUSED),
    Interloper("its bytes are put on hold", lambda name, id_: ((MIA, ask.Rollback(STAGING, name, because="it leaks")),), State.REFUSED),
    Interloper("another promotion of the lane begins", _overtakes, State.WAITING),
    Interloper("its requester pauses it", lambda name, id_: ((ANA, ask.Pause(id_)),), State.QUEUED),
    Interloper("somebody else locks its lane", lambda name, id_: ((MIA, ask.Lock(name, PROD, "I compare")),), State.QUEUED),
    Interloper("somebody puts its version on hold", lambda name, id_: ((MIA, ask.Hold(name, V2, PROD, "it leaks")),), State.REFUSED),
)
OTHER_POLICY = POLICY.replace("count: 1", "count: 2")
STATUS_POLICY = f"{POLICY}    gates: [{{commit-status: {{}}}}]\n"


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory, server: RedisServer) -> Foundation:
    """Many lanes in which v1 and v2 have succeeded in staging, and both wait for one approval to go to prod."""
    foundation = Foundation(tmp_path_factory.mktemp("arena") / "town").lay()
    town = Town(foundation.folder, server.url)
    town.client.flushall()
    genesis.first_commit(town.ledger, foundation.folder / "keys", POLICY, BEGIN)
    _reports(town, *(ask.Inspected(version_of(str(version), name)) for name in MODELS for version in (V1, V2)))
    for version in (V1, V2):
        for name in MODELS:
            town.says(ANA, ask.Promote(version, STAGING, name))
        town.loop.perform()
        for kind in (ask.Deployed, ask.Verified):
            begun = [one for one in town.loop.read().promotions.values() if one.to.version == str(version)]
            _reports(town, *(kind(one.id, one.generation, Seen.DONE, "ledger", "as asked") for one in begun))
    for name in MODELS:
        for version in (V1, V2):
            town.says(ANA, ask.Promote(version, PROD, name))
    town.loop.perform()
    return foundation


def _reports(town: Town, *reports: ask.Request) -> None:
    for report in reports:
        town.wiring.inbox.put(town.sealed(PROCESSES["effects"], report, key="effects"))
    while town.loop.perform():
        pass


@pytest.mark.parametrize("number", range(ROUNDS))
def test_nothing_slips_through_between_the_approval_and_the_push(
    arena: Foundation, server: RedisServer, tmp_path: Path, number: int
) -> None:
    town, other = _two_writers(arena, server, tmp_path)
    chance = Random(f"race {number}")  # noqa: S311  # no secret
    names = _asked(town)
    raced = {id_: chance.choice(INTERLOPERS) for id_ in names}
    approvals = [town.approves(str(id_), BEN) for id_ in chance.sample(list(raced), len(raced))]
    said = [one for id_, row in raced.items() for one in row.says(names[id_], id_)]
    waves = _waves(chance, said)
    town.ledger.before_push = lambda: _land(town, other, waves)
    before = len(town.events())
    assert town.loop.perform() == LANES
    assert not waves
    world = town.loop.read()
    for id_, row in raced.items():
        found = world.promotions[id_]
        assert found.state is row.then, f"{row.name}: {id_} is {found.state.value}, {found.reasons}"
        assert row.then is not State.WAITING or found.votes == (), f"{row.name}: a vote for another plan counts"
    _nothing_begun(town, world, set(raced))
    _all_answered(town, approvals)
    assert len(town.events()) > before + LANES


def test_a_policy_that_takes_force_between_the_approval_and_the_push_asks_everybody_anew(
    arena: Foundation, server: RedisServer, tmp_path: Path
) -> None:
    town, other = _two_writers(arena, server, tmp_path)
    asked = _asked(town)
    approvals = [town.approves(str(id_), BEN) for id_ in asked]
    commit = CommitId.read("5" * 40)
    proposed = other.sealed(PROCESSES["effects"], ask.PolicyProposed(commit, OTHER_POLICY), key="effects")
    adopted = other.sealed(MIA, ask.AdoptPolicy(commit[:12]))
    town.ledger.before_push = lambda: other.loop._land([Entry(f"0-{n}", one.to_wire()) for n, one in enumerate((proposed, adopted))])
    town.loop.perform()
    world = town.loop.read()
    for id_ in asked:
        promotion = world.promotions[id_]
        assert (promotion.state, promotion.votes, promotion.events[-1].event) == (State.WAITING, (), "stale")
        assert promotion.quorum is not None
        assert promotion.quorum.count == 2
    _nothing_begun(town, world, set(asked))
    _all_answered(town, approvals)


def test_a_freeze_that_lands_between_the_approval_and_the_push_stops_everything_and_loses_no_approval(
    arena: Foundation, server: RedisServer, tmp_path: Path
) -> None:
    town, other = _two_writers(arena, server, tmp_path)
    asked = _asked(town)
    approvals = [town.approves(str(id_), BEN) for id_ in asked]
    until = Instant.read(stamp(town.now + timedelta(hours=2)))
    town.ledger.before_push = lambda: _land(town, other, [[(MIA, ask.Freeze(PROD, until, "the year's end"))]])
    town.loop.perform()
    world = town.loop.read()
    for id_ in asked:
        promotion = world.promotions[id_]
        assert (promotion.state, [vote.actor for vote in promotion.votes]) == (State.QUEUED, [BEN.id])
        assert any("frozen" in reason for reason in promotion.reasons)
    _nothing_begun(town, world, set(asked))
    _all_answered(town, approvals)


def test_evidence_that_is_revoked_between_the_approval_and_the_push_refuses_what_it_was_for(
    arena: Foundation, server: RedisServer, tmp_path: Path
) -> None:
    town, other = _two_writers(arena, server, tmp_path)
    asked = _asked(town)
    proposed = town.sealed(PROCESSES["effects"], ask.PolicyProposed(CommitId.read("5" * 40), STATUS_POLICY), key="effects")
    _land_all(town, [proposed, town.sealed(MIA, ask.AdoptPolicy("5" * 12)), *_seen(town, asked, Result.PASS)])
    _land_all(town, [town.sealed(MIA, ask.Approve(id_)) for id_ in asked])
    world = town.loop.read()
    assert {world.promotions[id_].events[-1].event for id_ in asked} == {"stale"}, world.proposal
    approvals = [town.approves(str(id_), BEN) for id_ in asked]
    revoked = _seen(other, asked, Result.FAIL)
    town.ledger.before_push = lambda: _land_all(other, revoked)
    town.loop.perform()
    world = town.loop.read()
    assert {world.promotions[id_].state for id_ in asked} == {State.REFUSED}
    _nothing_begun(town, world, set(asked))
    _all_answered(town, approvals)


def _seen(town: Town, asked: dict[PromotionId, ArtifactName], result: Result) -> list[Sealed]:
    """CI's word on each version, as it is gathered for somebody who asked."""
    sealed, word = [], "success" if result is Result.PASS else "failure"
    for id_, name in asked.items():
        digest = Digest.read(sha256(f"{name} {result.value}".encode()))
        found = Evidence(
            name, Version.read(str(V2)), commit_status.CHECK, result, f"ci: {result.value}", stamp(town.now), digest, facts=(("ci", word),)
        )
        wanted = town.sealed(MIA, ask.Approve(id_)).to_wire()
        sealed.append(town.sealed(PROCESSES["effects"], ask.Gathered((found,), wanted), key="effects"))
    return sealed


def _land_all(town: Town, sealed: list[Sealed]) -> None:
    assert town.loop._land([Entry(f"0-{number}", one.to_wire()) for number, one in enumerate(sealed)]).commits


def _two_writers(arena: Foundation, server: RedisServer, folder: Path) -> tuple[Town, Town]:
    town = Town(copied(arena, folder / "town"), server.url)
    town.client.flushall()
    town._asked = 10_000
    other = town.beside("two")
    other.loop.read()
    return town, other


def _asked(town: Town) -> dict[PromotionId, ArtifactName]:
    """The promotions of v2 to prod, and what they promote."""
    found = town.loop.read().promotions.values()
    return {one.id: one.artifact for one in found if one.state is State.WAITING and one.to.version == str(V2)}


def _waves(chance: Random, said: list[Said]) -> list[list[Said]]:
    """All at once, or a part before each of several pushes, so that the same race is lost more than once."""
    chance.shuffle(said)
    size = chance.choice((len(said), len(said) // 2 + 1, len(said) // 3 + 1))
    return [said[at : at + size] for at in range(0, len(said), size)]


def _land(town: Town, other: Town, waves: list[list[Said]]) -> None:
    """The other writer judges these, as if its inbox had held nothing else; then the next wave waits for the next push."""
    numbers = count()
    entries = [Entry(f"0-{next(numbers)}", other.sealed(who, request).to_wire()) for who, request in waves.pop(0)]
    assert other.loop._land(entries).commits
    if waves:
        town.ledger.before_push = lambda: _land(town, other, waves)


def _nothing_begun(town: Town, world: World, raced: set[PromotionId]) -> None:
    """Neither in the ledger nor on the way to a target."""
    begun: list[Promotion] = [one for one in world.promotions.values() if one.id in raced and one.generation]
    assert begun == []
    assert [fields for task, fields in town.sent if task == lanes.DEPLOY and fields["promotion"] in raced] == []


def _all_answered(town: Town, approvals: list[Sealed]) -> None:
    """Whoever approved hears what became of it."""
    repo_id = (town.folder / "keys/repo_id").read_text()
    answered = {delivery.request_id for delivery in town.outcomes()}
    asked = {one.open(town.key("bot").public, repo_id).request_id for one in approvals}
    assert asked <= answered
