"""The records of the last hour, as decisions look at them: the next one is added and a request is known again at the same cost however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from workers.contract.names import PromotionId, RequestId

_TIDIED = 1_000


@dataclass(frozen=True)
class Recent:
    """A record not long ago: enough to know a request again and to notice a flood."""

    seq: int
    time: str
    request_id: RequestId | None
    actor: str
    event: str
    promotion: PromotionId | None = None


class Recents(Sequence[Recent]):
    """Records, oldest first; never changed. A longer one shares its list with the one that it was made of, which does not see what was added."""

    def __init__(self, records: Iterable[Recent] = ()) -> None:
        self._all = list(records)
        self._places = {one.request_id: place for place, one in enumerate(self._all) if one.request_id}
        self._begin, self._end = 0, len(self._all)

    def followed_by(self, one: Recent, horizon: str) -> Recents:
        """These and one more, without those before the instant `horizon` at the old end."""
        longer = self._shared() if self._is_newest() and one.request_id not in self._places else Recents(self)
        longer._add(one)
        longer._drop(horizon)
        return longer

    def known(self, request_id: RequestId) -> Recent | None:
        """The record of a request, the last one if there are several."""
        place = self._places.get(request_id, -1)
        return self._all[place] if self._begin <= place < self._end else None

    def since(self, instant: str) -> Iterator[Recent]:
        """The records from an instant on, newest first."""
        for place in range(self._end - 1, self._begin - 1, -1):
            if self._all[place].time < instant:
                return
            yield self._all[place]

    def _is_newest(self) -> bool:
        """Whether nobody has added to the list after these, and it is not mostly of records that are gone."""
        return self._end == len(self._all) and self._begin <= max(_TIDIED, self._end // 2)

    def _add(self, one: Recent) -> None:
        if one.request_id:
            self._places[one.request_id] = self._end
        self._all.append(one)
        self._end += 1

    def _shared(self) -> Recents:
        found = Recents()
        found._all, found._places, found._begin, found._end = self._all, self._places, self._begin, self._end
        return found

    def _drop(self, horizon: str) -> None:
        while self._begin < self._end and self._all[self._begin].time < horizon:
            self._begin += 1

    def __len__(self) -> int:
        return self._end - self._begin

    def __iter__(self) -> Iterator[Recent]:
        return (self._all[place] for place in range(self._begin, self._end))

    @overload
    def __getitem__(self, at: int) -> Recent: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Recent]: ...
    def __getitem__(self, at: int | slice) -> Recent | Sequence[Recent]:
        if isinstance(at, slice):
            return tuple(self)[at]
        place = (self._end if at < 0 else self._begin) + at
        if not self._begin <= place < self._end:
            raise IndexError(at)
        return self._all[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Recents({list(self)})"
