"""Looking at what gates need to know: what is seen is reported, what cannot be looked at too, and the request comes back every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.unit.domain.test_gathering import GATED, Looked
from tests.unit.domain.test_looking import on_its_way
from tests.unit.domain.worlds import ANA, BIOPSY, PROD, STAGING, digest_of, version_of
from tests.unit.effects.places import Bench, Place
from workers.contract import requests as ask
from workers.contract.evidence import Evidence
from workers.contract.names import CommitId, PromotionId
from workers.contract.promotion import Golden, Kind, RegisteredVersion, Result
from workers.domain import decision as d
from workers.effects.gathering import Asked, Gathering, Look
from workers.effects.looks import ArtifactSafety, CommitStatus, Smoke
from workers.ports.errors import Unclear, Unreachable
from workers.ports.statuses import NotTold
from workers.ports.target import Answer
from workers.ports.target import Verdict as Served

DEMO = Path(__file__).parents[3] / "demo/assets"
GOLDEN = replace(version_of("v1.0.0"), golden=Golden("golden/input.json", "golden/output.json", "0.0001", digest_of("golden")))


class Ci:
    """Implements ports.statuses.Statuses."""

    source = "GitHub"

    def __init__(self, states: Mapping[str, str] | Exception) -> None:
        self.states = states
        self.asked: list[CommitId] = []

    def of(self, commit: CommitId) -> Mapping[str, str]:
        self.asked.append(commit)
        if isinstance(self.states, Exception):
            raise self.states
        return self.states


def wanted(version: RegisteredVersion = GOLDEN) -> tuple[Looked, d.Gather]:
    story = Looked(GATED)
    story.registers(version)
    story.later(seconds=1)
    return story, story.wanted(story.promotes(ANA, "v1.0.0"))


def with_(effect: d.Gather, **changed: Any) -> d.Gather:
    """The effect with another thing to look at."""
    return replace(effect, wanted=(replace(effect.wanted[0], **changed),))


def gathered(bench: Bench, ci: Ci, effect: d.Gather, open_: Callable[..., Place] | None = None) -> dict[str, Evidence]:
    """What is reported, once it is sure that the request came back behind it."""
    looks: dict[str, Look] = {"commit-status": CommitStatus(lambda: ci), "smoke": Smoke(bench.source, open_ or bench._open)}
    Gathering(bench.view, bench.inspection._reporter, looks).gather(effect)
    assert bench.put[-1] == (effect.asked, True)
    found: dict[str, Evidence] = {}
    for report in bench.said[-1:] if len(bench.put) > 1 else ():
        assert isinstance(report, ask.Gathered) and report.asked_by == effect.asked
        found = {one.check: one for one in report.found}
    bench.put.clear()
    return found


def test_all_that_is_wanted_is_looked_at_and_reported() -> None:
    story, effect = wanted()
    ci = Ci({"test": "success", "lint": "left out"})
    found = gathered(Bench(story, Place("stage")), ci, effect)
    assert ci.asked == [GOLDEN.commit]
    assert (found["commit-status"].result, dict(found["commit-status"].facts)) == (Result.PASS, {"lint": "left out", "test": "success"})
    assert (found["smoke"].result, found["smoke"].environment, found["smoke"].source) == (Result.PASS, STAGING, "stage")
    assert "in staging, stage: digest matches" in found["smoke"].text


def test_the_same_finding_has_the_same_digest_and_another_has_another() -> None:
    story, effect = wanted()
    bench = Bench(
        story, Place("stage", verifies=[Answer(Served.MATCHES, "one"), Answer(Served.MATCHES, "two"), Answer(Served.DIVERGED, "no")])
    )
    first, second, third = (gathered(bench, Ci({"test": "success"}), effect) for _ in range(3))
    assert first["smoke"].digest == second["smoke"].digest != third["smoke"].digest
    assert third["smoke"].result is Result.FAIL and "stage: no" in third["smoke"].text
    other = gathered(bench, Ci({"test": "failure"}), effect)["commit-status"]
    assert (other.result, other.digest != first["commit-status"].digest) == (Result.FAIL, True)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (NotTold("there is no token to ask the Git host with", "Set TOWPATH_STATUS_TOKEN"), "Set TOWPATH_STATUS_TOKEN"),
        (Unreachable("asking https://api.github.com: no answer in time"), "no answer in time. Ask again"),
        ({}, "knows no check of this commit"),
        ({f"job {at}": "success" for at in range(201)}, "more than 200"),
        ({"test": "pending"}, "test pending"),
    ],
)
def test_a_host_that_says_nothing_clear_is_reported_as_such(broken: Mapping[str, str] | Exception, words: str) -> None:
    story, effect = wanted()
    found = gathered(Bench(story, Place("stage")), Ci(broken), effect)["commit-status"]
    assert (found.result, words in found.text) == (Result.CANNOT_TELL, True), found.text


@pytest.mark.parametrize("trouble", [Unreachable("no answer"), Unclear("lost")])
def test_a_target_that_does_not_answer_cannot_be_told(trouble: Exception) -> None:
    story, effect = wanted()
    found = gathered(Bench(story, Place("stage", verifies=[trouble])), Ci({}), effect)["smoke"]
    assert (found.result, "stage: nobody can tell what it serves" in found.text) == (Result.CANNOT_TELL, True)


def test_without_a_golden_prediction_or_a_target_nobody_can_be_asked() -> None:
    story, effect = wanted(version_of("v1.0.0"))
    assert "name `golden`" in gathered(Bench(story), Ci({}), effect)["smoke"].text
    story, effect = wanted()
    found = gathered(Bench(story, Place("stage", kinds=(Kind.SERVICE,))), Ci({}), effect)["smoke"]
    assert (found.result, "staging has no target that serves a model" in found.text) == (Result.CANNOT_TELL, True)


def test_nothing_is_looked_at_for_a_request_that_nobody_signed() -> None:
    story, effect = wanted()
    bench, ci = Bench(story), Ci({})
    Gathering(bench.view, bench.inspection._reporter, {"commit-status": CommitStatus(lambda: ci)}).gather(replace(effect, asked="{}"))
    assert (bench.put, ci.asked) == ([], [])


def test_what_a_promotion_lacks_by_the_ledgers_word_is_looked_at_and_nothing_else() -> None:
    story = on_its_way(version=GOLDEN)
    bench, ci = Bench(story, Place("stage")), Ci({"test": "success"})
    looks: dict[str, Look] = {"commit-status": CommitStatus(lambda: ci), "smoke": Smoke(bench.source, bench._open)}
    gathering = Gathering(bench.view, bench.inspection._reporter, looks)
    for forged in ("P-1", "P-7"):
        gathering.refresh(d.Refresh(PromotionId.read(forged)))
    assert (bench.put, ci.asked) == ([], [])
    gathering.refresh(d.Refresh(PromotionId.read("P-2")))
    (report,) = bench.said
    assert isinstance(report, ask.Gathered) and (report.asked_by, report.promotion) == (None, "P-2")
    assert {one.check for one in report.found} == {"commit-status", "smoke"}
    assert story.reports(report).event == "gathered"
    gathering.refresh(d.Refresh(PromotionId.read("P-2")))
    assert (len(bench.put), len(ci.asked)) == (1, 1), "what was seen is known"


def test_a_version_or_a_check_that_there_is_not_only_sends_the_request_back() -> None:
    story, effect = wanted()
    bench, ci = Bench(story), Ci({})
    assert gathered(bench, ci, with_(effect, version=version_of("v9.0.0").version)) == {}
    assert gathered(bench, ci, with_(effect, checks=("order",))) == {}
    Gathering(bench.view, bench.inspection._reporter, {}).gather(effect)
    (report,) = bench.said
    assert isinstance(report, ask.Gathered)
    assert {one.result for one in report.found} == {Result.CANNOT_TELL}
    assert (effect.wanted[0].artifact, effect.wanted[0].environment) == (BIOPSY, PROD)


def test_files_are_looked_at_where_they_lie(tmp_path: Path) -> None:
    bench = Bench(Looked(GATED))
    bench.source.folder = tmp_path
    (tmp_path / "model.onnx").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    found = ArtifactSafety(bench.source)(Asked(GOLDEN))
    assert found.result is not Result.PASS and "model.onnx" in found.text, found.text
    (tmp_path / "model.onnx").write_bytes((DEMO / "models/biopsy/v1.0.0/model/model.onnx").read_bytes())
    good = ArtifactSafety(bench.source)(Asked(GOLDEN))
    assert (good.result, dict(good.facts)["formats"], bench.source.lent) == (Result.PASS, "onnx", 0)
