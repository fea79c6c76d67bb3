"""Gates that installed packages bring: entry points of the group `towpath.gates`, loaded once when a process begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points

import structlog
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from workers.domain.gates import table
from workers.domain.gates.gate import Gate

log = structlog.get_logger()

GROUP = "towpath.gates"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)


class BadGate(ValueError):
    """An entry point is no gate that can be used; the message is the end of a sentence about it."""


def take_up() -> None:
    """Make the gates of installed packages known to this process.

    One that cannot be used is a line of the log and is left out: nothing passes it then, and everything else goes on.
    """
    table.bring(_usable())


def _usable() -> Iterator[Gate]:
    found = list(entry_points(group=GROUP))
    for point in found:
        try:
            if sum(other.name == point.name for other in found) > 1:
                raise BadGate("is brought by several packages")
            yield _loaded(point)
        except BadGate as exc:
            log.error("gate_left_out", gate=point.name[:60], why=f"{point.name[:60]} {exc}")


def _loaded(point: EntryPoint) -> Gate:
    """The gate of an entry point. Raises BadGate."""
    if table.is_own(point.name):
        raise BadGate("is the name of a gate of Towpath's own")
    try:
        gate = point.load()
    except Exception as exc:  # somebody's module may raise anything when it is imported
        raise BadGate(f"cannot be loaded ({type(exc).__name__})") from exc
    if not isinstance(gate, Gate) or gate.name != point.name or not _NAME.fullmatch(point.name):
        raise BadGate("is no Gate whose name is the entry point's, in small letters, digits and dashes")
    try:
        Draft202012Validator.check_schema(gate.settings)
    except SchemaError as exc:
        raise BadGate("has settings that are no JSON Schema") from exc
    return gate
