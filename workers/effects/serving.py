"""The targets of an environment that serve a kind of artifact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from workers.contract.promotion import Kind
from workers.domain.policy import TargetRule
from workers.ports.target import Target

Open = Callable[[TargetRule], Target]


def targets(open_target: Open, rules: Sequence[TargetRule], kind: Kind) -> Iterator[Target]:
    """Each, in the policy's order. Raises BadContent for one that cannot be opened."""
    for rule in rules:
        target = open_target(rule)
        if kind in target.capabilities().kinds:
            yield target
