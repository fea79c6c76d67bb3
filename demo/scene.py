"""What a story is played on: the installation, the workspace, and the card that people look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from demo.installation import Installation
from demo.slack.client import Workspace
from demo.slack.seen import Message


class StoryFailed(AssertionError):
    """An expectation of the story did not hold; the text says which line, and what was seen instead."""


@dataclass
class Stage:
    """Where the story stands: the card that people look at, and since when we listen: since this scene began, and since somebody last did something."""

    installation: Installation
    workspace: Workspace
    say: Callable[[str], None]
    card: Message | None = None
    scene: int = 0
    mark: int = 0
    quoted: set[str] = field(default_factory=set)
    debt: str | None = None

    def shown(self) -> Message:
        """The card that people look at. Raises StoryFailed when there is none."""
        if self.card is None:
            raise StoryFailed("no card has been seen yet in this scene")
        return self.card


def fragments(text: str) -> list[str]:
    """What must be seen, as a line of the story lists it."""
    return [part.strip() for part in text.split("|")]
