"""When a lane is due to be measured, and in which hours nobody is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract.drift import DriftWatch, Level
from workers.contract.envelope import read_stamp, stamp
from workers.contract.names import ArtifactName
from workers.contract.promotion import Kind, Placed, Release
from workers.domain import in_force, watching
from workers.domain.layout import Adoption
from workers.domain.policy import BadPolicy, Policy, read
from workers.domain.policy.rules import Quiet
from workers.domain.state import World

from .drifting import RULES, measures, policy, report, watched
from .worlds import ANA, BEGIN, BIOPSY, PROD, STAGING, Story, version_of


def placed() -> Placed:
    version = version_of("v1.0.0")
    return Placed(version.version, version.commit, version.digest, None, stamp(BEGIN))


def lanes(world: World, now: datetime) -> list[tuple[str, str]]:
    return [one.lane for one in watching.due(world, now)]


def many(number: int, kind: Kind = Kind.MODEL, rules: str = RULES) -> World:
    """So many artifacts, live in staging, where nothing is watched, and in prod."""
    live = placed()
    names = [ArtifactName.read(f"a{n}") for n in range(number)]
    releases = {(where, name): Release(name, kind, where, desired=live, succeeded=(live,)) for name in names for where in (STAGING, PROD)}
    versions = {name: {live.version: replace(version_of("v1.0.0"), artifact=name)} for name in names}
    return replace(Story(policy(rules)).world, releases=releases, versions=versions)


def looked(world: World, now: datetime) -> World:
    """What is due was measured."""
    found = {
        one.lane: DriftWatch(one.lane[1], one.lane[0], replace(report(Level.NONE), version=one.live.version), looked_at=stamp(now))
        for one in watching.due(world, now)
    }
    return replace(world, drifts={**world.drifts, **found})


def test_a_version_that_goes_live_is_measured_within_every() -> None:
    story = watched()
    since = read_stamp(story.lane().live.since)  # type: ignore[union-attr]
    assert lanes(story.world, since) == []
    assert lanes(story.world, since + timedelta(days=1)) == [(PROD, BIOPSY)]


@given(hours=st.lists(st.integers(1, 30), max_size=40))
def test_it_is_measured_once_in_every_however_the_sweeps_fall(hours: list[int]) -> None:
    world, now, measured = many(1), BEGIN, []
    for step in hours:
        now += timedelta(hours=step)
        if lanes(world, now):
            measured.append(now)
            world = looked(world, now)
    assert all(later - earlier >= timedelta(hours=12) for earlier, later in pairwise(measured))
    assert len(measured) <= (now - BEGIN) // timedelta(hours=12) + 1
    if now - BEGIN >= timedelta(days=1) + timedelta(hours=30):
        assert measured
    assert not lanes(world, now)


def test_lanes_are_spread_over_every_day_after_day() -> None:
    world, counts = many(400), []
    for hour in range(1, 49):
        now = BEGIN + timedelta(hours=hour)
        counts.append(len(lanes(world, now)))
        world = looked(world, now)
    assert sum(counts) == 800
    assert max(counts) < 40


def test_after_a_policy_is_adopted_they_are_spread_as_well() -> None:
    world, live = many(400), placed()
    adopted = BEGIN + timedelta(days=30)
    later = replace(world, adoption=Adoption(live.commit, live.digest, ANA.id, stamp(adopted), 7))
    assert len(lanes(world, adopted + timedelta(hours=1))) == 400
    assert 0 < len(lanes(later, adopted + timedelta(hours=1))) < 40


def test_those_that_waited_longest_come_first() -> None:
    world = many(50)
    found = list(watching.due(world, BEGIN + timedelta(days=3)))
    at = [watching._last_instant(one.lane, timedelta(days=1), BEGIN + timedelta(days=3)) for one in found]
    assert at == sorted(at)


def test_only_what_is_watched_is_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten thousand artifacts the rules are asked once, not at every sweep; and those that nobody watches are not looked at again."""
    world, asked = many(10_000, rules="{rows: {type: parquet}}"), []
    rules_for = Policy.rules_for

    def counted(self: Policy, *about: object) -> object:
        asked.append(about)
        return rules_for(self, *about)  # type: ignore[arg-type]

    monkeypatch.setattr(Policy, "rules_for", counted)
    assert lanes(world, BEGIN + timedelta(days=5)) == []
    assert len(asked) == 20_000
    assert {one.lane[0] for one in watching.watched(world)} == {PROD}
    for hour in range(5):
        lanes(replace(world, seq=hour, drifts={}), BEGIN + timedelta(days=6, hours=hour))
    assert len(asked) == 20_000
    lanes(replace(world, releases={**world.releases, (PROD, BIOPSY): Release(BIOPSY, Kind.MODEL, PROD, succeeded=(placed(),))}), BEGIN)
    assert len(asked) == 40_001


