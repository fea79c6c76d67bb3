"""How our dataclasses travel: canonical JSON out, checked dataclasses in.

Canonical means sorted keys, no spaces, UTF-8, no NaN; the same value always gives the same bytes, so that bytes can be signed and hashed.
Half a surrogate pair has no UTF-8, so it is refused on the way in: nothing that was read can fail to be written.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union

from workers.contract.names import Name

T = TypeVar("T")


class BadWire(ValueError):
    """What arrived is not of the expected form; the message names the place."""


def canonical(value: object) -> bytes:
    """The canonical JSON bytes of plain data (or of a dataclass)."""
    return json.dumps(plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def sha256(value: bytes) -> str:
    """`sha256:` and the hexadecimal SHA-256 of the bytes."""
    return "sha256:" + hashlib.sha256(value).hexdigest()


def plain(value: object) -> Any:
    """A value as JSON data. Fields of dataclasses that are None are left out, and empty ones where empty is the default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        shown = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: plain(part) for field, part in shown if part is not None and not _is_empty_default(field, part)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if value is None or isinstance(value, bool | int):
        return value
    raise BadWire(f"{type(value).__name__} cannot travel")


def _is_empty_default(field: dataclasses.Field[Any], part: object) -> bool:
    """Whether reading the field back without a value gives the same: empty, and empty by default."""
    if part == ():
        return field.default == ()
    return part == {} and field.default_factory is dict


def load(data: bytes | str) -> Any:
    """JSON data from untrusted text: no NaN, no fractions, no duplicate keys, no half characters. Raises BadWire."""
    try:
        text = data if isinstance(data, str) else data.decode()
        found = _DECODER.decode(text)
        if "\\u" in text or not text.isascii():
            json.dumps(found, ensure_ascii=False).encode()
        return found
    except (ValueError, RecursionError) as exc:
        raise BadWire(f"not JSON of ours: {type(exc).__name__}") from exc


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constants(text: str) -> Any:
    raise ValueError(f"{text} is no number of ours")


def _no_floats(text: str) -> Any:
    raise ValueError("numbers with a fraction travel as text")


_DECODER = json.JSONDecoder(object_pairs_hook=_no_duplicates, parse_constant=_no_constants, parse_float=_no_floats)


def read(kind: type[T], data: Any, at: str = "") -> T:
    """The dataclass (or other annotated type) that the JSON data is. Unknown and missing fields raise BadWire."""
    return typing.cast(T, _read(kind, data, at or getattr(kind, "__name__", str(kind))))


def _read(kind: Any, data: Any, at: str) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return data
    if origin in (Union, types.UnionType):
        return _read_union(kind, data, at)
    if origin is tuple:
        if not isinstance(data, list):
            raise BadWire(f"{at}: a list is expected")
        return tuple(_read(typing.get_args(kind)[0], part, f"{at}[{i}]") for i, part in enumerate(data))
    if origin in (dict, Mapping):
        return _read_mapping(kind, data, at)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, data, at)
    return _read_leaf(kind, data, at)


def _read_union(kind: Any, data: Any, at: str) -> Any:
    options = typing.get_args(kind)
    if data is None and type(None) in options:
        return None
    (only,) = (option for option in options if option is not type(None))
    return _read(only, data, at)


def _read_mapping(kind: Any, data: Any, at: str) -> dict[Any, Any]:
    if not isinstance(data, dict):
        raise BadWire(f"{at}: a mapping is expected")
    of_key, of_value = typing.get_args(kind)
    return {_read(of_key, key, at): _read(of_value, value, f"{at}.{key}") for key, value in data.items()}


def _read_leaf(kind: Any, data: Any, at: str) -> Any:
    try:
        if issubclass(kind, Name):
            return kind.read(data)
        if issubclass(kind, Enum):
            return kind(data)
    except ValueError as exc:
        raise BadWire(f"{at}: {exc}") from exc
    if type(data) is not kind:
        raise BadWire(f"{at}: {kind.__name__} is expected")
    return data


@cache
def _fields(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    needed = frozenset(f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING)
    return {f.name: hints[f.name] for f in fields}, needed


def _read_dataclass(kind: Any, data: Any, at: str) -> Any:
    if not isinstance(data, dict):
        raise BadWire(f"{at}: a mapping is expected")
    hints, needed = _fields(kind)
    if unknown := data.keys() - hints.keys():
        raise BadWire(f"{at}: {sorted(unknown)[0][:40]!r} is not known")
    optional = {name for name in needed if _is_optional(hints[name])}
    if missing := needed - optional - data.keys():
        raise BadWire(f"{at}: {sorted(missing)[0]!r} is missing")
    given = {name: _read(hints[name], value, f"{at}.{name}") for name, value in data.items()}
    return kind(**dict.fromkeys(optional - data.keys()), **given)


def _is_optional(hint: Any) -> bool:
    return typing.get_origin(hint) in (Union, types.UnionType) and type(None) in typing.get_args(hint)
