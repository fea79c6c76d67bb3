"""What an ONNX model takes and gives, read from the bytes as they stream by. Nothing is executed, and the weights are passed over.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto and https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from workers.adapters.git.reading import Unreadable, shown
from workers.contract.promotion import Column

_MOST_FIELDS = 300_000
_MOST_VALUES = 10_000
_LARGEST_VALUE = 64 * 1024
_LONGEST_NAME = 1024
_GRAPH, _INITIALIZER, _INPUT, _OUTPUT, _TENSOR_NAME = 7, 5, 11, 12, 8
_TYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool", 10: "float16",
    11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
}  # fmt: skip
_OTHERS = {4: "sequence", 5: "map", 8: "sparse tensor", 9: "optional"}

_Waiting = Generator[None, None, None]
_WaitingForBytes = Generator[None, None, bytes]
_WaitingForNumber = Generator[None, None, int]


class OnnxGraph:
    """Takes the file piece by piece. Each length is held against the message around it, and the number of parts against a bound."""

    def __init__(self) -> None:
        self._piece, self._at, self._before = b"", 0, 0
        self._fields = 0
        self._graphs = 0
        self._inputs: list[Column] = []
        self._outputs: list[Column] = []
        self._weights: set[str] = set()
        self._run = self._model()
        self._is_between = True

    def feed(self, piece: bytes) -> None:
        """The next piece. Raises Unreadable."""
        self._piece, self._at = piece, 0
        next(self._run)
        self._before += len(piece)

    def finish(self) -> tuple[tuple[Column, ...], tuple[Column, ...]]:
        """The inputs (without the weights that old files list among them) and outputs. Raises Unreadable."""
        if not self._is_between or self._graphs != 1:
            raise Unreadable("it ends in the middle" if not self._is_between else "it holds no graph, or several")
        inputs = tuple(one for one in self._inputs if one.name not in self._weights)
        if not self._outputs:
            raise Unreadable("its graph gives nothing")
        return inputs, tuple(self._outputs)

    @property
    def _place(self) -> int:
        return self._before + self._at

    def _model(self) -> _Waiting:
        while True:
            self._is_between = True
            while self._at >= len(self._piece):
                yield
            self._is_between = False
            number, kind = yield from self._tag()
            if number == _GRAPH and kind == 2:
                self._graphs += 1
                yield from self._graph((yield from self._end(None)))
            else:
                yield from self._pass(kind, None)

    def _graph(self, end: int) -> _Waiting:
        while self._place < end:
            number, kind = yield from self._tag()
            if kind == 2 and number in (_INPUT, _OUTPUT):
                content = yield from self._bytes((yield from self._end(end)), _LARGEST_VALUE)
                self._value(self._inputs if number == _INPUT else self._outputs, content)
            elif kind == 2 and number == _INITIALIZER:
                yield from self._weight((yield from self._end(end)))
            else:
                yield from self._pass(kind, end)
        self._ended(end)

    def _weight(self, end: int) -> _Waiting:
        while self._place < end:
            number, kind = yield from self._tag()
            if kind == 2 and number == _TENSOR_NAME:
                name = yield from self._bytes((yield from self._end(end)), _LONGEST_NAME)
                self._weights.add(shown(name.decode(errors="replace")))
            else:
                yield from self._pass(kind, end)
        self._ended(end)

    def _value(self, values: list[Column], content: bytes) -> None:
        if len(values) >= _MOST_VALUES:
            raise Unreadable(f"it has more than {_MOST_VALUES} inputs or outputs")
        values.append(_column(content))

    def _tag(self) -> Generator[None, None, tuple[int, int]]:
        self._fields += 1
        if self._fields > _MOST_FIELDS:
            raise Unreadable(f"it has more than {_MOST_FIELDS} parts")
        tag = yield from self._number()
        return tag >> 3, tag & 7

    def _number(self) -> _WaitingForNumber:
        value = shift = 0
        while True:
            (byte,) = yield from self._take(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
            if shift > 63:
                raise Unreadable("it holds a number that is none")

    def _end(self, around: int | None) -> _WaitingForNumber:
        """Where the message that begins with its length ends."""
        length = yield from self._number()
        end = self._place + length
        if around is not None and end > around:
            raise Unreadable("a part of it is longer than the whole")
        return end

    def _bytes(self, end: int, most: int) -> _WaitingForBytes:
        if end - self._place > most:
            raise Unreadable(f"a name or a type in it has more than {most} bytes")
        return (yield from self._take(end - self._place))

    def _take(self, count: int) -> _WaitingForBytes:
        taken = b""
        while True:
            part = self._piece[self._at : self._at + count - len(taken)]
            self._at += len(part)
            taken += part
            if len(taken) == count:
                return taken
            yield

    def _pass(self, kind: int, around: int | None) -> _Waiting:
        if kind == 0:
            yield from self._number()
            return
        if kind not in (1, 2, 5):
            raise Unreadable("it is not of the form of ONNX")
        end = (yield from self._end(around)) if kind == 2 else self._place + (8 if kind == 1 else 4)
        while self._place + (len(self._piece) - self._at) < end:
            self._at = len(self._piece)
            yield
        self._at += end - self._place

    def _ended(self, end: int) -> None:
        if self._place != end:
            raise Unreadable("a part of it is longer than the whole")


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a small message: number, and value (numbers and what has a length; fixed ones are passed over)."""
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        if tag & 7 == 0:
            value, at = _varint(content, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            length, at = _varint(content, at)
            if at + length > len(content):
                raise Unreadable("a part of it is longer than the whole")
            yield tag >> 3, content[at : at + length]
            at += length
        elif tag & 7 in (1, 5):
            at += 8 if tag & 7 == 1 else 4
        else:
            raise Unreadable("it is not of the form of ONNX")


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise Unreadable("it holds a number that is none")


def _part(content: bytes, number: int) -> bytes | None:
    return next((value for found, value in _fields(content) if found == number and isinstance(value, bytes)), None)


def _column(content: bytes) -> Column:
    name = (_part(content, 1) or b"").decode(errors="replace")
    return Column(shown(name), shown(_type(_part(content, 2) or b"")))


def _type(content: bytes) -> str:
    for number, value in _fields(content):
        if number == 1 and isinstance(value, bytes):
            kind = next((one for found, one in _fields(value) if found == 1 and isinstance(one, int)), 0)
            shape = _part(value, 2)
            return _TYPES.get(kind, f"type {kind}") + ("" if shape is None else f"[{', '.join(_dimensions(shape))}]")
        if number in _OTHERS:
            return _OTHERS[number]
    return "unknown"


def _dimensions(shape: bytes) -> Iterator[str]:
    for number, value in _fields(shape):
        if number == 1 and isinstance(value, bytes):
            size = next((one for found, one in _fields(value) if found == 1), None)
            yield str(size) if isinstance(size, int) and size < 1 << 63 else "?"
