"""Random requests, in any order, decided by the code and by a simple model of the state table: both say the same of every promotion and lane."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from workers.contract import requests as ask
from workers.contract.actors import Actor
from workers.contract.names import EnvironmentName, PromotionId, VersionAsk
from workers.contract.promotion import State
from workers.contract.requests import Seen
from workers.domain import decision as d
from workers.domain.states import TERMINAL

from .model import Model
from .worlds import ANA, BEN, BIOPSY, CARL, DANA, MIA, Story, version_of

POLICY = """\
version: 1
roles: {leads: {users: [UBEN, UMIA, UDANA]}}
environments:
  staging: {run: [leads]}
  prod: {run: [leads], approve: {from: [leads], count: 2, expires: 720h}}
"""
PEOPLE, LEADS = st.sampled_from([ANA, BEN, MIA, DANA, CARL]), st.sampled_from([BEN, MIA, DANA])
VERSIONS, PLACES = st.sampled_from(["v1.0.0", "v2.0.0", "v3.0.0"]), st.sampled_from(["staging", "prod", "prod"])
Verb = ask.Approve | ask.Reject | ask.Cancel | ask.Retry
NUMBERS = st.integers(1, 9)
SEEN = st.sampled_from([Seen.DONE, Seen.DONE, Seen.REFUSED, Seen.MISMATCH, Seen.MISMATCH, Seen.UNREACHABLE, Seen.UNCLEAR])
STEPS: dict[State, type[ask.Deployed | ask.Verified | ask.Restored]] = {
    State.DEPLOYING: ask.Deployed,
    State.VERIFYING: ask.Verified,
    State.ROLLING_BACK: ask.Restored,
}


class AgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.story, self.model = Story(POLICY), Model()
        self.over: dict[PromotionId, tuple[object, ...]] = {}

    @initialize()
    def begin(self) -> None:
        self.story.registers(*(version_of(version) for version in ("v1.0.0", "v2.0.0", "v3.0.0")))

    def _passes(self) -> None:
        """A minute between two sentences: nobody floods."""
        self.story.now += timedelta(seconds=61)
        self.model.now += 61

    def _same(self, decision: d.Decision, expected: str | None) -> None:
        assert decision.event == expected, decision
        if expected:
            assert self.story.world.recent[-1].event == expected

    @rule(who=PEOPLE, version=VERSIONS, place=PLACES)
    def promote(self, who: Actor, version: str, place: str) -> None:
        self._promotes(who, version, place)

    @rule(who=PEOPLE, number=NUMBERS, verb=st.sampled_from([ask.Approve, ask.Reject, ask.Cancel, ask.Retry]))
    def say(self, who: Actor, number: int, verb: type[Verb]) -> None:
        """To any promotion, also one that is over or was never there."""
        self._says(who, verb, number)

    @rule(who=LEADS, pick=st.integers(0, 3), verb=st.sampled_from([ask.Approve, ask.Approve, ask.Approve, ask.Reject, ask.Cancel]))
    def decide_on_what_waits(self, who: Actor, pick: int, verb: type[Verb]) -> None:
        waiting = self._those(State.WAITING, State.QUEUED)
        if waiting:
            self._says(who, verb, waiting[pick % len(waiting)])

    @rule(who=LEADS)
    def try_again(self, who: Actor) -> None:
        for number in self._those(State.NEEDS_ATTENTION):
            self._says(who, ask.Retry, number)

    @rule(version=VERSIONS, place=PLACES)
    def promote_to_the_end(self, version: str, place: str) -> None:
        """So that there is something to go back to."""
        self._promotes(ANA, version, place)
        for who in (BEN, MIA):
            for number in self._those(State.WAITING):
                self._says(who, ask.Approve, number)
        for _ in range(2):
            self._reports(Seen.DONE, 0, 1)

    def _those(self, *states: State) -> list[int]:
        return sorted(one.id.number for one in self.story.world.promotions.values() if one.state in states)

    def _promotes(self, who: Actor, version: str, place: str) -> None:
        self._passes()
        self._same(self.story.promotes(who, version, place), self.model.promote(who.id.user, version, place))

    def _says(self, who: Actor, verb: type[Verb], number: int) -> None:
        self._passes()
        model = {
            ask.Approve: self.model.approve,
            ask.Reject: self.model.reject,
            ask.Cancel: self.model.cancel,
            ask.Retry: self.model.retry,
        }[verb]
        self._same(self.story.says(who, verb(PromotionId.read(f"P-{number}"))), model(who.id.user, number))

    def _reports(self, seen: Seen, late: int, times: int) -> None:
        flying = [one for one in self.story.world.promotions.values() if one.state in STEPS]
        for promotion in sorted(flying, key=lambda one: one.id.number)[:1]:
            kind, generation = STEPS[promotion.state], promotion.generation - late
            for _ in range(times):
                decision = self.story.reports(kind(promotion.id, generation, seen, "eu", "seen"))
                self._same(decision, self.model.report(promotion.id.number, generation, kind.__name__, seen.value))

    @rule(who=PEOPLE, place=PLACES)
    def roll_back(self, who: Actor, place: str) -> None:
        self._passes()
        self._same(self.story.says(who, ask.Rollback(EnvironmentName.read(place), BIOPSY)), self.model.rollback(who.id.user, place))

    @rule(who=PEOPLE, version=VERSIONS, place=PLACES)
    def unhold(self, who: Actor, version: str, place: str) -> None:
        self._passes()
        wanted = ask.Unhold(BIOPSY, VersionAsk.read(version), EnvironmentName.read(place), "mended")
        self._same(self.story.says(who, wanted), self.model.unhold(who.id.user, version, place))

    @rule(seen=SEEN, late=st.sampled_from([0, 0, 0, 1]), times=st.integers(1, 2))
    def report(self, seen: Seen, late: int, times: int) -> None:
        """On the first that is under way, perhaps by a run that came too late, perhaps twice."""
        self._reports(seen, late, times)

    @rule(seconds=st.sampled_from([1, 30, 200]))
    def time_passes(self, seconds: int) -> None:
        self.story.now += timedelta(seconds=seconds)
        self.model.now += seconds
        assert [str(decision.event) for decision in self.story.ticks()] == self.model.tick()

    @invariant()
    def promotions_stand_where_the_model_says(self) -> None:
        for promotion in self.story.world.promotions.values():
            one = self.model.all[promotion.id.number]
            code = (promotion.state.value, promotion.generation, {vote.actor.user for vote in promotion.votes}, len(promotion.votes))
            assert code == (one.state, one.generation, one.votes, len(one.votes)), promotion
        assert len(self.story.world.promotions) == len(self.model.all)

    @invariant()
    def lanes_and_holds_are_what_the_model_says(self) -> None:
        for place, lane in self.model.lanes.items():
            found = self.story.world.release(EnvironmentName.read(place), BIOPSY)
            code = (
                (found.generation, found.in_flight, found.desired and found.desired.version, found.live and found.live.version)
                if found
                else (0, None, None, None)
            )
            assert code == (lane.generation, lane.flight and f"P-{lane.flight.number}", lane.desired, lane.last)
        held = {(str(hold.environment), str(hold.version)) for hold in self.story.world.holds.values()}
        assert held == self.model.holds

    @invariant()
    def what_has_ended_never_changes(self) -> None:
        for promotion in self.story.world.promotions.values():
            if promotion.state in TERMINAL:
                assert self.over.setdefault(promotion.id, (promotion,)) == (promotion,)

    @invariant()
    def what_was_recorded_is_known_again(self) -> None:
        world = self.story.world
        for one in world.recent[-3:]:
            if one.request_id:
                assert world.known(one.request_id) == replace(one)


TestAgainstModel = AgainstModel.TestCase
TestAgainstModel.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink]
)
