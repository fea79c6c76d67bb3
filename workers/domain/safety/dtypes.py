"""The types of numpy arrays as pickles and files describe them: how many bytes a value has, and whether it is an object.

A type says how the bytes of an array are read: a state that lies about sizes, places or objects makes numpy read outside of them or follow
pointers that a file brings. So each state is held against what numpy itself writes.
Source: https://github.com/numpy/numpy/blob/main/numpy/_core/src/multiarray/descriptor.c (arraydescr_reduce).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workers.domain.safety.finding import Doubt, Rejected
from workers.domain.safety.values import Dict, Global, Made

_CODE = re.compile(r"[<>|=]?(?:([biufcSaUVOMm?])(\d{0,9})(?:\[[^\]]{1,12}\])?)\Z")
_SIZED = "SaUV"
_WIDTHS = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8, 12, 16), "c": (8, 16, 24, 32), "m": (8,), "M": (8,), "?": (0,)}
_SIZES = {"?": 1}
_OBJECT_FLAGS = 3  # counts references, and is pickled as a list
DTYPE = Global("numpy", "dtype")
_LARGEST = 1 << 40


@dataclass(frozen=True)
class Type:
    """`size` in bytes of one value."""

    size: int
    has_objects: bool = False


def is_dtype(value: object) -> bool:
    """Whether a made value is a numpy type."""
    return isinstance(value, Made) and value.by == DTYPE


def from_code(code: object) -> Type:
    """`<f8` and so on. Raises Doubt."""
    match = _CODE.match(code) if isinstance(code, str) else None
    if not match:
        raise Doubt("has an array of a type that is not known")
    kind, width = match[1], int(match[2] or 0)
    if kind == "O":
        return Type(8, has_objects=True)
    if kind not in _SIZED and width not in _WIDTHS[kind]:
        raise Doubt("has an array of a type that is not known")
    return Type(_SIZES.get(kind, width * 4 if kind == "U" else width))


def of_made(made: object) -> Type:
    """The type that a pickle has made. Raises Doubt."""
    if not isinstance(made, Made) or made.by != DTYPE:
        raise Doubt("has an array of a type that is not known")
    return made.type if isinstance(made.type, Type) else from_code(made.code)


def stated(made: Made, state: object) -> Type:
    """The type with its state. Raises Doubt."""
    code, plain = made.code or "", from_code(made.code)
    if not isinstance(state, tuple) or len(state) not in (8, 9) or state[0] not in (3, 4):
        raise Doubt("has an array of a type whose state is not that of numpy 1.7 or newer")
    _, _, inner, names, fields, size, _, flags = state[:8]
    if type(size) is not int or type(flags) is not int or not -1 <= size < _LARGEST:
        raise Rejected("has an array of a type that lies about its size")
    is_void = code.lstrip("<>|=").startswith("V")
    if (inner, names, fields) != (None, None, None):
        if not is_void or size != plain.size:
            raise Rejected("has an array of a type that lies about its size")
        found = Type(size, _inner(inner, size) if inner is not None else _fields(names, fields, size))
    elif any(kind in code for kind in _SIZED):
        found = Type(size)
        if size != plain.size:
            raise Rejected("has an array of a type that lies about its size")
    else:
        found = plain
        if size != -1:
            raise Rejected("has an array of a type that lies about its size")
    if (flags & _OBJECT_FLAGS) != (_OBJECT_FLAGS if found.has_objects else 0):
        raise Rejected("has an array of a type that lies about what it holds")
    return found


def _inner(inner: object, size: int) -> bool:
    base, shape = inner if isinstance(inner, tuple) and len(inner) == 2 else (None, None)
    found = of_made(base)
    if found.size * count(shape if isinstance(shape, tuple) else (shape,)) != size:
        raise Rejected("has an array of a type that lies about its size")
    return found.has_objects


def _fields(names: object, fields: object, size: int) -> bool:
    if not isinstance(names, tuple) or not isinstance(fields, Dict) or not fields.is_whole:
        raise Doubt("has an array of a type with too many fields")
    has_objects = False
    for field in fields.items.values():
        if not isinstance(field, tuple) or len(field) not in (2, 3) or type(field[1]) is not int:
            raise Doubt("has an array of a type that is not known")
        found = of_made(field[0])
        if not 0 <= field[1] <= size - found.size:
            raise Rejected("has an array of a type whose fields lie outside of it")
        has_objects |= found.has_objects
    return has_objects


def count(shape: object) -> int:
    """How many values an array of that shape has. Raises Doubt."""
    if not isinstance(shape, tuple) or not all(type(one) is int and 0 <= one < _LARGEST for one in shape):
        raise Doubt("has an array of a shape that is not known")
    product = 1
    for one in shape:
        product *= one
        if product >= _LARGEST:
            raise Doubt("has an array of more values than can be")
    return product
