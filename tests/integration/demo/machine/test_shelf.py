"""The versions of a model as a value: laws that hold after any sequence of loads, flips and unloads."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.model_server import shelf
from demo.model_server.shelf import Shelf

LABELS = [f"v{number}" for number in range(1, 7)]
STEPS = st.lists(st.tuples(st.sampled_from(["load", "flip", "unload", "lose"]), st.sampled_from(LABELS)))


def step(known: Shelf, verb: str, label: str) -> Shelf:
    """Do what a server does for one request or one finding."""
    there = label in known.versions
    if verb == "load":
        filled = known if there else known.with_version(label, f"sha256:{label}", "model.onnx")
        return without(filled, filled.overflow())
    if verb == "flip" and there:
        flipped = known.with_default(label)
        return without(flipped, flipped.surplus())
    if verb == "unload":
        return known.without(label)
    return known.losing(label, "broken") if verb == "lose" and there else known


def without(known: Shelf, labels: tuple[str, ...]) -> Shelf:
    for label in labels:
        known = known.without(label)
    return known


@given(STEPS)
def test_laws_of_the_shelf(steps: list[tuple[str, str]]) -> None:
    known = Shelf()
    for verb, label in steps:
        before, known = known, step(known, verb, label)
        assert len(set(known.versions)) == len(known.versions) <= shelf.SLOTS
        assert known.default in {None, *known.versions}
        assert known.previous in {None, *known.versions}
        assert known.default is None or known.default != known.previous
        assert not set(known.lost) & set(known.versions)
        if verb == "load":
            assert (known.default, known.previous) == (before.default, before.previous)
            assert label in known.versions
        if verb == "flip" and label in before.versions:
            assert known.default == label
            assert len(known.slots) <= 3
            assert before.default in known.versions or before.default is None
        assert shelf.from_json(json.loads(json.dumps(known.to_json()))) == known


def test_the_oldest_operations_are_forgotten() -> None:
    known = Shelf()
    for number in range(shelf.REMEMBERED_OPERATIONS + 5):
        known = known.remembering(f"default v1 {number}")
    assert len(known.operations) == shelf.REMEMBERED_OPERATIONS
    assert known.operations[0] == "default v1 5"


def test_emptied_knows_its_fence_and_operations_alone() -> None:
    known = Shelf(fence=7, operations=("default v1 a",)).with_version("v1", "sha256:1", "model.onnx").with_default("v1")
    assert known.emptied() == Shelf(fence=7, operations=("default v1 a",))


@pytest.mark.parametrize("fence", [None, 0, 2**62])
def test_a_fence_survives_the_disk(fence: int | None) -> None:
    known = replace(Shelf(), fence=fence)
    assert shelf.from_json(json.loads(json.dumps(known.to_json()))).fence == fence
