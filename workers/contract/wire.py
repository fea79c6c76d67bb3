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
    if value is None or type(value) in _AS_IT_IS:
        return value
    if (fields := _shown(type(value))) is not None:
        shown = ((name, getattr(value, name), empty) for name, empty in fields)
        return {name: plain(part) for name, part, empty in shown if part is not None and part != empty}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    raise BadWire(f"{type(value).__name__} cannot travel")


_AS_IT_IS = frozenset({str, int, bool})


@cache
def _shown(kind: type) -> tuple[tuple[str, object], ...] | None:
    """The fields of a dataclass, each with the value that is left out because reading the field back without one gives the same."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple((field.name, _empty_default(field)) for field in dataclasses.fields(kind))


def _empty_default(field: dataclasses.Field[Any]) -> object:
    if field.default == ():
        return ()
    return {} if field.default_factory is dict else _NEVER


_NEVER = object()


def load(data: bytes | str) -> Any:
    """JSON data from untrusted text: no NaN, no fractions, no duplicate keys, no half characters. Raises BadWire."""
    try:
        text = data if isinstance(data, str) else data.decode()
        found = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constants, parse_float=_no_floats)
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
