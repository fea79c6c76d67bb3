"""The key `gates` of a policy, and gates of installed packages in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.domain.worlds import PROD
from workers.contract.promotion import GateResult, Result
from workers.domain import policy
from workers.domain.gates import table
from workers.domain.gates.gate import Dossier, Gate, Settings

from .dossiers import judged, listed

BREAKING = Gate("breaking", "It breaks.", lambda dossier, settings: 1 / 0, needs=lambda dossier, settings: 1 / 0)  # type: ignore[arg-type,return-value]  # a gate that is none
SILENT = Gate("silent", "It says nothing.", lambda dossier, settings: ())


def _odd(_: Dossier, __: Settings) -> Iterator[GateResult]:
    yield GateResult("order", Result.PASS, "two\nlines", ("x",))


ODD = Gate("odd", "It takes another's name.", _odd)


@pytest.fixture
def brought() -> Iterator[None]:
    table.bring([BREAKING, SILENT, ODD])
    yield
    table.bring([])


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        (
            "[{model-cart: {}}]",
            "the gate 'model-cart' is not known; known: metrics, model-card, schema, artifact-safety, commit-status, smoke, drift.",
        ),
        ("[{schema: {}}, {schema: {outputs: same}}]", "the gate 'schema' stands twice"),
        ("[{schema: {}, smoke: {}}]", "too many properties"),
        ("[{schema: {outputs: maybe}}]", "'maybe' is not one of"),
        ("[{smoke: {at_most_age: soon}}]", "is 'soon', which is not of the form"),
        ("[{commit-status: {contexts: []}}]", "contexts"),
        ("[{}]", "gates.0"),
        ("[schema]", "is not of type 'object'"),
        ("[{artifact-safety: {allow: [PKL]}}]", "'PKL'"),
    ],
)
def test_what_is_wrong_with_a_list_of_gates_is_said_with_its_line(gates: str, words: str) -> None:
    with pytest.raises(policy.BadPolicy) as caught:
        listed(gates)
    assert any(error.startswith("towpath.yaml:6: ") and words in error for error in caught.value.errors), caught.value.errors


def test_a_smoke_inference_needs_an_environment_before() -> None:
    with pytest.raises(policy.BadPolicy, match="there is no `after`"):
        policy.read("version: 1\nenvironments: {prod: {gates: [{smoke: {}}]}}\n")


def test_gates_keep_their_order_and_settings_may_be_left_out() -> None:
    rules = listed("[{schema: }, {metrics: {auc: {at_least: 0.9}}}, {smoke: {}}]")
    assert [name for name, _ in rules.gates] == ["schema", "metrics", "smoke"]
    assert rules.gates[0][1] == {} and rules.metrics["auc"].at_least == 0.9


def test_a_gate_that_is_not_installed_is_not_adopted_and_passes_nothing_where_it_is_in_force() -> None:
    text = "version: 1\nenvironments:\n  prod:\n    gates: [{two-keys: {of: 3}}, {schema: {}}]\n"
    with pytest.raises(policy.BadPolicy, match="'two-keys' is not known"):
        policy.read(text)
    rules = policy.in_force(text).environments[PROD]
    assert [name for name, _ in rules.gates] == ["two-keys", "schema"]
    with pytest.raises(policy.BadPolicy, match="'maybe' is not one of"):
        policy.in_force(text.replace("schema: {}", "schema: {outputs: maybe}"))


def test_the_gates_of_packages_are_judged_with_suspicion(brought: None) -> None:
    assert (judged("[{breaking: {}}]").result, "ZeroDivisionError" in judged("[{breaking: {}}]").text) == (Result.CANNOT_TELL, True)
    assert judged("[{silent: {}}]").result is Result.CANNOT_TELL
    assert judged("[{odd: {}}]") == GateResult("odd", Result.PASS, "two lines", ("x",))
    with pytest.raises(policy.BadPolicy, match=r"known: metrics, .*, smoke, drift, breaking, silent, odd"):
        listed("[{other: {}}]")
    with pytest.raises(policy.BadPolicy, match="'of'"):
        listed("[{odd: {of: 1}}]")
