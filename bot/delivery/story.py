"""What has one card and a thread, as delivery sees it, whatever it is about: a promotion, an incident of drift, a retraining."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workers.contract.names import RequestId, StoryId
from workers.contract.outcomes import IncidentMoved, Moved, RetrainingMoved
from workers.contract.promotion import Event
from workers.contract.stories import Card, Told

Telling = Moved | IncidentMoved | RetrainingMoved
"""The outcomes that tell a story as it is now."""

TELLINGS = (Moved, IncidentMoved, RetrainingMoved)


@dataclass(frozen=True)
class Story:
    """One of them. `stand_in` is who (a user) or what (a channel) gets the card when `channel` can no longer be written to; `asked` are
    the requests that made it.
    """

    telling: Telling
    id: StoryId
    channel: str
    requested_at: str
    card: Card | None
    events: Sequence[Event | Told]
    stand_in: str | None
    asked: tuple[RequestId, ...] = ()

    @property
    def newest(self) -> int:
        """The number of the newest record that it tells of."""
        return max((event.seq for event in self.events), default=0)

    @property
    def requests(self) -> Iterator[RequestId]:
        """The requests that it may answer, of its last records and of its beginning."""
        yield from self.asked
        yield from (event.request_id for event in self.events[-10:] if event.request_id)


def story(telling: Telling) -> Story:
    """The story that an outcome tells."""
    return _READ[type(telling)](telling)


def _promotion(moved: Moved) -> Story:
    one = moved.promotion
    return Story(moved, one.id, one.channel, one.requested_at, one.card, one.events, one.requester.user, (one.request_id,))


def _incident(moved: IncidentMoved) -> Story:
    one = moved.incident
    return Story(moved, one.id, one.channel, one.requested_at, one.card, one.events, moved.elsewhere)


def _retraining(moved: RetrainingMoved) -> Story:
    one = moved.retraining
    stand_in = one.requester.user if one.requester.is_person else None
    return Story(moved, one.id, one.channel, one.requested_at, one.card, one.events, stand_in, (one.request_id,))


_READ: dict[type[Telling], Callable[[Any], Story]] = {Moved: _promotion, IncidentMoved: _incident, RetrainingMoved: _retraining}
