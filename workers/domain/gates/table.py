"""The table of the gates that a policy may list: our own, and those that installed packages bring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workers.domain.gates import commit_status, drift, metrics, model_card, safety, schema, smoke
from workers.domain.gates.gate import Gate

BUILT_IN: tuple[Gate, ...] = (metrics.GATE, model_card.GATE, schema.GATE, safety.GATE, commit_status.GATE, smoke.GATE, drift.GATE)
_brought: dict[str, Gate] = {}


def bring(gates: Iterable[Gate]) -> None:
    """Take up the gates of installed packages, once, when a process begins; those that were taken up before are dropped."""
    found = {gate.name: gate for gate in gates}
    assert not any(is_own(name) for name in found), "a name of ours is never taken over"
    _brought.clear()
    _brought.update(found)


def known() -> tuple[Gate, ...]:
    """Every gate there is in this process."""
    return (*BUILT_IN, *_brought.values())


def find(name: str) -> Gate | None:
    """The gate of a name."""
    return next((gate for gate in known() if gate.name == name), None)


def is_own(name: str) -> bool:
    """Whether a name is one of ours."""
    return any(gate.name == name for gate in BUILT_IN)


def listed(gates: Iterable[Gate]) -> dict[str, Any]:
    """The JSON Schema of `gates` in a policy: each item is a mapping from one gate's name to its settings."""
    item = {"type": "object", "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
    return {"type": "array", "maxItems": 20, "items": item | {"properties": dict(_properties(gates))}}


def _properties(gates: Iterable[Gate]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Nothing below a gate's name is as good as no settings, where none are needed."""
    for gate in gates:
        optional = "properties" in gate.settings and not gate.settings.get("required")
        yield gate.name, {"description": gate.asks, **gate.settings} | ({"type": ["object", "null"]} if optional else {})


def unknown(name: str) -> str:
    """What a policy is told that lists a gate which there is not."""
    names = ", ".join(gate.name for gate in known())
    return f"the gate {name[:60]!r} is not known; known: {names}. One of a package must be installed for every process (docs/gates.md)"
