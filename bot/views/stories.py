"""The card and the thread of a story, whatever it is about: each kind has a room of its own, found here by its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.views import card as promotion_card
from bot.views import incident, retraining
from bot.views import thread as promotion_thread
from bot.views.post import Links, Names, Post
from bot.views.text import NO_NAMES
from workers.contract.outcomes import IncidentMoved, Moved, RetrainingMoved
from workers.contract.promotion import Event
from workers.contract.stories import Told

Telling = Moved | IncidentMoved | RetrainingMoved


@dataclass(frozen=True)
class _Room:
    """How one kind of story looks."""

    card: Callable[[Any, Links, Names], Post]
    thread: Callable[[Any, Any, Links, Names], Post | None]


_ROOMS: dict[type[Telling], _Room] = {
    Moved: _Room(promotion_card.card, promotion_thread.thread),
    IncidentMoved: _Room(incident.card, incident.thread),
    RetrainingMoved: _Room(retraining.card, retraining.thread),
}


def card(telling: Telling, links: Links, names: Names = NO_NAMES) -> Post:
    """The one card as it must look now."""
    return _ROOMS[type(telling)].card(telling, links, names)


def thread(telling: Telling, event: Event | Told, links: Links, names: Names = NO_NAMES) -> Post | None:
    """What the thread gets for one event. None: nothing."""
    return _ROOMS[type(telling)].thread(telling, event, links, names)


def broadcast(event: Event | Told) -> bool:
    """Whether that post also goes to the channel."""
    return isinstance(event, Event) and promotion_thread.broadcast(event)
