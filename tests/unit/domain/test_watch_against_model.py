"""Random measurements, snoozes, promotions and hours: the watch and a model in plain words agree on who is called when, and on when it is over."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from workers.contract import requests as ask
from workers.contract.drift import IncidentState, Level
from workers.contract.envelope import stamp
from workers.contract.names import Instant
from workers.domain import decision as d

from .drifting import report, watched
from .worlds import ANA, BEN, BIOPSY, PROD, Story

BAD = {Level.ALERT: IncidentState.DRIFT, Level.BROKEN: IncidentState.BROKEN}
RULES = "{rows: {type: parquet}, every: 1d, quiet: {from: '20:00', until: '08:00'}}"
VERSIONS = ("v1.0.0", "v2.0.0", "v3.0.0", "v4.0.0")


@dataclass
class Model:
    """One lane in plain words. `open` is what people were called for, `version` that of the last measurement."""

    live: int = 0
    version: int | None = None
    last: Level | None = None
    row: int = 0
    calm: int = 0
    open: IncidentState | None = None
    opened: int = 0
    looked: datetime | None = None
    snoozed: datetime | None = None

    def measured(self, level: Level, now: datetime) -> None:
        stale = self.version not in (None, self.live)
        if stale:
            self.row, self.calm, self.looked = 0, 0, None
        self.version, self.last = self.live, level
        counts = self.looked is None or now - self.looked >= timedelta(hours=12)
        if counts:
            self._count(level, now)
        if stale and self.open:
            self.open = None
        elif self.open and self.calm >= 2:
            self.open, self.calm = None, 0
        elif self.open:
            self.open = BAD.get(level, self.open) if counts else self.open
        else:
            self._call(now)

    def _count(self, level: Level, now: datetime) -> None:
        self.looked = now
        if level in BAD:
            self.row, self.calm = self.row + 1, 0
        elif level is not Level.TOO_FEW:
            self.row, self.calm = 0, self.calm + 1 if self.open else 0

    def _call(self, now: datetime) -> None:
        if self.row >= 2 and self.last in BAD and self.version == self.live and not self.snoozed and not is_night(now):
            self.open, self.opened, self.calm = BAD[self.last], self.opened + 1, 0

    def beat(self, now: datetime) -> None:
        if self.snoozed and self.snoozed <= now and not is_night(now):
            self.snoozed = None
        if self.open and self.version != self.live:
            self.open, self.row, self.calm = None, 0, 0
        elif not self.open:
            self._call(now)


def is_night(now: datetime) -> bool:
    return not 8 <= now.hour < 20


@cache
def _base() -> Story:
    return watched(RULES, *VERSIONS[1:])


def begun() -> Story:
    """`v1.0.0` is live; made once, as reading a policy takes its time."""
    story = copy(_base())
    story.files, story.decisions = dict(story.files), []
    return story


class AgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.story, self.model = begun(), Model()
        self.over: dict[str, object] = {}

    def _same(self, *decisions: d.Decision) -> None:
        """Nothing is done by itself, and nobody is called while it is silent."""
        assert [one for one in decisions if one.effects] == []
        opened = [one for one in decisions if one.event == "drift_alert"]
        assert not (opened and (self.model.snoozed or is_night(self.story.now)))

    @rule(level=st.sampled_from(Level), hours=st.sampled_from([0, 1, 5, 12, 24, 24, 24]), asked=st.booleans())
    def measure(self, level: Level, hours: int, asked: bool) -> None:
        self.story.later(hours=hours, seconds=1)
        envelope = self.story.asks(ANA, ask.ShowDrift(BIOPSY, PROD)) if asked else None
        found = report(level, version=VERSIONS[self.model.live])
        self._same(self.story.reports(ask.Measured(found), asked=envelope))
        self.model.measured(level, self.story.now)

    @rule(hours=st.sampled_from([0, 1, 3, 12, 24]))
    def beat(self, hours: int) -> None:
        self.story.later(hours=hours, seconds=61)
        self.model.beat(self.story.now)
        self._same(*self.story.ticks())

    @rule(hours=st.integers(1, 80))
    def snooze(self, hours: int) -> None:
        self.story.later(seconds=61)
        until = self.story.now + timedelta(hours=hours)
        assert self.story.says(ANA, ask.SnoozeDrift(BIOPSY, Instant.read(stamp(until)), PROD)).event == "drift_snoozed"
        self.model.snoozed = until

    @rule()
    def unsnooze(self) -> None:
        self.story.later(seconds=61)
        decision = self.story.says(BEN, ask.UnsnoozeDrift(BIOPSY, PROD))
        assert decision.event == ("drift_unsnoozed" if self.model.snoozed else "refused")
        self.model.snoozed = None

    @rule()
    def promote(self) -> None:
        """Another version goes live; what the clock does on the way is the model's as well."""
        if self.model.live + 1 < len(VERSIONS):
            self.story.live_in_prod(VERSIONS[self.model.live + 1])
            self.model.live += 1

    @invariant()
    def agrees(self) -> None:
        world, model = self.story.world, self.model
        watch = world.drifts.get((PROD, BIOPSY))
        live = [one for one in world.incidents.values() if not one.ended_at]
        assert [one.state for one in live] == ([model.open] if model.open else [])
        assert len(world.incidents) == model.opened
        assert (watch.in_a_row, watch.calm, watch.incident) == (model.row, model.calm, live[0].id if live else None) if watch else not live
        assert bool(watch and watch.snooze) == bool(model.snoozed)
        assert self.story.live() == VERSIONS[model.live]

    @invariant()
    def what_is_over_never_changes(self) -> None:
        for one in self.story.world.incidents.values():
            events = [event.event for event in one.events]
            assert events.count("drift_alert") == 1
            assert (events[-1] == "drift_over") == bool(one.ended_at) == (one.state is IncidentState.OVER)
            if one.ended_at:
                assert self.over.setdefault(one.id, one) == one

    def teardown(self) -> None:
        """The files say the same."""
        assert self.story.folded().drifts == self.story.world.drifts
        assert self.story.folded().incidents == self.story.world.incidents


TestAgainstModel = AgainstModel.TestCase
TestAgainstModel.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink]
)
