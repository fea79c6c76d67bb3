"""YAML that people write, read strictly: no anchors, no tags, no duplicate keys, no dates or exotic numbers; every value knows its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]

try:  # libyaml where the wheel has it: ten times faster, same language
    from yaml import CSafeLoader as _Loader
except ImportError:
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

LARGEST = 256 * 1024
DEEPEST = 20
_NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d{0,17})(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]\d{1,2})?", re.ASCII)
"""Numbers as everybody reads them: no sexagesimals, octals or underscores, nothing that overflows."""


class BadYaml(ValueError):
    """The text is not YAML of the strict kind. `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        self.line = line
        self.why = why
        super().__init__(f"line {line}: {why}")


@dataclass(frozen=True)
class Document:
    """Plain data with the line of each value by its path."""

    data: Any
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line where the value at a path (or the nearest one above it) begins."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str, largest: int = LARGEST) -> Document:
    """The document in a text of one YAML document of at most so many characters. Raises BadYaml."""
    if len(text) > largest:
        raise BadYaml(1, f"longer than {largest} characters")
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            _no_surprises(event)
            depth += _deeper(event)
            if depth > DEEPEST:
                raise BadYaml(_line(event), f"nested deeper than {DEEPEST}")
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark
        raise BadYaml(mark.line + 1 if mark else 1, exc.problem or "not YAML") from exc
    except (yaml.YAMLError, RecursionError, UnicodeError) as exc:
        raise BadYaml(1, "not YAML") from exc
    lines: dict[Path, int] = {}
    return Document(_value(node, (), lines) if node else None, lines)


def _deeper(event: Any) -> int:
    """Composing recurses in C, where too deep a document ends the process: so the depth is counted before, over the flat events."""
    if isinstance(event, yaml.CollectionStartEvent):
        return 1
    return -1 if isinstance(event, yaml.CollectionEndEvent) else 0


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _no_surprises(event: Any) -> None:
    line = _line(event)
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise BadYaml(line, "anchors and aliases are not allowed; write the value out")
    if getattr(event, "tag", None):
        raise BadYaml(line, "tags are not allowed")


def _value(node: yaml.Node, at: Path, lines: dict[Path, int]) -> Any:
    line = node.start_mark.line + 1
    lines[at] = line
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(node, at, lines))
    if isinstance(node, yaml.SequenceNode):
        return [_value(part, (*at, i), lines) for i, part in enumerate(node.value)]
    return _scalar(node, line)


def _pairs(node: yaml.MappingNode, at: Path, lines: dict[Path, int]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise BadYaml(line, "a key must be a word")
        key = str(key_node.value)
        if key in seen:
            raise BadYaml(line, f"{key!r} stands twice")
        seen.add(key)
        value = _value(value_node, (*at, key), lines)
        lines[(*at, key)] = line
        yield key, value


def _scalar(node: yaml.Node, line: int) -> Any:
    text = str(node.value)
    tag = node.tag.rsplit(":", 1)[-1]
    if tag in ("int", "float") and _NUMBER.fullmatch(text):
        return int(text) if tag == "int" else float(text)
    if tag == "bool" and text in ("true", "false"):
        return text == "true"
    if tag == "null":
        return None
    if tag in ("float", "value", "merge"):
        raise BadYaml(line, f"{text!r} is not a number or a word; put it in quotes")
    return text
