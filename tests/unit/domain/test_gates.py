"""Gates over evidence: what passes, what fails, what nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract.names import ArtifactName
from workers.contract.promotion import GateResult, Kind, Result
from workers.domain import gates, policy

from .worlds import POLICY, PROD, VAULT, Story, version_of

TEXT = """\
version: 1
environments:
  prod:
    gates:
      - metrics:
          auc: {at_least: 0.90, not_worse_than_live_by: 0.005}
      - metrics:
          loss: {at_most: 0.5, not_worse_than_live_by: 0.1}
"""
GOOD = {"auc": "0.95", "loss": "0.2"}


def judged(metrics: Mapping[str, str], live: Mapping[str, str] | None = None, **more: str | None) -> dict[str, GateResult]:
    rules = policy.read(TEXT).environments[PROD]
    version = version_of("v2.0.0", metrics=metrics, dataset=more.get("dataset", "holdout-1"))
    now = version_of("v1.0.0", metrics=live) if live is not None else None
    return {gate.gate.split()[-1]: gate for gate in gates.judge(gates.Candidate(Story().world, rules, version, now))}


def test_good_metrics_pass_with_their_evidence() -> None:
    found = judged(GOOD)
    assert {gate.result for gate in found.values()} == {Result.PASS}
    assert found["auc"].evidence == (version_of("v2.0.0").metrics_digest,)


@pytest.mark.parametrize(
    ("metrics", "live", "name", "result", "words"),
    [
        ({**GOOD, "auc": "0.89"}, None, "auc", Result.FAIL, "below 0.9"),
        ({**GOOD, "loss": "0.51"}, None, "loss", Result.FAIL, "above 0.5"),
        ({"loss": "0.2"}, None, "auc", Result.CANNOT_TELL, "not in the version's metrics"),
        ({**GOOD, "auc": "nan"}, None, "auc", Result.CANNOT_TELL, "not in"),
        ({**GOOD, "auc": "inf"}, None, "auc", Result.CANNOT_TELL, "not in"),
        ({**GOOD, "auc": "high"}, None, "auc", Result.CANNOT_TELL, "not in"),
        (GOOD, {**GOOD, "auc": "0.956"}, "auc", Result.FAIL, "worse by 0.006"),
        (GOOD, {**GOOD, "auc": "0.955"}, "auc", Result.PASS, "the live v1.0.0 has 0.955"),
        (GOOD, {**GOOD, "loss": "0.05"}, "loss", Result.FAIL, "worse by 0.15"),
        (GOOD, {**GOOD, "loss": "0.45"}, "loss", Result.PASS, "the live v1.0.0 has 0.45"),
        (GOOD, {"loss": "0.2"}, "auc", Result.CANNOT_TELL, "no auc to compare with"),
        (GOOD, {**GOOD, "auc": "NaN"}, "auc", Result.CANNOT_TELL, "no auc to compare with"),
    ],
)
def test_each_bound(metrics: Mapping[str, str], live: Mapping[str, str] | None, name: str, result: Result, words: str) -> None:
    gate = judged(metrics, live)[name]
    assert gate.result is result
    assert words in gate.text


@pytest.mark.parametrize("dataset", ["holdout-2", None])
def test_what_was_measured_on_other_data_cannot_be_compared(dataset: str | None) -> None:
    gate = judged(GOOD, GOOD, dataset=dataset)["auc"]
    assert gate.result is Result.CANNOT_TELL
    assert "not comparable" in gate.text
    assert gates.stops((gate,)) == [gate]


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_bound_is_what_it_says(value: float, live: float) -> None:
    gate = judged({**GOOD, "auc": repr(value)}, {**GOOD, "auc": repr(live)})["auc"]
    assert (gate.result is Result.PASS) == (value >= 0.90 and round(live - value, 12) <= 0.005)


def test_metrics_are_for_models() -> None:
    rules = policy.read(TEXT).environments[PROD]
    version = version_of("v1.0.0", "checkout", Kind.SERVICE, metrics={})
    (gate,) = gates.judge(gates.Candidate(Story().world, rules, version, None))
    assert gate.result is Result.NOT_APPLICABLE
    assert gates.stops((gate,)) == []


def test_an_author_whom_nobody_can_name_stops() -> None:
    world = Story().world
    for authors, result in (
        (("dana@example.com",), Result.PASS),
        (("DANA@example.com ",), Result.PASS),
        (("dana@example.com", "who@example.com"), Result.CANNOT_TELL),
        ((), Result.CANNOT_TELL),
    ):
        found = gates.judge(gates.Candidate(world, world.policy.environments[PROD], version_of("v1.0.0", authors=authors), None))
        assert next(gate for gate in found if gate.gate == "separation").result is result
    vault = gates.judge(gates.Candidate(world, world.policy.environments[VAULT], version_of("v1.0.0", authors=()), None))
    assert vault == ()


def test_order_wants_the_identical_digest() -> None:
    story = Story(POLICY).registers(version_of("v1.0.0"), version_of("v1.0.1", content="biopsy v1.0.0"), version_of("v1.0.2"))
    story.succeeds("v1.0.0", "staging")
    rules = story.world.policy.environments[PROD]
    told = {}
    for version in story.world.versions[ArtifactName.read("biopsy")].values():
        told[str(version.version)] = gates.judge(gates.Candidate(story.world, rules, version, None))[0].result
    assert told == {"v1.0.0": Result.PASS, "v1.0.1": Result.PASS, "v1.0.2": Result.FAIL}
