"""ONNX as it streams by: inputs and outputs are read, weights passed over, lying lengths refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.adapters.git.onnx_graph import OnnxGraph
from workers.adapters.git.reading import Unreadable
from workers.contract.promotion import Column

ASSETS = Path(__file__).parents[3] / "demo/assets/models"


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def part(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def value(name: str, kind: int, *sizes: int | str) -> bytes:
    dims = b"".join(part(1, whole(1, size) if isinstance(size, int) else part(2, size.encode())) for size in sizes)
    return part(1, name.encode()) + part(2, part(1, whole(1, kind) + part(2, dims)))


def weight(name: str, size: int) -> bytes:
    return whole(1, size) + whole(2, 1) + part(8, name.encode()) + part(9, b"\x7f" * size)


GRAPH = (
    part(1, b"node")
    + part(5, weight("w", 5_000))
    + part(11, value("x", 1, "N", 30))
    + part(11, value("w", 1, 4))
    + part(12, value("y", 7, 1))
)
MODEL = whole(1, 8) + part(2, b"maker") + part(7, GRAPH) + part(8, whole(2, 17))


def read(content: bytes, size: int = 1 << 20) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
    graph = OnnxGraph()
    for at in range(0, len(content), size):
        graph.feed(content[at : at + size])
    return graph.finish()


@pytest.mark.parametrize("size", [1, 3, 64, 1 << 20])
def test_inputs_without_weights_and_outputs(size: int) -> None:
    assert read(MODEL, size) == ((Column("x", "float32[?, 30]"),), (Column("y", "int64[1]"),))


def test_real_models_are_read() -> None:
    inputs, outputs = read((ASSETS / "biopsy/v3.0.0/model/model.onnx").read_bytes(), 1_000)
    assert inputs
    assert outputs
    assert all("float" in one.type for one in inputs)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no graph"),
        (b"\0onnx", "."),
        (MODEL[: len(MODEL) // 2], "ends in the middle"),
        (part(7, GRAPH) + part(7, GRAPH), "several"),
        (varint(7 << 3 | 2) + varint(1 << 62) + GRAPH, "ends in the middle"),
        (part(7, varint(11 << 3 | 2) + varint(1 << 40)), "longer than the whole"),
        (part(7, part(11, varint(1 << 3 | 2) + varint(99))), "longer than the whole"),
        (part(7, part(11, b"x" * 70_000)), "more than 65536 bytes"),
        (b"\xff" * 50, "a number that is none"),
        (part(7, whole(2, 1) * 300_001), "more than 300000 parts"),
        (part(7, part(11, value("x", 1)) * 10_001), "more than 10000 inputs"),
        (part(7, part(11, value("x", 1))), "gives nothing"),
        (varint(1 << 3 | 3), "not of the form"),
    ],
)
def test_lies_are_unreadable(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(content)


def test_names_from_a_file_are_printable_and_short() -> None:
    inputs, _ = read(part(7, part(11, value("a\n\u202e" + "x" * 500, 99)) + part(12, value("y", 1))))
    assert inputs[0].name.isprintable()
    assert len(inputs[0].name) == 80
    assert inputs[0].type == "type 99[]"


@given(st.binary(max_size=400), st.integers(1, 64))
@settings(deadline=None)
def test_any_bytes_are_read_or_unreadable(content: bytes, size: int) -> None:
    try:
        inputs, outputs = read(content, size)
    except Unreadable:
        return
    assert outputs
    assert all(one.name.isprintable() for one in (*inputs, *outputs))


@given(st.integers(0, len(MODEL) - 1), st.integers(0, 255))
@settings(deadline=None)
def test_one_wrong_byte_never_breaks_the_reader(at: int, byte: int) -> None:
    bent = MODEL[:at] + bytes([byte]) + MODEL[at + 1 :]
    try:
        inputs, outputs = read(bent, 100)
    except Unreadable:
        return
    assert len(inputs) + len(outputs) <= 3
