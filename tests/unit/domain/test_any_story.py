"""Whatever people say and processes report, in whatever order: what must hold of the ledger holds."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from workers.contract import quorums
from workers.contract import requests as ask
from workers.contract.actors import Actor
from workers.contract.envelope import stamp
from workers.contract.names import ArtifactName, Duration, EnvironmentName, GateName, Instant, PromotionId, VersionAsk
from workers.contract.outcomes import Choose, Planned, Refused, Unmet
from workers.contract.promotion import Promotion, State
from workers.contract.requests import Seen
from workers.domain import decision as d
from workers.domain.decide import decide
from workers.domain.state import World
from workers.domain.states import IN_FLIGHT, OPEN, check_move

from .test_voting import adopted
from .worlds import ANA, BEGIN, BEN, CARL, DANA, MIA, OLA, POLICY, Story, version_of

GLASS = POLICY.replace("    soak: 1h\n", "    soak: 1h\n    emergency: [ops, ml-leads]\n")

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


Verb = ask.Approve | ask.Withdraw | ask.Reject | ask.Cancel | ask.Retry | ask.Pause | ask.Continue | ask.Abort
VERBS = st.sampled_from(
    [ask.Approve] * 4 + [ask.Withdraw, ask.Reject, ask.Cancel, ask.Retry, ask.Pause, ask.Pause, ask.Continue, ask.Abort]
)


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
            _stopped(before, self.world, case.time)
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


def _stopped(before: World, after: World, now: str) -> None:
    """Nothing begins where a freeze, somebody else's lock or a hold stands, but a rollback and what an emergency names."""
    for id_, promotion in after.promotions.items():
        was = before.promotions[id_].state if id_ in before.promotions else State.CHECKING
        if promotion.state is not State.DEPLOYING or was in IN_FLIGHT or promotion.rollback:
            continue
        freeze, lock = before.freezes.get(promotion.environment), before.locks.get((promotion.environment, promotion.artifact))
        assert freeze is None or freeze.until <= now or "freeze" in promotion.skipped
        assert lock is None or (lock.until and lock.until <= now) or lock.by == promotion.requester or "lock" in promotion.skipped
        assert before.holder(promotion.environment, promotion.artifact, promotion.to.digest) is None


