"""The versions of one model as a value: which are loaded, which answers by default, which fence was seen.

A shelf never changes; every verb returns another one. Whoever holds a shelf sees one consistent state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

REMEMBERED_OPERATIONS = 256
SLOTS = 8


@dataclass(frozen=True)
class Slot:
    """One loaded version. `order` grows with each load; `promoted` says that it has been the default once."""

    version: str
    digest: str
    entry: str
    order: int
    promoted: bool = False


@dataclass(frozen=True)
class Shelf:
    """One model.

    `lost` are versions that were there before a restart and no longer load, with the reason; `lost_default` is the
    one among them that callers without a version relied on.
    """

    slots: tuple[Slot, ...] = ()
    default: str | None = None
    previous: str | None = None
    fence: int | None = None
    operations: tuple[str, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)
    lost_default: str | None = None

    @property
    def versions(self) -> tuple[str, ...]:
        """The labels in the order in which they were loaded."""
        return tuple(slot.version for slot in self.slots)

    def find(self, version: str | None) -> Slot | None:
        """Return the slot of a version, or None."""
        return next((slot for slot in self.slots if slot.version == version), None)

    def seeing(self, fence: int | None) -> Shelf:
        """Return the shelf that knows of `fence`, which is not below the one seen."""
        return self if fence is None else replace(self, fence=fence)

    def remembering(self, effect: str) -> Shelf:
        """Return the shelf that recognises `effect` when it is asked for again; the oldest are forgotten."""
        return replace(self, operations=(*self.operations, effect)[-REMEMBERED_OPERATIONS:])

    def with_version(self, version: str, digest: str, entry: str) -> Shelf:
        """Return the shelf with one more version. Callers without a version notice nothing."""
        order = max((slot.order for slot in self.slots), default=0) + 1
        lost = {label: reason for label, reason in self.lost.items() if label != version}
        return replace(self, slots=(*self.slots, Slot(version, digest, entry, order)), lost=lost)

    def with_default(self, version: str) -> Shelf:
        """Return the shelf on which `version`, which must be loaded, answers callers that name none."""
        before = self.default if self.default not in {None, version} else self.previous
        slots = tuple(replace(slot, promoted=slot.promoted or slot.version == version) for slot in self.slots)
        previous = before if before != version else None
        return replace(self, slots=slots, default=version, previous=previous, lost_default=None)

    def without(self, version: str) -> Shelf:
        """Return the shelf without one version; without a default when it was the default."""
        return replace(
            self,
            slots=tuple(slot for slot in self.slots if slot.version != version),
            default=None if self.default == version else self.default,
            previous=None if self.previous == version else self.previous,
            lost={label: reason for label, reason in self.lost.items() if label != version},
            lost_default=None if self.lost_default == version else self.lost_default,
        )

    def emptied(self) -> Shelf:
        """Return the shelf with nothing on it, which still knows its fence and its operations."""
        return Shelf(fence=self.fence, operations=self.operations)

    def losing(self, version: str, reason: str) -> Shelf:
        """Return the shelf on which a version could not be restored."""
        kept = self.without(version)
        lost_default = version if self.default == version else self.lost_default
        return replace(kept, lost={**self.lost, version: reason}, lost_default=lost_default)

    def surplus(self) -> tuple[str, ...]:
        """Return what to retire after a flip: all but the default, the one before, and the newest not yet default."""
        fresh = [slot for slot in self.slots if not slot.promoted]
        newest = max(fresh, key=lambda slot: slot.order).version if fresh else None
        return tuple(version for version in self.versions if version not in {self.default, self.previous, newest})

    def overflow(self) -> tuple[str, ...]:
        """Return what to retire after a load, so that no number of loads fills the memory."""
        return self.surplus()[: max(0, len(self.slots) - SLOTS)]

    def to_json(self) -> dict[str, Any]:
        """Return the shelf as a JSON object; `from_json` is the inverse."""
        return asdict(self)


def from_json(content: Mapping[str, Any]) -> Shelf:
    """Return the shelf in a JSON object. Raises KeyError, TypeError or ValueError when it is not one."""
    return Shelf(
        slots=tuple(Slot(**slot) for slot in content["slots"]),
        default=content["default"],
        previous=content["previous"],
        fence=content["fence"],
        operations=tuple(content["operations"]),
        lost=dict(content["lost"]),
        lost_default=content["lost_default"],
    )
