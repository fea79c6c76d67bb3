"""Whether an answer repeats the golden prediction."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.adapters.targets.golden import difference, read_json
from workers.ports.errors import BadContent


def response(*data: Any, name: str = "y", datatype: str = "FP32", shape: list[int] | None = None, **more: Any) -> dict[str, Any]:
    return {"outputs": [{"name": name, "datatype": datatype, "shape": [len(data)] if shape is None else shape, "data": list(data)}], **more}


def compare(answered: Any, expected: Any, tolerance: str = "0.01") -> str | None:
    return difference(read_json(json.dumps(answered).encode()), json.dumps(expected).encode(), tolerance)


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (response(0.92), response(0.92)),
        (response(0.93), response(0.92)),
        (response(0.91), response(0.92)),
        (response(1), response(1.0)),
        (response(-0.0), response(0)),
        (response(float("nan")), response(float("nan"))),
        (response(float("-inf")), response(float("-inf"))),
        (response(None), response(None)),
        (response(datatype="FP32"), response(datatype="FP32")),
        (response("benign", datatype="BYTES"), response("benign", datatype="BYTES")),
        (response(True, datatype="BOOL"), response(True, datatype="BOOL")),
        (response(9223372036854775807, datatype="INT64"), response(9223372036854775807, datatype="INT64")),
        (response([1, 2], [3, 4], shape=[2, 2]), response(1, 2, 3, 4, shape=[2, 2])),
        (response(1, shape=[]), response(1, shape=[])),
        (response(1, model_name="m", model_version="7", id="x"), response(1)),
    ],
)
def test_it_repeats(answered: Any, expected: Any) -> None:
    assert compare(answered, expected) is None


@pytest.mark.parametrize(
    ("answered", "expected", "words"),
    [
        (response(0.5, 0.31), response(0.5, 0.92), "it answered 0.31 where 0.92 is expected (row 2, output y)"),
        (response(0.9300001), response(0.92), "it answered 0.9300001 where 0.92 is expected (row 1, output y)"),
        (response(1, 2, 3, 4, shape=[2, 2]), response(1, 2, 9, 9, shape=[2, 2]), "(row 2, column 1, output y; 1 more of 4 differ)"),
        (response(*range(8), shape=[2, 2, 2]), response(*range(7), 9, shape=[2, 2, 2]), "(row 2, then 2/2, output y)"),
        (response(1, shape=[]), response(2, shape=[]), "it answered 1 where 2 is expected (output y)"),
        (response(float("nan")), response(1), "it answered NaN where 1 is expected"),
        (response(1), response(float("nan")), "it answered 1 where NaN is expected"),
        (response(float("inf")), response(float("-inf")), "it answered Infinity where -Infinity is expected"),
        (response(None), response(1), "it answered null where 1 is expected"),
        (response(True), response(1), "it answered true where 1 is expected"),
        (response("1"), response(1), "it answered 1 where 1 is expected"),
        (
            response(9223372036854775806, datatype="INT64"),
            response(9223372036854775807, datatype="INT64"),
            "it answered 9223372036854775806 where",
        ),
        (response("<b>", datatype="BYTES"), response("benign", datatype="BYTES"), "it answered ‹b› where benign is expected"),
        (response({"a": 1}), response(1), "it answered {'a': 1} where 1 is expected"),
        (response(1, datatype="FP64"), response(1), "output y is FP64 where FP32 is expected"),
        (response(1, 2), response(1), "output y has the shape [2] where [1] is expected"),
        (response(1, 2, shape=[1, 2]), response(1, 2), "output y has the shape [1, 2] where [2] is expected"),
        (response(1, name="z"), response(1), "it answered no output y, but z"),
        ({"outputs": []}, response(1), "no prediction: it holds no outputs"),
        ({"outputs": [response(1)["outputs"][0]] * 2}, response(1), "no prediction: two of its outputs have one name"),
        ({"outputs": [1]}, response(1), "no prediction: an output is not an object"),
        (response(1, shape=[3]), response(1), "no prediction: output y holds 1 values"),
        (response(1, shape=[-1]), response(1), "no prediction: the shape of output y"),
        (response(1, shape=[1] * 99), response(1), "no prediction: the shape of output y"),
        (response(1, shape=[True]), response(1), "no prediction: the shape of output y"),
        ({"outputs": [{"name": "y", "datatype": "FP32", "shape": [1]}]}, response(1), "no prediction: an output lacks"),
    ],
)
def test_it_differs_and_says_where(answered: Any, expected: Any, words: str) -> None:
    assert words in (compare(answered, expected) or "it does not")


def test_outputs_are_found_by_name_and_further_ones_do_not_count() -> None:
    two = {"outputs": [response(2, name="b")["outputs"][0], response(1, name="a")["outputs"][0]]}
    assert compare(two, response(1, name="a")) is None
    assert "it answered no output b" in (compare(response(1, name="a"), two) or "")


def test_huge_numbers_are_compared_and_not_computed_for_ever() -> None:
    wide = '{"outputs": [{"name": "y", "datatype": "FP64", "shape": [1], "data": [%s]}]}'
    answered = read_json((wide % "1e999999999").encode())
    assert difference(answered, (wide % "1e-999999999").encode(), "0.1") is not None
    assert difference(answered, (wide % "1e999999999").encode(), "0.1") is None


@pytest.mark.parametrize("expected", [b"", b"[]", b"{}", b'{"outputs": [{}]}', b'{"outputs": {}}', b"\xff", b"[" * 100_000])
def test_a_golden_output_that_cannot_be_used_is_bad_content(expected: bytes) -> None:
    with pytest.raises(BadContent, match="golden output"):
        difference(response(1), expected, "0")


@pytest.mark.parametrize("tolerance", ["", "x", "-1", "NaN", "Infinity", "-0.1", "1e", "sNaN"])
def test_a_tolerance_that_is_no_number_is_bad_content(tolerance: str) -> None:
    with pytest.raises(BadContent, match="golden tolerance"):
        compare(response(1), response(1), tolerance)


@given(value=st.floats(allow_nan=True, allow_infinity=True), zero=st.sampled_from(["0", "0.0", "1e-300"]))
def test_every_number_repeats_itself(value: float, zero: str) -> None:
    assert compare(response(value), response(value), zero) is None


@given(value=st.decimals(-(10**6), 10**6, places=4), off=st.decimals(0, 2, places=4), tolerance=st.decimals(0, 1, places=4))
def test_the_tolerance_is_absolute_and_inclusive(value: Any, off: Any, tolerance: Any) -> None:
    answered = read_json(f'{{"outputs": [{{"name": "y", "datatype": "FP64", "shape": [1], "data": [{value + off}]}}]}}'.encode())
    expected = f'{{"outputs": [{{"name": "y", "datatype": "FP64", "shape": [1], "data": [{value}]}}]}}'.encode()
    assert (difference(answered, expected, str(tolerance)) is None) == (off <= tolerance)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=8
)


_OUTPUT = st.fixed_dictionaries(
    {"name": st.just("y") | _JSON, "datatype": st.just("FP32") | _JSON, "shape": st.just([1]) | _JSON, "data": _JSON}
)


@given(outputs=st.lists(_OUTPUT, max_size=2))
def test_no_answer_breaks_the_comparison(outputs: Any) -> None:
    words = compare({"outputs": outputs}, response(1.0))
    assert words is None or words.isprintable()
