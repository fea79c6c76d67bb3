"""Where requests wait and where answers go, as the loop that writes sees them. Both may be lost at any instant without losing what is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from workers.contract.outcomes import Delivery
from workers.contract.promotion import Promotion
from workers.domain.decision import Effect
from workers.domain.state import World


@dataclass(frozen=True)
class Entry:
    """A sealed envelope as it lies in the inbox, with its place there. `looked` marks one that was put back after a look at the repository."""

    place: str
    wire: str
    looked: bool = False


class Inbox(Protocol):
    """The stream of sealed envelopes: at least once, in order."""

    def take(self, most: int) -> Sequence[Entry]:
        """The oldest entries that were not done with: first those taken before and never done, then new ones. Raises Unreachable."""

    def done(self, entries: Sequence[Entry]) -> None:
        """These need not be delivered again."""


class Board(Protocol):
    """Where the loop pins up what it did. Everything here can be made again from Git."""

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Outcomes on their way to Slack."""

    def start(self, effects: Sequence[Effect]) -> None:
        """Queue effects."""

    def show(self, world: World, files: Mapping[str, bytes | None], changed: Sequence[Promotion], commits: Mapping[int, str]) -> None:
        """Bring the projection to this state; `files` are those that changed since the last call."""

    def show_all(self, world: World, files: Mapping[str, bytes], commits: Mapping[int, str]) -> None:
        """Make the projection from nothing."""