def test_what_is_not_watched_is_never_due() -> None:
    later = BEGIN + timedelta(days=9)
    assert lanes(many(3, Kind.SERVICE), later) == []
    assert lanes(many(3, rules="{rows: {type: parquet}}"), later) == []
    gone = many(3)
    assert lanes(replace(gone, releases={key: replace(one, succeeded=()) for key, one in gone.releases.items()}), later) == []


def test_who_asked_a_moment_ago_is_not_measured_again() -> None:
    story = watched()
    measures(story, Level.NONE)
    now = story.now
    assert lanes(story.world, now + timedelta(hours=11)) == []
    assert lanes(story.world, now + timedelta(days=1)) == [(PROD, BIOPSY)]


@pytest.mark.parametrize(
    ("quiet", "hour", "is_quiet"),
    [
        (Quiet("20:00", "07:00"), "19:59", False),
        (Quiet("20:00", "07:00"), "20:00", True),
        (Quiet("20:00", "07:00"), "00:00", True),
        (Quiet("20:00", "07:00"), "06:59", True),
        (Quiet("20:00", "07:00"), "07:00", False),
        (Quiet("12:00", "13:00"), "12:30", True),
        (Quiet("12:00", "13:00"), "13:00", False),
        (Quiet("20:00", "07:00", "Europe/Amsterdam"), "19:00", True),
        (Quiet("20:00", "07:00", "Asia/Tokyo"), "19:00", True),
        (Quiet("20:00", "07:00", "Asia/Tokyo"), "23:00", False),
        (None, "03:00", False),
    ],
)
def test_quiet_hours_are_of_the_wall_clock(quiet: Quiet | None, hour: str, is_quiet: bool) -> None:
    now = datetime(2026, 11, 23, int(hour[:2]), int(hour[3:]), tzinfo=UTC)
    assert watching.is_quiet(quiet, now) is is_quiet


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        ("quiet: {from: '20:00', until: '20:00'}", "write two times"),
        ("quiet: {from: '20:00', until: '07:00', timezone: Moon/Sea}", "no time zone of the IANA"),
        ("warning: 0.3", "a warning begins above an alert"),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_their_line(drift: str, words: str) -> None:
    with pytest.raises(BadPolicy) as caught:
        read(policy(f"{{rows: {{type: parquet}}, {drift}}}"))
    assert any(words in error for error in caught.value.errors), caught.value.errors


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (
            RULES[:-1] + ", quiet: {from: '20:00', until: '07:00'}}",
            "live rows (parquet) of 7d, measured every 1d; a warning from a PSI of 0.1, an alert from 0.25; people are called after 2 in a row, "
            "not from 20:00 until 07:00 UTC",
        ),
        ("{rows: {type: sql}, window: 12h}", "live rows (sql) of 12h, measured when somebody asks; a warning"),
    ],
)
def test_what_is_in_force_is_said_in_words(rules: str, said: str) -> None:
    found = in_force.lane(read(policy(rules)), PROD, (BIOPSY, Kind.MODEL), BEGIN)
    assert found is not None
    assert any(one.topic == "drift" and one.text.startswith(said) for one in found.rules), found.rules
