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
from collections.abc import Callable, Hashable, Mapping
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
    kind: Any = type(value)
    if (fields := _shown(kind)) is not None:
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
def _shown(kind: Hashable) -> tuple[tuple[str, object], ...] | None:
    """The fields of a dataclass, each with the value that is left out because reading the field back without one gives the same."""
    if not isinstance(kind, type) or not dataclasses.is_dataclass(kind):
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
    wanted: Any = kind
    try:
        return typing.cast(T, _reader(wanted)(data))
    except _Fault as fault:
        raise BadWire(f"{at or getattr(kind, '__name__', str(kind))}{fault.place}: {fault.why}") from fault.__cause__


class _Fault(Exception):
    """What is wrong with one value; its place grows on the way out."""

    def __init__(self, why: str) -> None:
        self.why = why
        self.place = ""
        super().__init__(why)


_Reader = Callable[[Any], Any]


@cache
def _reader(kind: Hashable) -> _Reader:
    """What reads an annotated type, made once for each."""
    origin = typing.get_origin(kind)
    if kind is Any:
        return lambda data: data
    if origin in (Union, types.UnionType):
        return _optional(typing.get_args(kind))
    if origin is tuple:
        return _of_list(_reader(typing.get_args(kind)[0]))
    if origin in (dict, Mapping):
        return _of_mapping(*(_reader(part) for part in typing.get_args(kind)))
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return _of_dataclass(kind)
    assert isinstance(kind, type), f"{kind} cannot travel"
    return _of_leaf(kind)


def _within(reader: _Reader, data: Any, place: str) -> Any:
    try:
        return reader(data)
    except _Fault as fault:
        fault.place = place + fault.place
        raise


def _optional(options: tuple[Any, ...]) -> _Reader:
    (only,) = (option for option in options if option is not type(None))
    reader = _reader(only)
    return (lambda data: None if data is None else reader(data)) if type(None) in options else reader


def _of_list(reader: _Reader) -> _Reader:
    def read_it(data: Any) -> Any:
        if not isinstance(data, list):
            raise _Fault("a list is expected")
        return tuple(_within(reader, part, f"[{i}]") for i, part in enumerate(data))

    return read_it


def _of_mapping(of_key: _Reader, of_value: _Reader) -> _Reader:
    def read_it(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Fault("a mapping is expected")
        return {of_key(key): _within(of_value, value, f".{key}") for key, value in data.items()}

    return read_it


def _of_leaf(kind: type) -> _Reader:
    convert: Callable[[Any], Any] | None = kind.read if issubclass(kind, Name) else kind if issubclass(kind, Enum) else None

    def read_it(data: Any) -> Any:
        if convert is None:
            if type(data) is not kind:
                raise _Fault(f"{kind.__name__} is expected")
            return data
        try:
            return convert(data)
        except ValueError as exc:
            raise _Fault(str(exc)) from exc

    return read_it


def _of_dataclass(kind: type) -> _Reader:
    hints, fields = typing.get_type_hints(kind), dataclasses.fields(kind)
    needed = {f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING}
    absent = dict.fromkeys(name for name in needed if _is_optional(hints[name]))
    readers, must = {f.name: _reader(hints[f.name]) for f in fields}, frozenset(needed - absent.keys())

    def read_it(data: Any) -> Any:
        if not isinstance(data, dict):
            raise _Fault("a mapping is expected")
        if unknown := data.keys() - readers.keys():
            raise _Fault(f"{sorted(unknown)[0][:40]!r} is not known")
        if missing := must - data.keys():
            raise _Fault(f"{sorted(missing)[0]!r} is missing")
        return kind(**absent | {name: _within(readers[name], value, f".{name}") for name, value in data.items()})

    return read_it


def _is_optional(hint: Any) -> bool:
    return typing.get_origin(hint) in (Union, types.UnionType) and type(None) in typing.get_args(hint)
