"""What was asked of the repository and how it ended, in order, so that a test can count effects."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

import structlog

LENGTH = 10_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Entry:
    """One request that ended: `result` is `done`, `already`, or the result of a refusal."""

    seq: int
    op: str
    model: str
    version: str | None
    operation_id: str | None
    fence: int | None
    result: str


class Journal:
    """The last entries, in memory."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=LENGTH)
        self._seq = 0

    def add(self, op: str, model: str, version: str | None, asked: tuple[str | None, int | None], result: str) -> None:
        """Append an entry; `asked` is `(operation_id, fence)`."""
        self._seq += 1
        entry = Entry(self._seq, op, model, version, *asked, result)
        self._entries.append(entry)
        log.info("model_server.operation", **asdict(entry))

    def to_json(self) -> list[dict[str, Any]]:
        """Return all entries, the oldest first."""
        return [asdict(entry) for entry in self._entries]
