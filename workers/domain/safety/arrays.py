"""Files that hold arrays and no code: numpy's `.npy`, and safetensors.

Sources: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html and
https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs
"""

from __future__ import annotations

import ast
import json
from typing import Any

from workers.domain.safety import dtypes
from workers.domain.safety.finding import Doubt, Rejected
from workers.domain.safety.pickles import Plain, walk
from workers.domain.safety.streams import Bytes

_LARGEST_NPY_HEADER = 10_000
_LARGEST_HEADER = 100_000_000
_LARGEST_READ = 16 << 20
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16,
    "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


def npy(source: Bytes) -> bool:
    """One `.npy`: whether it is an array of objects. That is a pickle, and is read as one. Raises Doubt."""
    _, major, _ = source.take(6), source.byte(), source.byte()
    length = source.number(2 if major == 1 else 4)
    if major not in (1, 2, 3) or length > _LARGEST_NPY_HEADER:
        raise Doubt("has a header that numpy does not write")
    header = _literal(source.take(length))
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        raise Doubt("has a header that numpy does not write")
    kind = _kind(header["descr"], 0)
    if kind.has_objects:
        walk(source, Plain())
    else:
        source.skip(kind.size * dtypes.count(header["shape"]))
    if not source.ended():
        raise Rejected("goes on after its array", at=source.place)
    return kind.has_objects


def _literal(header: bytes) -> object:
    try:
        return ast.literal_eval(header.decode("utf-8").strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        raise Doubt("has a header that numpy does not write") from None


def _kind(descr: object, depth: int) -> dtypes.Type:
    if isinstance(descr, str):
        return dtypes.from_code(descr)
    if not isinstance(descr, list) or depth > 8:
        raise Doubt("has an array of a type that is not known")
    size, has_objects = 0, False
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in (2, 3):
            raise Doubt("has an array of a type that is not known")
        found = _kind(field[1], depth + 1)
        shape = field[2] if len(field) == 3 else ()
        size += found.size * dtypes.count(shape if isinstance(shape, tuple) else (shape,))
        has_objects |= found.has_objects
    return dtypes.Type(size, has_objects)


def safetensors(source: Bytes, size: int | None) -> None:
    """Header, names and places of every tensor. Raises Doubt."""
    length = source.number(8)
    if length > _LARGEST_HEADER or (size is not None and length > size - 8):
        raise Rejected("has a header longer than the file")
    if length > _LARGEST_READ:
        raise Doubt("has a header that is too large to look at")
    header = load_json(source.take(length))
    if not isinstance(header, dict):
        raise Rejected("has a header that is no JSON object")
    said = header.pop("__metadata__", {})
    if not isinstance(said, dict) or not all(isinstance(one, str) for one in said.values()):
        raise Rejected("has metadata that are not plain text")
    at = 0
    for begin, end in sorted(_tensor(one) for one in header.values()):
        if begin != at:
            raise Rejected("has tensors that overlap or leave a gap")
        at = end
    source.skip(at)
    if not source.ended():
        raise Rejected("goes on after its tensors", at=source.place)


def _tensor(said: Any) -> tuple[int, int]:
    if not isinstance(said, dict) or set(said) != {"dtype", "shape", "data_offsets"} or said["dtype"] not in _BITS:
        raise Doubt("has a tensor that is not described as safetensors does")
    places, shape = said["data_offsets"], said["shape"]
    if not isinstance(places, list) or len(places) != 2 or not isinstance(shape, list):
        raise Rejected("has a tensor that is not described as safetensors does")
    bits = dtypes.count(tuple(shape)) * _BITS[said["dtype"]]
    begin, end = places
    if type(begin) is not int or type(end) is not int or begin < 0 or (end - begin) * 8 != bits:
        raise Rejected("has a tensor whose size is not that of its shape")
    return begin, end


def load_json(content: bytes) -> Any:
    """JSON without a key twice in one object. Raises Doubt."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise Rejected("has JSON in which a key stands twice: readers differ in which one they take")
        return found

    try:
        return json.loads(content, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Doubt("has JSON that cannot be read") from None
