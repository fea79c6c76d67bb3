"""Gates over evidence that was gathered: artifact safety, commit status, smoke."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.domain.worlds import version_of
from workers.contract.promotion import Kind, Result
from workers.contract.safety import Safety, Verdict
from workers.domain.gates import safety

from .dossiers import NOW, STAGING, VERSION, judged, seen

SAFE = Safety(Verdict.PASS, ("onnx", "onnx weights", "text"), files=3, scanner="rules 1")


@pytest.mark.parametrize(
    ("found", "settings", "result", "words"),
    [
        (SAFE, "{}", Result.PASS, "onnx, onnx weights, text, by rules 1"),
        (SAFE, "{allow: [onnx]}", Result.PASS, "runs nothing"),
        (SAFE, "{allow: [skops]}", Result.FAIL, "it holds onnx, onnx weights; allowed are skops"),
        (
            replace(SAFE, verdict=Verdict.REJECT, findings=("reject: m.pkl calls os.system. Save it as skops.",)),
            "{}",
            Result.FAIL,
            "os.system",
        ),
        (replace(SAFE, verdict=Verdict.CANNOT_TELL, findings=("a", "b", "c", "d")), "{}", Result.CANNOT_TELL, "a b c And 1 more."),
        (replace(SAFE, verdict=Verdict.CANNOT_TELL), "{}", Result.CANNOT_TELL, "nobody can tell"),
    ],
)
def test_what_was_found_in_the_files(found: Safety, settings: str, result: Result, words: str) -> None:
    at_registration = judged(f"[{{artifact-safety: {settings}}}]", replace(VERSION, safety=found))
    evidence = seen("artifact-safety", Result.PASS, dict(safety.facts(found)))
    later = judged(f"[{{artifact-safety: {settings}}}]", evidence=(evidence,))
    for gate in (at_registration, later):
        assert (gate.result, words in gate.text) == (result, True), gate.text
    assert (at_registration.evidence, later.evidence) == ((VERSION.digest,), (evidence.digest,))


def test_files_that_nobody_looked_at_cannot_be_told() -> None:
    assert judged("[{artifact-safety: {}}]").result is Result.CANNOT_TELL
    broken = seen("artifact-safety", Result.CANNOT_TELL)
    assert judged("[{artifact-safety: {}}]", evidence=(broken,)).text == broken.text


@pytest.mark.parametrize(
    ("states", "contexts", "result", "words"),
    [
        ({"ci/test": "success", "lint": "left out"}, "", Result.PASS, "GitHub says that ci/test succeeded"),
        ({"ci/test": "success", "lint": "failure"}, "", Result.FAIL, "lint failed at this commit"),
        ({"ci/test": "success", "lint": "failure"}, "[ci/test]", Result.PASS, "ci/test succeeded"),
        ({"ci/test": "success", "lint": "pending"}, "", Result.CANNOT_TELL, "lint is pending"),
        ({"ci/test": "success"}, "[ci/test, e2e]", Result.CANNOT_TELL, "no success of e2e at this commit (none ran)"),
        ({"ci/test": "left out"}, "[ci/test]", Result.CANNOT_TELL, "ci/test is left out"),
        ({"ci/test": "left out"}, "", Result.CANNOT_TELL, "knows no check that succeeded"),
        ({"ci/test": "failure", "e2e": "pending"}, "[ci/test, e2e]", Result.FAIL, "ci/test failed"),
        ({}, "", Result.CANNOT_TELL, "commit-status said cannot tell"),
    ],
)
def test_what_ci_said(states: dict[str, str], contexts: str, result: Result, words: str) -> None:
    settings = f"{{contexts: {contexts}}}" if contexts else "{}"
    found = judged(f"[{{commit-status: {settings}}}]", evidence=(seen("commit-status", Result.CANNOT_TELL, states),))
    assert (found.result, words in found.text) == (result, True), found.text


def test_a_smoke_inference_is_of_the_environment_before() -> None:
    good, bad = seen("smoke", Result.PASS, where=STAGING), seen("smoke", Result.FAIL, where=STAGING)
    assert judged("[{smoke: {}}]", evidence=(good,)).result is Result.PASS
    assert judged("[{smoke: {}}]", evidence=(bad,)).result is Result.FAIL
    assert judged("[{smoke: {}}]", evidence=(replace(good, environment=None),)).result is Result.CANNOT_TELL
    assert judged("[{smoke: {}}]", version_of("v1.0.0", "checkout", Kind.SERVICE)).result is Result.NOT_APPLICABLE


@pytest.mark.parametrize("gate", ["smoke", "commit-status"])
def test_evidence_grows_old_where_time_counts(gate: str) -> None:
    where = STAGING if gate == "smoke" else None
    old = (seen(gate, Result.PASS, {"ci": "success"}, where, NOW - timedelta(minutes=20)),)
    assert judged(f"[{{{gate}: {{}}}}]", evidence=old).result is Result.PASS
    stopped = judged(f"[{{{gate}: {{at_most_age: 15m}}}}]", evidence=old)
    assert (stopped.result, "too old, it may be 15m old" in stopped.text, stopped.evidence) == (Result.CANNOT_TELL, True, (old[0].digest,))
    assert judged(f"[{{{gate}: {{at_most_age: 15m}}}}]", evidence=old, now=None).result is Result.PASS
