"""Looking at the repository: what a person asked is read from what they signed, and every question ends with an answer."""

from __future__ import annotations

import pytest

from tests.unit.domain.worlds import ANA, BIOPSY, KEYS, POLICY, REPO, STAGING, Story, commit_of, version_of
from workers.contract import requests as ask
from workers.contract.envelope import Sealed, Sender, seal
from workers.contract.names import ArtifactName, RefName, Version, VersionAsk
from workers.domain import decision as d
from workers.ports.errors import BadContent, Unreachable
from workers.ports.source import VersionTag

from .places import Bench

V1, V2 = Version.read("v1.0.0"), Version.read("v2.0.0")


def tag(version: Version, artifact: str = "biopsy", name: str = "") -> VersionTag:
    return VersionTag(ArtifactName.read(artifact), version, str(commit_of(f"tag {version}")), commit_of(name or f"{artifact} {version}"))


@pytest.fixture
def bench() -> Bench:
    bench = Bench(Story())
    found = [version_of("v1.0.0"), version_of("v2.0.0")]
    bench.source.versions = {one.commit: one for one in found}
    return bench


def asked(bench: Bench, request: ask.Request) -> str:
    """The person's envelope as the loop hands it to the effect."""
    (effect,) = bench.story.says(ANA, request).effects
    assert isinstance(effect, d.Inspect)
    return effect.asked


def test_a_registration_looks_at_the_tag_then_at_the_ref_then_at_the_branch(bench: Bench) -> None:
    bench.source.tags = [tag(V2)]
    for request, commit in (
        (ask.Register(BIOPSY, V2), commit_of("biopsy v2.0.0")),
        (ask.Register(BIOPSY, V1, at=RefName.read("biopsy")), None),
        (ask.Register(BIOPSY, V1), commit_of("biopsy v1.0.0")),
    ):
        bench.put.clear()
        wire = asked(bench, request)
        bench.inspection.register(wire)
        (said,) = bench.said
        if commit is None:
            assert said == ask.NotInspected(BIOPSY, V1, (f"biopsy is not at {commit_of('biopsy')[:7]}", "and it has no card"), wire)
        else:
            assert isinstance(said, ask.Inspected)
            assert (said.found.commit, said.asked_by) == (commit, wire)


def test_a_tag_that_lies_elsewhere_than_asked_is_a_reason(bench: Bench) -> None:
    bench.source.tags = [tag(V2)]
    bench.inspection.register(asked(bench, ask.Register(BIOPSY, V2, at=RefName.read("main"))))
    (said,) = bench.said
    assert isinstance(said, ask.NotInspected)
    assert "not on main" in said.reasons[0]


@pytest.mark.parametrize("broken", [BadContent("unsound objects"), None])
def test_what_cannot_be_read_is_told_to_who_asked(bench: Bench, broken: Exception | None) -> None:
    bench.source.broken = broken
    bench.inspection.register(asked(bench, ask.Register(BIOPSY, V1, at=RefName.read("gone"))))
    (said,) = bench.said
    assert isinstance(said, ask.NotInspected)


def test_a_task_that_nobody_signed_registers_nothing(bench: Bench) -> None:
    sealed = Sealed.from_wire(asked(bench, ask.Register(BIOPSY, V1)))
    evil = Sealed(sealed.sender, sealed.payload.replace("v1.0.0", "v2.0.0"), sealed.signature)
    mine = seal(sealed.open(KEYS["bot"].public, REPO), Sender.BOT, KEYS["effects"])
    for wire in ("", "x", evil.to_wire(), mine.to_wire(), asked(bench, ask.Promote(VersionAsk.read("v9"), STAGING, BIOPSY))):
        bench.inspection.register(wire)
    assert bench.put == []


def test_a_promotion_of_an_unknown_version_reads_its_tags_and_is_put_back(bench: Bench) -> None:
    bench.source.tags = [tag(V1), tag(V2), tag(V2, "wine")]
    wire = asked(bench, ask.Promote(VersionAsk.read("v2"), STAGING, BIOPSY))
    bench.inspection.look_for(BIOPSY, VersionAsk.read("v2"), wire)
    (report,) = bench.said
    assert report == ask.Inspected(version_of("v2.0.0"))
    assert bench.put[-1] == (wire, True)


def test_it_is_put_back_also_when_nothing_can_be_read(bench: Bench) -> None:
    bench.source.tags = [tag(V2, name="nowhere")]
    bench.source.broken = BadContent("unsound objects")
    bench.inspection.look_for(BIOPSY, VersionAsk.read("v2"), "wire")
    assert bench.put[-1] == ("wire", True)
    assert [type(report) for report in bench.said] == [ask.NotInspected]


def test_new_tags_are_read_once_and_known_ones_never(bench: Bench) -> None:
    bench.story.registers(version_of("v1.0.0"))
    bench.source.tags = [tag(V1), tag(V2), tag(Version.read("v3.0.0"), name="nowhere")]
    seen: set[str] = set()

    def is_new(name: str) -> bool:
        return name not in seen and not seen.add(name)  # type: ignore[func-returns-value]

    for _ in range(2):
        bench.inspection.look_at_source(is_new)
    told = ask.NotInspected(BIOPSY, Version.read("v3.0.0"), (f"biopsy is not at {commit_of('nowhere')[:7]}", "and it has no card"))
    assert bench.said == [ask.Inspected(version_of("v2.0.0")), told]
    assert len(seen) == 2


def test_a_version_that_nobody_answers_for_is_new_again(bench: Bench) -> None:
    bench.source.tags = [tag(V2)]
    bench.source.unreadable = Unreachable("the LFS server answers 503")
    forgotten: list[str] = []
    bench.inspection.look_at_source(lambda _: True, forgotten.append)
    assert bench.said == []
    assert forgotten == [f"tag:{tag(V2).tag}"]


def test_a_policy_is_proposed_once_and_withdrawn_when_it_is_gone(bench: Bench) -> None:
    wider = POLICY.replace("count: 1", "count: 2")
    for text, expected in ((POLICY, 0), (wider, 1), (wider, 0), (POLICY, 1), (POLICY, 0)):
        bench.put.clear()
        bench.source.proposed = (commit_of(text), text)
        bench.inspection.look_at_source(lambda _: True)
        assert len(bench.said) == expected
        for report in bench.said:
            bench.story.reports(report)
    assert bench.story.world.proposal is None
