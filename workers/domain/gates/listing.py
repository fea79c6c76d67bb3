"""The key `gates` of a policy: its schema, what contradicts itself in it, and the gates that it lists in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workers.domain.gates import table
from workers.domain.gates.gate import Settings, nothing
from workers.domain.gates.metrics import GATE as METRICS

Written = Sequence[Mapping[str, Any]]
Listed = tuple[tuple[str, Settings], ...]


def read(written: Written) -> Listed:
    """Each gate's name with its settings."""
    return tuple((name, settings or {}) for item in written for name, settings in item.items())


def gathers(listed: Listed) -> bool:
    """Whether evidence may have to be gathered for one of them."""
    found = (table.find(name) for name, _ in listed)
    return any(gate is not None and gate.needs is not nothing for gate in found)


def contradictions(written: Written, after: str | None) -> Iterator[str]:
    """What no schema can see: a gate or a metric that stands twice, a gate that needs an earlier environment where there is none."""
    listed = read(written)
    names = [name for name, _ in listed]
    for name in dict.fromkeys(names):
        if name != METRICS.name and names.count(name) > 1:
            yield f"the gate {name!r} stands twice; write its settings in one place"
        gate = table.find(name)
        if gate and gate.wants_after and after is None:
            yield f"the gate {name!r} asks in the environment before this one, and there is no `after`"
    metrics = [metric for name, settings in listed if name == METRICS.name for metric in settings]
    for metric in sorted({one for one in metrics if metrics.count(one) > 1}):
        yield f"the metric {metric!r} stands twice; write its bounds in one place"
