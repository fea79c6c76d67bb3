"""The watch over drift with a real ledger and a real Redis: measured when due, told once, and nothing of it lost when Redis is emptied."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from demo.redis import RedisServer
from workers.app import genesis
from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.drift import ColumnDrift, DriftReport, Incident, IncidentState, Level, Window
from workers.contract.envelope import Sealed, stamp
from workers.contract.names import CommitId, Digest, EnvironmentName, Instant, Version
from workers.contract.outcomes import IncidentMoved
from workers.contract.promotion import RegisteredVersion
from workers.contract.stories import Card
from workers.domain.policy.rules import DriftRules
from workers.domain.recents import Recents
from workers.effects.reporting import Reporter
from workers.effects.watch import Watch
from workers.ports.errors import BadContent, Unreachable, WorldError
from workers.tasks import changes, effects

from .town import ANA, BEGIN, BEN, BIOPSY, POLICY, STAGING, Foundation, Town, projected

DRIFT = "drift: {rows: {type: parquet, path: biopsy}, every: 1d}"
DIGEST = Digest.read("sha256:" + "ab" * 32)


@dataclass
class LiveRows:
    """Stands where live rows are measured: says what it was told to, or is broken."""

    town: Town
    level: Level = Level.NONE
    breaks: Exception | None = None
    asked: list[Version] = field(default_factory=list)

    def measure(self, version: RegisteredVersion, rules: DriftRules, environment: EnvironmentName, window: timedelta) -> DriftReport:
        self.asked.append(version.version)
        if self.breaks:
            raise self.breaks
        columns = (ColumnDrift("radius", "number", self.level, psi="0.31"),)
        return DriftReport(
            version.artifact, version.version, environment, self.level, f"It is {self.level.value}.", Window(None, None, 400),
            Window(None, None, 300), stamp(self.town.now), DIGEST, columns, 30, 1,
        )  # fmt: skip


@pytest.fixture
def town(tmp_path: Path, server: RedisServer) -> Town:
    """A town whose versions of biopsy name what they learned from."""
    foundation = Foundation(tmp_path / "town").lay()
    town = Town(foundation.folder, server.url)
    town.client.flushall()
    genesis.first_commit(town.ledger, foundation.folder / "keys", POLICY, BEGIN)
    _, source, _ = town.wiring._effects
    source.fetch()
    for tag in [one for one in source.version_tags() if one.artifact == BIOPSY]:
        found = replace(source.inspect(BIOPSY, tag.version, tag.commit, None), drift="drift/reference.parquet")
        town.wiring.inbox.put(town.sealed(PROCESSES["effects"], ask.Inspected(found), key="effects"))
    town.drain()
    return town


@pytest.fixture
def rows(town: Town) -> LiveRows:
    """v1.0.0 is live in staging, where its drift is watched."""
    commit = CommitId.read("4" * 40)
    text = POLICY.replace("staging: {run: [leads]}", f"staging: {{run: [leads], {DRIFT}}}")
    town.wiring.inbox.put(town.sealed(PROCESSES["effects"], ask.PolicyProposed(commit, text), key="effects"))
    town.drain()
    town.says(BEN, ask.AdoptPolicy(commit[:12]))
    town.promotes("v1.0.0")
    town.works()
    assert town.state("P-1") == "succeeded"
    rows = LiveRows(town)
    view, source, reporter = town.wiring._effects
    town.wiring.__dict__["_effects"] = (view, source, Reporter(town.key("effects"), reporter.repo_id, town.wiring.put, lambda: town.now))
    town.wiring.__dict__["measuring"] = rows
    return rows


def a_day_later(town: Town) -> None:
    """The clock beats every six hours; what it asks for is done. The marks that keep a lane from being begun twice would be over."""
    for _ in range(4):
        town.later(hours=6)
        for mark in town.client.keys("towpath:once:measure:*"):
            town.client.delete(mark)
        town.ticks()
        town.works()


def incident(town: Town) -> Incident:
    return max(town.world().incidents.values(), key=lambda one: one.id.number)


def test_it_is_measured_once_a_day_and_people_are_told_after_two_days(town: Town, rows: LiveRows) -> None:
    rows.level = Level.ALERT
    a_day_later(town)
    assert (rows.asked, town.world().incidents) == (["v1.0.0"], {})
    town.outcomes()
    a_day_later(town)
    assert len(rows.asked) == 2
    (moved,) = town.told(IncidentMoved)
    assert moved.incident == incident(town)
    assert (moved.incident.channel, moved.incident.state) == ("CBIOPSY", IncidentState.DRIFT)
    assert moved.commits == {str(event.seq): town.reader.commits[event.seq] for event in moved.incident.events}
    a_day_later(town)
    assert [one.incident.in_a_row for one in town.told(IncidentMoved)] == [3]
    assert town.events().count("drift_alert") == 1
    assert town.state("P-1") == "succeeded"


def test_a_sweep_begins_it_once_until_somebody_had_the_time(town: Town, rows: LiveRows) -> None:
    town.later(days=1)
    for _ in range(3):
        town.ticks()
    assert [task for task, _ in town.sent].count(lanes.MEASURE) == 1
    town.client.delete("towpath:once:measure:staging:biopsy")  # five minutes later
    town.ticks()
    assert [task for task, _ in town.sent].count(lanes.MEASURE) == 2
    town.works()
    assert town.events().count("measured") == 1
    assert town.world().drifts[STAGING, BIOPSY].before is None
    town.client.delete("towpath:once:measure:staging:biopsy")
    town.ticks()
    assert lanes.MEASURE not in [task for task, _ in town.sent]


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (Unreachable("reading the rows of s3://logs"), "reading the rows of s3://logs"),
        (BadContent("The column radius is gone."), "The column radius is gone."),
        (ZeroDivisionError("a row"), "a defect of Towpath (ZeroDivisionError)"),
    ],
)
def test_what_cannot_be_measured_is_told_too(town: Town, rows: LiveRows, breaks: Exception, words: str) -> None:
    rows.breaks = breaks
    for _ in range(2):
        a_day_later(town)
    assert incident(town).state is IncidentState.BROKEN
    assert words in incident(town).events[0].text
    seen = town.world().seen(BIOPSY, Version.read("v1.0.0"), "drift", STAGING)
    assert seen is not None
    assert dict(seen.facts)["verdict"] == "broken input"


def test_a_host_that_cannot_measure_says_so(town: Town, rows: LiveRows) -> None:
    def missing() -> LiveRows:
        raise BadContent("measuring drift needs libraries that are not installed here")

    view, _, reporter = town.wiring._effects
    town.wiring.__dict__["watch"] = Watch(view, missing, reporter)
    a_day_later(town)
    report = town.world().drifts[STAGING, BIOPSY].report
    assert report is not None
    assert (report.verdict, report.problems) == (Level.BROKEN, ("measuring drift needs libraries that are not installed here",))


def test_a_ledger_that_does_not_answer_is_asked_again(town: Town, rows: LiveRows) -> None:
    town.remote.rename(town.folder / "away")
    with pytest.raises(WorldError):
        effects.measure(town.wiring, {"artifact": "biopsy", "environment": "staging"})
    (town.folder / "away").rename(town.remote)
    effects.measure(town.wiring, {"artifact": "biopsy", "environment": "staging"})
    assert rows.asked == ["v1.0.0"]


def test_what_nobody_watches_is_not_measured(town: Town, rows: LiveRows) -> None:
    effects.measure(town.wiring, {"artifact": "biopsy", "environment": "prod"})
    effects.measure(town.wiring, {"artifact": "other", "environment": "staging"})
    assert rows.asked == []


def opened(town: Town, rows: LiveRows) -> Incident:
    rows.level = Level.ALERT
    for _ in range(2):
        a_day_later(town)
    return incident(town)


def test_redis_that_is_emptied_at_any_time_loses_nothing_of_it(town: Town, rows: LiveRows) -> None:
    one = opened(town, rows)
    town.card(one.id, "7.1")
    town.drain()
    assert incident(town).card == Card("CBIOPSY", "7.1")
    town.client.flushall()
    town.sent.clear()
    town.ticks()
    (moved,) = town.told(IncidentMoved)
    assert moved.incident == incident(town)
    assert projected(town) == replace(town.world(), recent=Recents())
    town.client.flushall()
    a_day_later(town)
    assert [one.incident.id for one in town.told(IncidentMoved)][-1] == one.id
    assert (len(town.world().incidents), incident(town).in_a_row) == (1, 3)


def test_what_is_long_over_is_not_told_again_by_a_rebuild(town: Town, rows: LiveRows) -> None:
    opened(town, rows)
    rows.level = Level.NONE
    for _ in range(3):
        a_day_later(town)
    assert incident(town).ended_at
    town.outcomes()
    changes.rebuild_now(town.wiring)
    assert town.told(IncidentMoved) == []


def test_who_snoozes_it_is_seen_on_the_card(town: Town, rows: LiveRows) -> None:
    opened(town, rows)
    town.outcomes()
    until = Instant.read(stamp(town.now + timedelta(days=1)))
    town.says(ANA, ask.SnoozeDrift(BIOPSY, until))
    town.works()
    (moved,) = town.told(IncidentMoved)
    assert moved.incident.snooze.by == ANA.id


def measured(town: Town, asked: Sealed | None, **changed: Any) -> None:
    """A report that claims to answer somebody."""
    report = LiveRows(town).measure(town.world().versions[BIOPSY][Version.read("v1.0.0")], DriftRules(None), STAGING, timedelta(days=7))  # type: ignore[arg-type]
    said = ask.Measured(replace(report, **changed), asked.to_wire() if asked else None)
    town.wiring.inbox.put(town.sealed(PROCESSES["effects"], said, key="effects"))
    town.drain()


def test_a_report_answers_only_who_asked_for_it(town: Town, rows: LiveRows) -> None:
    asked = town.sealed(ANA, ask.ShowDrift(BIOPSY, STAGING))
    measured(town, asked)
    assert town.events()[-1] == "measured"
    before = len(town.events())
    for other in (town.sealed(ANA, ask.ShowQueue()), town.sealed(ANA, ask.ShowDrift(BIOPSY, EnvironmentName.read("prod")))):
        measured(town, other)
    assert set(town.events()[before:]) == {"anomaly"}
    assert town.world().drifts[STAGING, BIOPSY].looked_at is not None
