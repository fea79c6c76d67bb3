"""Everything that travels comes back as it was, and nothing else is let in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workers.contract import outcomes, wire
from workers.contract import requests as ask
from workers.contract.names import ArtifactName, Version
from workers.contract.outcomes import Delivery, Reason
from workers.contract.promotion import Hold, Promotion, RegisteredVersion, Release
from workers.contract.wire import BadWire

from .samples import TEXT, of

DOCUMENTS: tuple[type[Any], ...] = (Promotion, Release, RegisteredVersion, Hold)
TRAVELS = [*ask.BY_VERB.values(), *outcomes.BY_NAME.values(), *DOCUMENTS]
FEW = settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("kind", TRAVELS, ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_a_round_trip_changes_nothing(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(of(kind))
    there = wire.canonical(value)
    assert wire.read(kind, wire.load(there)) == value
    assert wire.canonical(wire.read(kind, wire.load(there))) == there
    assert there.decode().encode() == there


@pytest.mark.parametrize("kind", outcomes.BY_NAME.values(), ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_an_outcome_arrives_in_its_delivery(kind: type[Any], data: st.DataObject) -> None:
    fields = {"outcome": of(kind), "channel": TEXT}
    value = data.draw(st.builds(Delivery, **fields))
    assert Delivery.from_wire(value.to_wire()) == value


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"outcome":{}}', '{"outcome":{"is":"Nothing"}}', '{"outcome":{"is":"Silence"}}', "x", '{"outcome":1}']
)
def test_a_torn_delivery_is_refused(text: str) -> None:
    with pytest.raises(BadWire):
        Delivery.from_wire(text)


def test_a_delivery_with_more_in_it_is_refused() -> None:
    data = json.loads(Delivery(outcomes.Silence(), "C1").to_wire())
    with pytest.raises(BadWire, match="'more' is not known"):
        Delivery.from_wire(json.dumps({**data, "more": 1}))


PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT,
    lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT, part, max_size=3),
)


@given(PLAIN)
def test_canonical_is_one_form(value: object) -> None:
    assert wire.canonical(wire.load(wire.canonical(value))) == wire.canonical(value)


def test_canonical_does_not_depend_on_the_order_of_keys() -> None:
    assert wire.canonical({"b": 1, "a": "é"}) == wire.canonical({"a": "é", "b": 1}) == '{"a":"é","b":1}'.encode()


@pytest.mark.parametrize("value", [1.5, float("nan"), b"bytes", {1, 2}, object(), Reason])
def test_what_has_no_one_form_does_not_travel(value: object) -> None:
    with pytest.raises(BadWire):
        wire.canonical({"a": [value]})


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "nul", "NaN", "Infinity", "-Infinity", "1.5", "1e3", '{"a":1,"a":2}', '{"a":{"b":1,"b":2}}', "[" * 100_000, "9" * 5000,
        '"\\ud800"', '{"\\udfff":1}', '["\\ud83d x"]', b"\xff", b'"\xed\xa0\x80"', "1 2", "\ufeff1",
    ],
)  # fmt: skip
def test_what_is_not_json_of_ours_is_refused(text: str | bytes) -> None:
    with pytest.raises(BadWire):
        wire.load(text)


def test_a_whole_pair_of_surrogates_is_a_character() -> None:
    assert wire.load('"\\ud83d\\udef6"') == "🛶"


@pytest.mark.parametrize(
    "data",
    [
        None, 1, "x", [], {}, {"artifact": "biopsy"}, {"artifact": "biopsy", "version": "v1.0.0", "more": 1}, {"artifact": "../x", "version": "v1.0.0"},
        {"artifact": ["biopsy"], "version": "v1.0.0"}, {"artifact": "biopsy", "version": "v1"}, {"artifact": "biopsy", "version": "v1.0.0", "kind": "ship"},
        {"artifact": "biopsy", "version": "v1.0.0", "kind": ["model"]}, {"artifact": "biopsy", "version": None}, {"artifact": "biopsy", "version": {"a": 1}},
    ],
)  # fmt: skip
def test_another_form_is_refused_with_its_place(data: object) -> None:
    with pytest.raises(BadWire, match="Register"):
        wire.read(ask.Register, data)


def test_types_are_exact() -> None:
    found = {"promotion": "P-1", "generation": 1, "seen": "done", "target": "eu", "text": "x"}
    assert wire.read(ask.Deployed, found).generation == 1
    for generation in (True, "1", None, [1]):
        with pytest.raises(BadWire):
            wire.read(ask.Deployed, {**found, "generation": generation})


@FEW
@given(of(Promotion), st.data())
def test_a_missing_or_unknown_field_is_refused(promotion: Promotion, data: st.DataObject) -> None:
    shown = wire.plain(promotion)
    needed = data.draw(
        st.sampled_from(["id", "artifact", "kind", "environment", "to", "state", "requester", "plan", "policy", "request_id"])
    )
    with pytest.raises(BadWire, match=f"'{needed}' is missing"):
        wire.read(Promotion, {key: value for key, value in shown.items() if key != needed})
    with pytest.raises(BadWire, match="is not known"):
        wire.read(Promotion, {**shown, "x" * 1000: 1})


def test_an_empty_list_that_is_needed_stays() -> None:
    report = ask.NotInspected(ArtifactName.read("biopsy"), Version.read("v1.0.0"), ())
    assert wire.read(ask.NotInspected, wire.load(wire.canonical(report))) == report
