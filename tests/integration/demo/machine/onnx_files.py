"""Tiny ONNX files, written by hand from the public protobuf layout of the format (onnx.proto, opset 13)."""

from collections.abc import Sequence

ELEMENT_TYPES = {
    "FP32": 1,
    "UINT8": 2,
    "INT8": 3,
    "UINT16": 4,
    "INT16": 5,
    "INT32": 6,
    "INT64": 7,
    "BYTES": 8,
    "BOOL": 9,
    "FP64": 11,
    "UINT32": 12,
    "UINT64": 13,
}


def model_of(
    operator: str,
    datatype: str,
    shape: Sequence[int | str],
    answers: str | None = None,
    domain: str = "",
    operands: int = 1,
) -> bytes:
    """Return a model whose output `y` is `operator` of its input `x`, given `operands` times.

    Texts in `shape` are symbolic dimensions.
    """
    node = _text(1, "x") * operands + _text(2, "y") + _text(4, operator) + _text(7, domain)
    graph = (
        _bytes(1, node)
        + _text(2, "tiny")
        + _bytes(11, _value("x", ELEMENT_TYPES[datatype], shape))
        + _bytes(12, _value("y", ELEMENT_TYPES[answers or datatype], shape))
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _text(1, "") + _number(2, 13))


def identity(datatype: str = "FP32", shape: Sequence[int | str] = ("rows", 2)) -> bytes:
    """Return a model that answers its input."""
    return model_of("Identity", datatype, shape)


def negation() -> bytes:
    """Return a model that answers its FP32 input `[rows, 2]` negated."""
    return model_of("Neg", "FP32", ("rows", 2))


def _value(name: str, element_type: int, shape: Sequence[int | str]) -> bytes:
    dimensions = b"".join(_bytes(1, _text(2, length) if isinstance(length, str) else _number(1, length)) for length in shape)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, element_type) + _bytes(2, dimensions)))


def _varint(value: int) -> bytes:
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, content: str) -> bytes:
    return _bytes(field, content.encode())