class AnyStory(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.story = Watched(GLASS)
        self.policies = 0

    @initialize()
    def begin(self) -> None:
        self.story.registers(*(version_of(v) for v in ("v1.0.0", "v2.0.0", "v3.0.0")), version_of("v2.1.0", metrics={"auc": "0.93"}))
        self.story.succeeds("v1.0.0", "staging")
        self.story.later(hours=2)

    @rule(who=PEOPLE, version=VERSIONS, place=PLACES, via=st.none() | st.sampled_from(["staging", "prod"]))
    def promote(self, who: Actor, version: str, place: str, via: str | None) -> None:
        first = EnvironmentName.read(via) if via else None
        wanted = ask.Promote(VersionAsk.read(version), EnvironmentName.read(place), BIOPSY, via=first)
        self.foresee(who, wanted)
        self.story.says(who, wanted)

    def foresee(self, who: Actor, wanted: ask.Promote) -> None:
        """A plan changes nothing and is what then happens; asked why not, nothing is left out that a refusal would name."""
        inner = ask.Nested.of(wanted, "promote")
        (planned,) = self.story.says(who, ask.Plan(inner)).outcomes
        (unmet,) = self.story.says(who, ask.WhyNot(wanted=inner)).outcomes
        decision = decide(self.story.world, self.story._case(who, wanted))
        if isinstance(planned, Planned) and isinstance(unmet, Unmet):
            refused = [reason for one in decision.outcomes if isinstance(one, Refused) for reason in one.reasons]
            assert set(refused) <= set(planned.conditions) & set(unmet.conditions)
            if decision.promotion:
                assert planned.promotion is not None
                assert (planned.promotion.plan, planned.promotion.state) == (decision.promotion.plan, decision.promotion.state)
        else:
            assert isinstance(planned, Choose)
            assert isinstance(unmet, Choose)

    @rule(who=PEOPLE, number=IDS, verb=VERBS)
    def say(self, who: Actor, number: int, verb: type[Verb]) -> None:
        self.story.says(who, verb(PromotionId.read(f"P-{number}")))

    @rule(who=PEOPLE, version=VERSIONS, place=PLACES, minutes=st.sampled_from([0, 30, 3000]))
    def promote_later(self, who: Actor, version: str, place: str, minutes: int) -> None:
        at = Instant.read(stamp(self.story.now + timedelta(minutes=minutes)))
        self.story.says(who, ask.Promote(VersionAsk.read(version), EnvironmentName.read(place), BIOPSY, at=at))

    @rule(who=PEOPLE, runs_new=st.booleans(), late=st.booleans())
    def accept_live(self, who: Actor, runs_new: bool, late: bool) -> None:
        for promotion in [self.story.world.promotions[id_] for id_ in sorted(self.story.world.open)]:
            if promotion.state is State.NEEDS_ATTENTION:
                live = self.story.lane(promotion.environment).live
                seen = promotion.to if runs_new else live
                found = (ask.Sighting("eu", seen.label if seen else None, seen.digest if seen else None),)
                asked = self.story.asks(who, ask.AcceptLive(promotion.id))
                self.story.reports(ask.Observed(promotion.id, promotion.generation - late, found, "sealed"), asked)
                return

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

    @rule(who=PEOPLE, place=PLACES, version=VERSIONS)
    def hold(self, who: Actor, place: str, version: str) -> None:
        self.story.says(who, ask.Hold(BIOPSY, VersionAsk.read(version), EnvironmentName.read(place), "bad", Instant(stamp(BEGIN))))

    @rule(who=PEOPLE, place=PLACES, hours=st.sampled_from([-1, 1, 30]))
    def freeze(self, who: Actor, place: str, hours: int) -> None:
        until = Instant(stamp(self.story.now + timedelta(hours=hours)))
        self.story.says(who, ask.Freeze(EnvironmentName.read(place), until, "audit"))

    @rule(who=PEOPLE, place=PLACES, verb=st.sampled_from([ask.Lock, ask.Lock, ask.Unlock, ask.StealLock, ask.Unfreeze]))
    def lock(self, who: Actor, place: str, verb: type[ask.Lock | ask.Unlock | ask.StealLock | ask.Unfreeze]) -> None:
        where = EnvironmentName.read(place)
        if verb is ask.Unfreeze:
            self.story.says(who, ask.Unfreeze(where))
        else:
            more = {"lasts": Duration("3h")} if verb is ask.Lock else {}
            self.story.says(who, verb(BIOPSY, where, "mine", **more))  # type: ignore[arg-type,call-arg]  # the three begin alike

    @rule(
        who=PEOPLE,
        version=VERSIONS,
        named=st.lists(st.sampled_from(["approval", "soak", "freeze", "lock", "order", "metrics", "hold"]), unique=True),
    )
    def break_glass(self, who: Actor, version: str, named: list[str]) -> None:
        wanted = ask.EmergencyPromote(
            VersionAsk.read(version), EnvironmentName("prod"), "down", BIOPSY, skipping=tuple(map(GateName, named))
        )
        self.story.says(who, wanted)

    @rule(who=PEOPLE)
    def close_debts(self, who: Actor) -> None:
        for debt in sorted(self.story.world.debts):
            self.story.says(who, ask.CloseDebt(debt, "settled"))

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
        text = GLASS.replace(old, new) if new.startswith(kind) else GLASS
        text += f"# {self.policies}\n"
        adopted(self.story, text)

    @invariant()
    def numbers_have_no_gap(self) -> None:
        world = self.story.world
        assert sorted(p.id.number for p in world.promotions.values()) == list(range(1, world.last_promotion + 1))
        assert [one.seq for one in world.recent] == list(range(world.seq - len(world.recent) + 1, world.seq + 1))
        assert tuple(sorted((p.id for p in world.promotions.values() if p.state in OPEN), key=lambda id_: id_.number)) == world.open

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
    def a_way_goes_on_once_it_may(self) -> None:
        promotions = self.story.world.promotions.values()
        for first in promotions:
            if first.then_to and first.state is State.SUCCEEDED:
                seq = first.events[-1].seq
                further = [one for one in promotions if one.events[0].seq == seq and one.environment == first.then_to]
                assert len(further) <= 1
                assert all(one.requester == first.requester and one.to.digest == first.to.digest for one in further)

    @invariant()
    def nothing_deploys_without_its_approvals(self) -> None:
        for promotion in self.story.world.promotions.values():
            if promotion.state in IN_FLIGHT and promotion.quorum:
                assert quorums.is_met(promotion)
                assert len({vote.actor.user for vote in promotion.votes}) >= promotion.quorum.count
                assert promotion.requester.user not in {vote.actor.user for vote in promotion.votes}
                assert {vote.plan for vote in promotion.votes} == {promotion.plan}

    @invariant()
    def every_emergency_is_owed_until_a_second_person_settles_it(self) -> None:
        for debt in self.story.world.debts.values():
            assert self.story.world.promotions[debt.promotion].skipped == debt.skipped != ()

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
            elif promotion.paused:
                story.says(BEN, ask.Continue(promotion.id))
        story.ticks()
        if story.world is before:
            story.later(minutes=1500).ticks()


TestAnyStory = AnyStory.TestCase
TestAnyStory.settings = settings(
    max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
