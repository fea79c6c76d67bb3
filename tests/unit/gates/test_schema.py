"""Whether callers of the live version can call the next one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.domain.worlds import version_of
from workers.adapters.git import mlmodel
from workers.contract.promotion import Column, RegisteredVersion, Result, Signature

from .dossiers import judged

GIVES = {"label": "int64[?]"}
TAKES = {"features": "float32[?, 30]"}


def with_(inputs: dict[str, str], outputs: dict[str, str], version: str = "v2.0.0", more: int = 0) -> RegisteredVersion:
    takes, gives = (tuple(Column(name, kind) for name, kind in one.items()) for one in (inputs, outputs))
    return replace(version_of(version), signature=Signature("MLmodel", takes, gives, len(takes) + len(gives) + more))


LIVE = with_(TAKES, GIVES, "v1.0.0")


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        (TAKES, GIVES, ""),
        ({"features": "float32[?, ?]"}, GIVES, ""),
        ({"features": "float32"}, GIVES, ""),
        ({**TAKES, "note": "string?"}, GIVES, ""),
        (TAKES, {**GIVES, "probabilities": "float32[?, 2]"}, ""),
        ({**TAKES, "note": "string"}, GIVES, "input note is newly required"),
        ({"features": "float32[1, 30]"}, GIVES, "input features took float32[?, 30] and takes float32[1, 30]"),
        ({"features": "float64[?, 30]"}, GIVES, "takes float64[?, 30]"),
        ({"features": "float32[?]"}, GIVES, "takes float32[?]"),
        ({"x": "float32[?, 30]"}, GIVES, "input features is gone"),
        (TAKES, {"score": "float32[?]"}, "output label is gone"),
        (TAKES, {"label": "int32[?]"}, "output label was int64[?] and is int32[?]"),
    ],
)
def test_callers_of_the_live_version(inputs: dict[str, str], outputs: dict[str, str], words: str) -> None:
    found = judged("[{schema: {}}]", with_(inputs, outputs), LIVE)
    assert found.result is (Result.FAIL if words else Result.PASS), found.text
    assert words in found.text and "v1.0.0" in found.text


@pytest.mark.parametrize(
    ("was", "is_", "result"),
    [
        ("integer", "long", Result.PASS), ("integer", "double", Result.PASS), ("float", "double", Result.PASS), ("long", "double", Result.FAIL),
        ("double", "float", Result.FAIL), ("string", "string?", Result.PASS), ("string?", "string", Result.FAIL), ("integer?", "long?", Result.PASS),
    ],
)  # fmt: skip
def test_numbers_may_become_wider_and_needs_may_become_less(was: str, is_: str, result: Result) -> None:
    assert judged("[{schema: {}}]", with_({"a": is_}, GIVES), with_({"a": was}, GIVES, "v1.0.0")).result is result


def test_the_same_is_the_same() -> None:
    wider = with_(TAKES, {**GIVES, "more": "string"})
    assert judged("[{schema: {outputs: same}}]", wider, LIVE).result is Result.FAIL
    assert judged("[{schema: {inputs: same}}]", wider, LIVE).result is Result.PASS


def test_what_cannot_be_compared_is_not() -> None:
    assert judged("[{schema: {}}]", with_(TAKES, GIVES)).result is Result.PASS
    bare = version_of("v2.0.0")
    for version, live in (
        (bare, LIVE),
        (with_(TAKES, GIVES), replace(LIVE, signature=None)),
        (with_(TAKES, GIVES, more=1), LIVE),
        (with_({}, {}), LIVE),
    ):
        found = judged("[{schema: {}}]", version, live)
        assert (found.result, "signature" in found.text) == (Result.CANNOT_TELL, True)


def test_mlflow_says_which_inputs_may_be_left_out() -> None:
    content = b"""flavors: {sklearn: {}}
signature:
  inputs: '[{"type": "double", "name": "a", "required": true}, {"type": "string", "name": "b", "required": false}]'
  outputs: '[{"type": "long", "name": "y", "required": true}]'
"""
    described, reasons = mlmodel.read(content, "MLmodel")
    assert reasons == []
    assert described.signature and [one.type for one in described.signature.inputs] == ["double", "string?"]
