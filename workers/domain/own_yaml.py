"""The YAML of the ledger's documents: the bytes that PyYAML would write and the data that it would read, without its trees of nodes.

Only plain data: mappings with texts for keys, lists, texts, whole numbers, true, false and null. A tenth of a large estate's start would otherwise
be spent in nothing but nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import Any

import yaml
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

try:  # libyaml where the wheel has it: ten times faster, same language
    from yaml import CSafeDumper as _Dumper
    from yaml import CSafeLoader as _Loader
except ImportError:
    from yaml import SafeDumper as _Dumper  # type: ignore[assignment]
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

_TAG = "tag:yaml.org,2002:"
_RESOLVER = yaml.resolver.Resolver()


class NotOurs(ValueError):
    """The bytes are not a document that `dump` writes."""


def dump(data: object) -> bytes:
    """Plain data as YAML with its order kept, one field a line, so that a change is a readable diff."""
    out = BytesIO()
    dumper = _Dumper(out, encoding="utf-8", allow_unicode=True, width=160)
    for event in (
        StreamStartEvent(encoding="utf-8"),
        DocumentStartEvent(explicit=False),
        *_events(data),
        DocumentEndEvent(),
        StreamEndEvent(),
    ):
        dumper.emit(event)
    return out.getvalue()


def _events(value: object) -> Iterator[Event]:
    if isinstance(value, dict):
        yield MappingStartEvent(None, _TAG + "map", implicit=True, flow_style=False)
        for key, part in value.items():
            yield _scalar(key, "str")
            yield from _events(part)
        yield MappingEndEvent()
    elif isinstance(value, list):
        yield SequenceStartEvent(None, _TAG + "seq", implicit=True, flow_style=False)
        for part in value:
            yield from _events(part)
        yield SequenceEndEvent()
    elif value is None or isinstance(value, bool):
        yield _scalar({None: "null", True: "true", False: "false"}[value], "null" if value is None else "bool")
    else:
        yield _scalar(str(value), "int" if isinstance(value, int) else "str")


def _scalar(text: str, kind: str) -> ScalarEvent:
    """A text that would be read as something else without quotes gets quotes."""
    return ScalarEvent(None, _TAG + kind, (_meant(text) == kind, kind == "str"), text)


@lru_cache(maxsize=16_384)
def _meant(text: str) -> str:
    """What a text without quotes means: `str`, `int`, `bool`, `null` and so on."""
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return tag.removeprefix(_TAG)


def load(data: bytes) -> Any:
    """The data of a document of the ledger, whose bytes are signed by us. Raises NotOurs."""
    loader = _Loader(data)
    try:
        for _ in range(2):
            loader.get_event()
        return _value(loader, loader.get_event())
    except (yaml.YAMLError, RecursionError) as exc:
        raise NotOurs(f"not YAML of ours: {type(exc).__name__}") from exc
    finally:
        loader.dispose()


def _value(loader: Any, event: Any) -> Any:
    kind = type(event)
    if kind is ScalarEvent:
        return _read(event)
    if kind is MappingStartEvent:
        found = {}
        while type(key := loader.get_event()) is not MappingEndEvent:
            found[_read(key)] = _value(loader, loader.get_event())
        return found
    if kind is SequenceStartEvent:
        listed = []
        while type(part := loader.get_event()) is not SequenceEndEvent:
            listed.append(_value(loader, part))
        return listed
    raise NotOurs(f"a document of ours holds no {kind.__name__}")


def _read(event: Any) -> Any:
    if type(event) is not ScalarEvent or event.tag:
        raise NotOurs("a document of ours holds neither tags nor mappings as keys")
    return _plain(event.value) if event.implicit[0] else event.value


@lru_cache(maxsize=16_384)
def _plain(text: str) -> Any:
    kind = _meant(text)
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    if kind == "int" and text.removeprefix("-").isdecimal():
        return int(text)
    raise NotOurs(f"{text[:40]!r} is not a word or a number of ours")
