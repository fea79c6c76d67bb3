"""Tag names are read back as they were written, and a picture is the state that GTO would show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.contract.samples import names
from workers.adapters.git import gto_names
from workers.adapters.git.gto_names import TagName
from workers.contract.names import ArtifactName, EnvironmentName, Version
from workers.domain.picture import Act, Event, Picture
from workers.domain.tag_oddities import oddities

from .worlds import BIOPSY, PROD, STAGING, commit_of

COUNTERS = st.integers(1, 10**17)


@given(names(ArtifactName), names(Version), names(EnvironmentName), COUNTERS)
def test_what_we_write_is_read_back(artifact: ArtifactName, version: Version, environment: EnvironmentName, counter: int) -> None:
    spelled = artifact.replace("/", "=", 1)
    for name in (str(artifact), spelled):
        assert gto_names.parse(gto_names.registers(name, version)) == TagName(name, Act.REGISTER, version)
        assert gto_names.parse(gto_names.assigns(name, environment, counter)) == TagName(name, Act.ASSIGN, None, environment, counter)
        assert gto_names.parse(gto_names.unassigns(name, environment, counter)) == TagName(name, Act.UNASSIGN, None, environment, counter)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("m@v1.2.3", TagName("m", Act.REGISTER, "v1.2.3")),
        ("m@v1.2.3-rc.1+b.7", TagName("m", Act.REGISTER, "v1.2.3-rc.1+b.7")),
        ("m@v1.2.3!#007", TagName("m", Act.DEREGISTER, "v1.2.3", None, 7)),
        ("m@deprecated", TagName("m", Act.DEPRECATE)),
        ("m@deprecated#4", TagName("m", Act.DEPRECATE, None, None, 4)),
        ("m@created", TagName("m", None)),
        ("m#prod", TagName("m", Act.ASSIGN, None, "prod")),
        ("m#prod!#2", TagName("m", Act.UNASSIGN, None, "prod", 2)),
        ("m#prod/eu#1", TagName("m", Act.ASSIGN, None, "prod/eu", 1)),
        ("sub/d.r=My_m#prod#1", TagName("sub/d.r=My_m", Act.ASSIGN, None, "prod", 1)),
    ],
)
def test_the_whole_grammar_is_read(name: str, said: TagName) -> None:
    assert gto_names.parse(name) == said


@pytest.mark.parametrize(
    "name", ["m@v3", "m@1.2.3", "x.y@v1.0.0", "m#prod.eu#1", "m@v01.0.0", "-m@v1.0.0", "m@v1.0.0\n", "m@@v1.0.0", "release-1"]
)
def test_what_gto_passes_over_is_passed_over(name: str) -> None:
    assert gto_names.parse(name) is None


@given(st.text(max_size=40))
def test_no_name_trips_the_parser(name: str) -> None:
    said = gto_names.parse(name)
    assert said is None or name.startswith(said.artifact)
    assert gto_names.is_near(name) in (True, False)


def event(name: str, time: int, at: str = "") -> Event:
    said = gto_names.parse(name)
    assert said is not None
    assert said.act is not None
    version = Version.read(said.version) if said.version else None
    environment = EnvironmentName.read(said.environment) if said.environment else None
    commit = commit_of(at or f"{said.artifact} {said.version}")
    return Event(
        name, str(commit_of(name)), commit, time, said.counter or 0, said.act, ArtifactName.read(said.artifact), version, environment
    )


def test_the_last_assignment_of_a_commit_that_still_holds_is_shown() -> None:
    picture = Picture([event("biopsy#prod#1", 1, "a"), event("biopsy#prod#2", 2, "b"), event("biopsy#staging#3", 3, "a")])
    assert picture.holders(BIOPSY, PROD) == [commit_of("a"), commit_of("b")]
    assert {lane: one.name for lane, one in picture.assigned.items()} == {
        (BIOPSY, PROD): "biopsy#prod#2",
        (BIOPSY, STAGING): "biopsy#staging#3",
    }
    back = Picture([*picture.events, event("biopsy#prod!#4", 4, "b")])
    assert back.assigned[BIOPSY, PROD].name == "biopsy#prod#1"


def test_withdrawn_and_deprecated_are_not_registered_and_come_back() -> None:
    one, two = event("biopsy@v1.0.0", 1), event("biopsy@v2.0.0", 2)
    gone = event("biopsy@v1.0.0!#1", 3)
    assert [e.name for e in Picture([one, two, gone]).registered()] == ["biopsy@v2.0.0"]
    over = event("biopsy@deprecated#2", 4)
    assert list(Picture([one, two, over]).registered()) == []
    again = event("biopsy@v3.0.0", 5)
    assert [e.name for e in Picture([one, two, over, again]).registered()] == ["biopsy@v1.0.0", "biopsy@v2.0.0", "biopsy@v3.0.0"]


def test_a_withdrawn_version_holds_nothing() -> None:
    events = [event("biopsy@v1.0.0", 1, "a"), event("biopsy#prod#1", 2, "a"), event("biopsy@v1.0.0!#2", 3, "a")]
    assert (BIOPSY, PROD) not in Picture(events).assigned


def test_each_oddity_has_a_fix() -> None:
    picture = Picture(
        [
            event("biopsy@v1.0.0", 1, "a"),
            event("biopsy@v2.0.0", 2, "a"),
            event("biopsy#prod#1", 3, "a"),
            event("biopsy#prod#2", 3, "b"),
            event("biopsy#edge#3", 4, "a"),
            event("biopsy#staging", 5, "a"),
        ],
        counters={"biopsy": 3},
    )
    found = list(oddities(picture, (PROD, STAGING)))
    assert [one.fix for one in found if not one.fix] == []
    words = "\n".join(f"{one.what} {one.fix}" for one in found)
    for part in ("two versions on one commit", "same second", "'biopsy#prod#4'", "environment edge", "biopsy#staging has no number"):
        assert part in words
