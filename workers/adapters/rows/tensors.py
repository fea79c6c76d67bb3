"""Tensors of inference requests as columns, and which of these columns are those of a reference.

Source: https://github.com/kserve/open-inference-protocol (V2), https://kserve.github.io/website (V1 data plane).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

MOST_ROWS = 100_000
MOST_COLUMNS = 5000
_LONGEST_NAME = 200
_NUMBERED = re.compile(r"(.+)\.(\d{1,4})", re.ASCII)
Columns = dict[str, list[Any]]


class BadTensor(ValueError):
    """What a line holds is no table of values; the message says why, in few words."""


def of_v2(entries: Any) -> tuple[int, Columns]:
    """The rows and columns of `inputs` or `outputs`: a tensor of shape [n] or [n, 1] is one column, of [n, k] the columns `name.0` to `name.k-1`."""
    found: Columns = {}
    rows: int | None = None
    if not isinstance(entries, list) or len(entries) > MOST_COLUMNS:
        raise BadTensor("no list of tensors")
    for entry in entries:
        name, shape, values = _tensor(entry)
        if rows not in (None, shape[0]):
            raise BadTensor("tensors of different lengths")
        rows = shape[0]
        found |= _columns(name, rows, values)
        _fits(rows, found)
    return rows or 0, found


def _tensor(entry: Any) -> tuple[str, Sequence[int], list[Any]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("data"), list):
        raise BadTensor("a tensor without data in JSON")
    shape, values = entry.get("shape"), _flat(entry["data"])
    if not isinstance(shape, list) or not shape or not all(type(one) is int and 0 <= one <= 1 << 30 for one in shape):
        raise BadTensor("a tensor without a shape")
    if math.prod(shape) != len(values):
        raise BadTensor("a tensor whose shape does not fit its data")
    return _name(entry.get("name")), shape, values


def of_v1(instances: Any, name: str) -> tuple[int, Columns]:
    """The rows and columns of `instances` or `predictions`: each one a value, a list of values, or a mapping from names to values."""
    if not isinstance(instances, list):
        raise BadTensor(f"no list of {name}")
    rows = len(instances)
    if all(isinstance(one, dict) for one in instances):
        names = dict.fromkeys(key for one in instances for key in one)
        found = {_name(key): [_value(one.get(key)) for one in instances] for key in names}
    else:
        flat = [_flat(one) if isinstance(one, list) else [one] for one in instances]
        if len({len(one) for one in flat}) > 1:
            raise BadTensor(f"{name} of different lengths")
        found = _columns(name, rows, [value for one in flat for value in one])
    _fits(rows, found)
    return rows, found


def _columns(name: str, rows: int, values: list[Any]) -> Columns:
    width = len(values) // rows if rows else 0
    checked = [_value(value) for value in values]
    return {name: checked} if width == 1 else {f"{name}.{i}": checked[i::width] for i in range(width)}


def _flat(values: list[Any], depth: int = 0) -> list[Any]:
    if not any(isinstance(value, list) for value in values):
        return values
    if depth > 8:
        raise BadTensor("lists in lists, too deep")
    return [flat for value in values for flat in (_flat(value, depth + 1) if isinstance(value, list) else [value])]


def _value(value: Any) -> Any:
    if value is not None and not isinstance(value, int | float | str):
        raise BadTensor("values that are neither numbers nor texts")
    return value[:_LONGEST_NAME] if isinstance(value, str) else value


def _name(name: Any) -> str:
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise BadTensor("a tensor without a name")
    return name


def _fits(rows: int, columns: Columns) -> None:
    if rows > MOST_ROWS or len(columns) > MOST_COLUMNS:
        raise BadTensor("too many rows or columns")


def places(names: Iterable[str], features: Sequence[str], wanted: Iterable[str]) -> Mapping[str, str]:
    """Which of the columns that there are holds each wanted one, for those that are there.

    A tensor with as many columns as there are features has them in their order; of an output with two columns the second one is meant.
    """
    there = dict.fromkeys(names)
    widths = _widths(there)
    tensor = next((name for name, width in widths.items() if width == len(features)), None)
    ordered = (
        {feature: f"{tensor}.{i}" for i, feature in enumerate(features)} if tensor and not any(one in there for one in features) else {}
    )
    return {name: place for name in wanted if (place := _place(name, there, ordered, widths)) is not None}


def _place(name: str, there: Mapping[str, None], ordered: Mapping[str, str], widths: Mapping[str, int]) -> str | None:
    if name in there:
        return name
    return ordered.get(name) or (f"{name}.1" if widths.get(name) == 2 else None)


def _widths(names: Iterable[str]) -> dict[str, int]:
    """How many columns each tensor has."""
    found: dict[str, int] = {}
    for name in names:
        if match := _NUMBERED.fullmatch(name):
            found[match[1]] = max(found.get(match[1], 0), int(match[2]) + 1)
    return found
