"""Whatever people say and processes report, in whatever order: what must hold of the ledger holds."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from workers.contract import quorums
from workers.contract import requests as ask
from workers.contract.actors import Actor
from workers.contract.names import ArtifactName, EnvironmentName, PromotionId, VersionAsk
from workers.contract.promotion import Promotion, State
from workers.contract.requests import Seen
from workers.domain import decision as d
from workers.domain.decide import decide
from workers.domain.state import World
from workers.domain.states import IN_FLIGHT, OPEN, check_move

from .test_voting import adopted
from .worlds import ANA, BEN, CARL, DANA, MIA, OLA, POLICY, Story, version_of

PEOPLE = st.sampled_from([ANA, BEN, MIA, DANA, OLA, CARL])
VERSIONS = st.sampled_from(["v1.0.0", "v2.0.0", "v2.1.0", "v2", "v3.0.0"])
PLACES = st.sampled_from(["staging", "prod", "vault"])
IDS = st.integers(1, 12)
SEEN = st.sampled_from([Seen.DONE, Seen.DONE, Seen.DONE, Seen.REFUSED, Seen.MISMATCH, Seen.UNREACHABLE, Seen.UNCLEAR])
BIOPSY = ArtifactName.read("biopsy")
REPORTS: dict[State, type[ask.Deployed | ask.Verified | ask.Restored]] = {
    State.DEPLOYING: ask.Deployed,
    State.VERIFYING: ask.Verified,
    State.ROLLING_BACK: ask.Restored,
}


class Watched(Story):
    """A story that checks each decision as it falls."""

    def judge(self, case: d.Case) -> d.Decision:
        before = self.world
        assert decide(before, case) == decide(before, case)
        decision = super().judge(case)
        if decision.event is None:
            assert self.world is before
        else:
            assert self.world.seq == before.seq + 1
            _moves(before, self.world)
        return decision


def _moves(before: World, after: World) -> None:
    for id_, promotion in after.promotions.items():
        old = before.promotions.get(id_)
        if old is None:
            assert before.last_promotion < id_.number <= after.last_promotion
            check_move(State.CHECKING, promotion.state)
        elif old is not promotion:
            if old.state is not promotion.state:
                check_move(old.state, promotion.state)
            assert promotion.events[: len(old.events)] == old.events
            assert promotion.events[-1].seq == after.seq
            assert (old.to.digest, old.requester, old.requested_at) == (promotion.to.digest, promotion.requester, promotion.requested_at)
    for place, release in after.releases.items():
        old_release = before.releases.get(place)
        assert release.generation >= (old_release.generation if old_release else 0)


class AnyStory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.story = Watched()
        self.policies = 0

    @initialize()
    def begin(self) -> None:
        self.story.registers(*(version_of(v) for v in ("v1.0.0", "v2.0.0", "v3.0.0")), version_of("v2.1.0", metrics={"auc": "0.93"}))
        self.story.succeeds("v1.0.0", "staging")
        self.story.later(hours=2)

    @rule(who=PEOPLE, version=VERSIONS, place=PLACES)
    def promote(self, who: Actor, version: str, place: str) -> None:
        self.story.promotes(who, version, place)

    @rule(
        who=PEOPLE,
        number=IDS,
        verb=st.sampled_from([ask.Approve, ask.Approve, ask.Approve, ask.Withdraw, ask.Reject, ask.Cancel, ask.Retry]),
    )
    def say(self, who: Actor, number: int, verb: type[ask.Approve | ask.Withdraw | ask.Reject | ask.Cancel | ask.Retry]) -> None:
        self.story.says(who, verb(PromotionId.read(f"P-{number}")))

    @rule(who=PEOPLE, number=IDS)
    def dispute(self, who: Actor, number: int) -> None:
        self.story.says(who, ask.Dispute("it was wrong", PromotionId.read(f"P-{number}")))

    @rule(who=PEOPLE, place=PLACES, to=st.none() | VERSIONS)
    def roll_back(self, who: Actor, place: str, to: str | None) -> None:
        wanted = ask.Rollback(EnvironmentName.read(place), BIOPSY, VersionAsk.read(to) if to else None)
        self.story.says(who, wanted)

    @rule(who=PEOPLE, place=PLACES, version=VERSIONS)
    def unhold(self, who: Actor, place: str, version: str) -> None:
        self.story.says(who, ask.Unhold(BIOPSY, VersionAsk.read(version), EnvironmentName.read(place), "fixed"))

    @rule(seen=SEEN, late=st.booleans())
    def report(self, seen: Seen, late: bool) -> None:
        for promotion in [self.story.world.promotions[id_] for id_ in sorted(self.story.world.open)]:
            if kind := REPORTS.get(promotion.state):
                self.story.reports(kind(promotion.id, promotion.generation - late, seen, "eu", "seen"))
                return

    @rule(minutes=st.sampled_from([1, 4, 70, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.story.now += timedelta(minutes=minutes)
        self.story.ticks()

    @rule(
        old=st.sampled_from(["count: 1", "count: 2", "at_least: 0.90", "    soak: 1h\n"]),
        new=st.sampled_from(["", "count: 1", "at_least: 0.94"]),
    )
    def adopt(self, old: str, new: str) -> None:
        self.policies += 1
        kind = old.split(":", maxsplit=1)[0].strip()
        text = POLICY.replace(old, new) if new.startswith(kind) else POLICY
        text += f"# {self.policies}\n"
        adopted(self.story, text)

    @invariant()
    def numbers_have_no_gap(self) -> None:
        world = self.story.world
        assert sorted(p.id.number for p in world.promotions.values()) == list(range(1, world.last_promotion + 1))
        assert [one.seq for one in world.recent] == list(range(world.seq - len(world.recent) + 1, world.seq + 1))
        assert {p.id for p in world.promotions.values() if p.state in OPEN} == world.open

    @invariant()
    def one_at_a_time(self) -> None:
        for (environment, artifact), release in self.story.world.releases.items():
            lane = [p for p in self.story.world.in_lane(environment, artifact) if p.state in IN_FLIGHT]
            assert [p.id for p in lane] == ([release.in_flight] if release.in_flight else [])
            for promotion in lane:
                self._fits(promotion, release.generation)
                assert release.desired is not None
                assert release.desired.digest == promotion.to.digest
            if not lane:
                assert (release.desired and release.desired.digest) == (release.live and release.live.digest)

    def _fits(self, promotion: Promotion, generation: int) -> None:
        assert promotion.generation == generation

    @invariant()
    def nothing_deploys_without_its_approvals(self) -> None:
        for promotion in self.story.world.promotions.values():
            if promotion.state in IN_FLIGHT and promotion.quorum:
                assert quorums.is_met(promotion)
                assert len({vote.actor.user for vote in promotion.votes}) >= promotion.quorum.count
                assert promotion.requester.user not in {vote.actor.user for vote in promotion.votes}
                assert {vote.plan for vote in promotion.votes} == {promotion.plan}

    @invariant()
    def rollbacks_are_never_rolled_back_by_themselves(self) -> None:
        for promotion in self.story.world.promotions.values():
            if promotion.rollback:
                assert promotion.state not in (State.ROLLING_BACK, State.ROLLED_BACK, State.WAITING, State.QUEUED)

    def teardown(self) -> None:
        """What is folded from files is what was applied. And nothing is stuck for ever: time and who runs a place bring every lane to rest."""
        story = self.story
        assert story.folded() == story.world
        for _ in range(60):
            if not story.world.open:
                assert story.folded() == story.world
                return
            self._settle()
        stuck = [(p.id, p.state.value, p.reasons) for p in (story.world.promotions[id_] for id_ in story.world.open)]
        raise AssertionError(stuck)

    def _settle(self) -> None:
        """Who is asked answers; only when nobody is asked does time pass."""
        story, before = self.story, self.story.world
        for promotion in [before.promotions[id_] for id_ in sorted(before.open)]:
            if kind := REPORTS.get(promotion.state):
                story.reports(kind(promotion.id, promotion.generation, Seen.DONE, "eu", "seen"))
            elif promotion.state is State.NEEDS_ATTENTION:
                story.says(BEN, ask.Retry(promotion.id))
        story.ticks()
        if story.world is before:
            story.later(minutes=1500).ticks()


TestAnyStory = AnyStory.TestCase
TestAnyStory.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
