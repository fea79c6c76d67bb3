"""Values of every type that travels, made from the types themselves: what a field is annotated with is what it may hold."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import strategies as st

from workers.contract.names import Name
from workers.contract.outcomes import Outcome
from workers.contract.signatures import SigningKey

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def private_bytes() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def new_key() -> SigningKey:
    return SigningKey.load(private_bytes())


def names(kind: type[Name]) -> st.SearchStrategy[Any]:
    return st.from_regex(kind.pattern, fullmatch=True).filter(lambda text: len(text) <= kind.longest).map(kind.read)


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotated type."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Outcome:
        return st.nothing()
    if origin in (Union, types.UnionType):
        options = [of(option) for option in args if option is not type(None)]
        return st.one_of(*options) | (st.none() if type(None) in args else st.nothing())
    if origin is tuple:
        return st.lists(of(args[0]), max_size=2).map(tuple)
    if origin in (dict, Mapping):
        return st.dictionaries(of(args[0]), of(args[1]), max_size=2)
    return _leaf(kind)


def _leaf(kind: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return st.builds(kind, **{field.name: of(hints[field.name]) for field in dataclasses.fields(kind)})
    if issubclass(kind, Name):
        return names(kind)
    if issubclass(kind, Enum):
        return st.sampled_from(kind)
    simple: dict[type, st.SearchStrategy[Any]] = {str: TEXT, bool: st.booleans(), int: st.integers(-(2**53), 2**53)}
    return simple[kind]
