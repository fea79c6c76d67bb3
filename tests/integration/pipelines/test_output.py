"""The end of a training's output, however it comes in pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.adapters.pipelines.output import Output
from workers.adapters.pipelines.result import BadResult, metrics


@given(st.lists(st.binary(max_size=300), max_size=40), st.integers(min_value=1, max_value=400))
def test_the_end_is_kept_from_the_beginning_of_a_line(pieces: list[bytes], limit: int) -> None:
    output = Output(limit)
    for piece in pieces:
        output.take(piece)
    whole = b"".join(pieces)
    assert len(output.kept) <= max(limit, 0) or whole == output.kept
    assert whole.endswith(output.kept)
    before = whole[: len(whole) - len(output.kept)]
    assert not before or not output.kept or before.endswith(b"\n")


@given(st.lists(st.sampled_from(["towpath: one", "noise", "towpath: two", "", "xtowpath: no"]), max_size=20), st.integers(1, 30))
def test_the_last_line_of_ours_counts_else_the_last_that_says_anything(lines: list[str], size: int) -> None:
    output, text = Output(10**6), "".join(f"{line}\n" for line in lines).encode()
    for at in range(0, len(text), size):
        output.take(text[at : at + size])
    ours = [line.removeprefix("towpath: ") for line in lines if line.startswith("towpath:")]
    said = [line for line in lines if line]
    assert output.progress == (ours or said or [""])[-1]


def test_a_line_that_is_written_over_shows_its_last_state_and_nothing_unprintable() -> None:
    output = Output(1000)
    output.take(b"10 %\r50 %\r\x1b[31m90 %\r\n\n")
    assert output.progress == "[31m90 %"


NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(NAMES, NUMBERS, min_size=1, max_size=9))
def test_metrics_are_numbers_as_they_were_written(given_: dict[str, float]) -> None:
    told = {name: value for name, value in given_.items() if len(json.dumps(value)) <= 40}
    if told:
        assert metrics(json.dumps(told).encode()) == {name: json.dumps(value) for name, value in told.items()}


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b'{"a": 1e999}', b'{"a": null}', b'{"a": [1]}', b'{"": 1}', b'{"a\\n": 1}', b"{" * 9999, b"\xff"]
)
def test_what_is_no_object_of_numbers_is_refused(answer: bytes) -> None:
    with pytest.raises(BadResult):
        metrics(answer)
