"""Tensors between the JSON of the Open Inference Protocol V2 and numpy.

Source: the protocol's "Tensor Data Types" and "Tensor Data": values are flat, row by row, or nested like the shape.
FP16, BF16 and the binary data extension have no place in JSON and are not spoken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from demo.model_server.refusals import Refused, malformed

ELEMENTS_LIMIT = 4_000_000

Array = npt.NDArray[Any]

DTYPES: Mapping[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    "BYTES": np.dtype(np.object_),
}
_ACCEPTED: Mapping[str, set[type]] = {"b": {bool}, "i": {int}, "u": {int}, "f": {int, float}, "O": {str}}


@dataclass(frozen=True)
class Port:
    """One input or output of a model; -1 in `shape` is a dimension of any length."""

    name: str
    datatype: str
    shape: tuple[int, ...]

    def metadata(self) -> dict[str, Any]:
        """Return the port as the protocol's model metadata shows it."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}

    def accepts(self, shape: tuple[int, ...]) -> bool:
        """Return whether a tensor of `shape` fits."""
        pairs = zip(self.shape, shape, strict=False)
        return len(shape) == len(self.shape) and all(own in {-1, given} for own, given in pairs)

    def zeros(self) -> Array:
        """Return the smallest tensor that fits: zeros (empty texts), free dimensions of length 1."""
        shape = tuple(1 if length == -1 else length for length in self.shape)
        return np.full(shape, "" if self.datatype == "BYTES" else 0, dtype=DTYPES[self.datatype])


def read(port: Port, tensor: Mapping[str, Any]) -> Array:
    """Return the array in one entry of a request's `inputs`. Raises Refused (400)."""
    if tensor.get("datatype") != port.datatype:
        raise malformed(f"input {port.name}: datatype is {port.datatype}, not {tensor.get('datatype')!r:.40}")
    shape = _read_shape(port, tensor.get("shape"))
    values = _flattened(port, tensor.get("data"), shape)
    wrong = {type(value) for value in values} - _ACCEPTED[DTYPES[port.datatype].kind]
    if wrong:
        raise malformed(f"input {port.name}: {sorted(kind.__name__ for kind in wrong)[0]} is not {port.datatype}")
    return _as_array(port, values, shape)


def write(port: Port, array: Array) -> dict[str, Any]:
    """Return one entry of an answer's `outputs`, its data flat. Raises Refused (500) for numbers JSON does not have."""
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise Refused(500, f"output {port.name} is not finite", "not_finite")
    data = [_as_text(value) for value in array.ravel()] if port.datatype == "BYTES" else array.ravel().tolist()
    return {"name": port.name, "datatype": port.datatype, "shape": list(array.shape), "data": data}


def _read_shape(port: Port, given: Any) -> tuple[int, ...]:
    if not isinstance(given, list) or any(type(length) is not int or length < 0 for length in given):
        raise malformed(f"input {port.name}: shape is a list of whole numbers")
    shape = tuple(given)
    if not port.accepts(shape):
        raise malformed(f"input {port.name}: shape {list(port.shape)} is expected, not {str(given)[:80]}")
    if prod(shape) > ELEMENTS_LIMIT:
        raise malformed(f"input {port.name}: at most {ELEMENTS_LIMIT} elements")
    return shape


def _flattened(port: Port, given: Any, shape: tuple[int, ...]) -> list[Any]:
    """Return the elements of `given`, which is flat or nested exactly like `shape`. Raises Refused (400)."""
    if not isinstance(given, list):
        raise malformed(f"input {port.name}: data is a list")
    if len(shape) > 1 and given and isinstance(given[0], list):
        return list(_nested(port, given, shape))
    if len(given) != prod(shape):
        raise malformed(f"input {port.name}: shape {list(shape)} has {prod(shape)} elements, data has {len(given)}")
    return given


def _nested(port: Port, given: Any, shape: tuple[int, ...]) -> Iterator[Any]:
    if not isinstance(given, list) or len(given) != shape[0]:
        raise malformed(f"input {port.name}: data is nested unlike its shape")
    if len(shape) == 1:
        yield from given
    else:
        for entry in given:
            yield from _nested(port, entry, shape[1:])


def _as_array(port: Port, values: list[Any], shape: tuple[int, ...]) -> Array:
    try:
        with np.errstate(over="ignore"):
            array = np.array(values, dtype=DTYPES[port.datatype]).reshape(shape)
    except OverflowError as exc:
        raise malformed(f"input {port.name}: a value is out of range for {port.datatype}") from exc
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise malformed(f"input {port.name}: a value is out of range for {port.datatype}")
    return array


def _as_text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
