"""Where live rows come from: closed parts, each read in small batches, so that memory is bounded however many rows there are.

Batches are pyarrow's record batches; nothing here imports pyarrow by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pyarrow import RecordBatch

BATCH = 1 << 16
"""Rows of a batch, at most."""


class Unreadable(Exception):
    """One part cannot be read, and will not be as long as it stays as it is. `str()` says why."""


@dataclass(frozen=True)
class Part:
    """A file (or a stretch of a query). `identity` is another one when its content may be; `weight` is how much it counts among others (bytes).

    Its rows lie from `begin` to before `end`; both are None where nobody knows.
    """

    name: str
    identity: str
    weight: int
    begin: datetime | None = None
    end: datetime | None = None

    def may_lie(self, begin: datetime | None, end: datetime | None) -> bool:
        """Whether rows of it may lie from `begin` to before `end`; None: no bound."""
        return (self.begin is None or end is None or self.begin < end) and (self.end is None or begin is None or self.end > begin)


@dataclass(frozen=True)
class Listing:
    """The parts that may hold rows between two instants. `unread` are those that cannot be read, with the reason; `remarks` say what people
    should know of how the rows were taken, such as files that are there twice. `newest` is the last instant known; of `lines` in a log,
    `lost` could not be used.
    """

    parts: tuple[Part, ...]
    unread: tuple[tuple[Part, str], ...] = ()
    remarks: tuple[str, ...] = ()
    newest: datetime | None = None
    lines: int = 0
    lost: int = 0


@dataclass(frozen=True)
class Batch:
    """Some rows of the version that was asked for, with the columns that were asked for as far as the part has them.

    `times` are microseconds since 1970 in UTC, None where rows have no time of their own; `others` those of rows of other versions, left out.
    """

    rows: RecordBatch
    times: NDArray[np.int64] | None
    others: NDArray[np.int64]


class Rows(Protocol):
    """The live rows of a version in an environment."""

    @property
    def source(self) -> str:
        """Where they are, for people."""

    @property
    def identity(self) -> str:
        """What is read and how: with it, parts of the same identity hold the same rows."""

    @property
    def step(self) -> timedelta | None:
        """How finely rows can be told apart in time: an hour, a day, or not at all."""

    def listing(self, begin: datetime, end: datetime) -> Listing:
        """The parts for these instants. Raises WorldError when nobody can tell what there is."""

    def leave_out(self, torn: Mapping[Part, str]) -> None:
        """Take note of parts that turned out to be unreadable, with the reason: as long as they stay as they are, listings have them as unread."""

    def batches(self, part: Part, columns: Sequence[str], begin: datetime, end: datetime) -> Iterator[Batch]:
        """The rows of a part from `begin` to before `end`; some outside may be among them. Raises Unreadable or WorldError."""
