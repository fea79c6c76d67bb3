"""Does an answer repeat the golden prediction? Pure: two JSON documents of the Open Inference Protocol V2 and a tolerance in, words out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from math import prod
from typing import Any

from workers.adapters.targets.words import one_line
from workers.ports.errors import BadContent

ELEMENTS = 4_000_000
DIMENSIONS = 16
_SHOWN = 40
_EXACT = Context(prec=60, traps=[])


class NotJson(ValueError):
    """The bytes are not a JSON object."""


@dataclass(frozen=True)
class Tensor:
    """One output: `data` is flat in row-major order and holds str, bool, int, Decimal or None."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: tuple[Any, ...]


def read_json(raw: bytes) -> Mapping[str, Any]:
    """The JSON object in `raw`; numbers with a fraction become Decimal, as do NaN and the infinities. Raises NotJson."""
    try:
        body = json.loads(raw, parse_float=Decimal, parse_constant=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as exc:
        raise NotJson("it is not JSON") from exc
    if not isinstance(body, dict):
        raise NotJson("it is not a JSON object")
    return body


def difference(answer: Mapping[str, Any], expected: bytes, tolerance: str) -> str | None:
    """How `answer` (an inference response) differs from the golden output, in words for people; None when it repeats it.

    Compared are the outputs that the golden output names, in any order: datatype, shape, and each value. Numbers may differ by `tolerance`
    (absolute, inclusive); texts, truth values and null must be equal; NaN repeats NaN and an infinity repeats itself. Further outputs do not count.
    Raises BadContent when the golden output or the tolerance cannot be used.
    """
    wanted, limit = _expected(expected), _tolerance(tolerance)
    try:
        given = {tensor.name: tensor for tensor in _tensors(answer)}
    except ValueError as exc:
        return f"its answer is no prediction: {exc}"
    for tensor in wanted:
        if tensor.name not in given:
            return f"it answered no output {_shown(tensor.name)}, but {_listed(given)}"
        if words := _differs(tensor, given[tensor.name], limit):
            return words
    return None


def _expected(raw: bytes) -> list[Tensor]:
    try:
        return _tensors(read_json(raw))
    except ValueError as exc:
        raise BadContent(f"the golden output cannot be used: {exc}") from exc


def _tolerance(text: str) -> Decimal:
    try:
        tolerance = Decimal(text)
    except ArithmeticError as exc:
        raise BadContent(f"the golden tolerance {text[:_SHOWN]!r} is not a number") from exc
    if not tolerance.is_finite() or tolerance < 0:
        raise BadContent(f"the golden tolerance {text[:_SHOWN]!r} is not a number from 0")
    return tolerance


def _tensors(body: Mapping[str, Any]) -> list[Tensor]:
    """The `outputs` of a response. Raises ValueError."""
    outputs = body.get("outputs")
    if not isinstance(outputs, list) or not outputs:
        raise ValueError("it holds no outputs")
    tensors = [_tensor(output) for output in outputs]
    if len({tensor.name for tensor in tensors}) != len(tensors):
        raise ValueError("two of its outputs have one name")
    return tensors


def _tensor(output: Any) -> Tensor:
    if not isinstance(output, dict):
        raise ValueError("an output is not an object")
    name, datatype, shape, data = (output.get(key) for key in ("name", "datatype", "shape", "data"))
    if not isinstance(name, str) or not isinstance(datatype, str) or not isinstance(data, list):
        raise ValueError("an output lacks its name, datatype or data")
    if (
        not isinstance(shape, list)
        or len(shape) > DIMENSIONS
        or any(type(length) is not int or not 0 <= length <= ELEMENTS for length in shape)
    ):
        raise ValueError(f"the shape of output {_shown(name)} is not a list of whole numbers")
    values = tuple(_flat(data))
    if len(values) != prod(shape):
        raise ValueError(f"output {_shown(name)} holds {len(values)} values, and its shape {shape} asks for another number")
    return Tensor(name, datatype, tuple(shape), values)


def _flat(data: list[Any]) -> Iterator[Any]:
    """The elements of nested lists, in order; without recursion, for a hostile answer may be nested deeply."""
    open_lists = [iter(data)]
    while open_lists:
        for item in open_lists[-1]:
            if isinstance(item, list):
                open_lists.append(iter(item))
                break
            yield item
        else:
            open_lists.pop()


def _differs(expected: Tensor, answered: Tensor, tolerance: Decimal) -> str | None:
    name = _shown(expected.name)
    if answered.datatype != expected.datatype:
        return f"output {name} is {_shown(answered.datatype)} where {_shown(expected.datatype)} is expected"
    if answered.shape != expected.shape:
        return f"output {name} has the shape {list(answered.shape)} where {list(expected.shape)} is expected"
    pairs = enumerate(zip(expected.data, answered.data, strict=True))
    wrong = [index for index, (want, have) in pairs if not _repeats(want, have, tolerance)]
    if not wrong:
        return None
    first = wrong[0]
    place = ", ".join(part for part in (_place(first, expected.shape), f"output {name}") if part)
    more = f"; {len(wrong) - 1} more of {len(expected.data)} differ" if len(wrong) > 1 else ""
    return f"it answered {_shown(answered.data[first])} where {_shown(expected.data[first])} is expected ({place}{more})"


def _repeats(expected: Any, answered: Any, tolerance: Decimal) -> bool:
    if type(expected) in {int, Decimal} and type(answered) in {int, Decimal}:
        return _is_near(Decimal(expected), Decimal(answered), tolerance)
    return type(expected) is type(answered) and isinstance(expected, str | bool | None) and expected == answered


def _is_near(expected: Decimal, answered: Decimal, tolerance: Decimal) -> bool:
    if expected.is_nan() or answered.is_nan():
        return expected.is_nan() and answered.is_nan()
    if not expected.is_finite() or not answered.is_finite():
        return expected == answered
    return _EXACT.abs(_EXACT.subtract(expected, answered)) <= tolerance


def _place(index: int, shape: Sequence[int]) -> str:
    """Where the flat `index` lies in `shape`, counted from 1 as people do."""
    places: list[int] = []
    for length in reversed(shape):
        index, place = divmod(index, length)
        places.insert(0, place + 1)
    if not places:
        return ""
    row = f"row {places[0]}"
    if len(places) == 2:
        return f"{row}, column {places[1]}"
    return row if len(places) == 1 else f"{row}, then {'/'.join(map(str, places[1:]))}"


def _listed(given: Mapping[str, Tensor]) -> str:
    return one_line(", ".join(given), longest=100)


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | Decimal):
        return str(value)[:_SHOWN]
    return one_line(str(value), longest=_SHOWN)
