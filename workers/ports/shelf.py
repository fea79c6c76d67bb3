"""Where profiles of rows are kept on a host: a cache, which may be emptied at any time."""

from __future__ import annotations

from typing import Protocol


class Shelf(Protocol):
    """Bytes by name. What is kept is there whole or not at all."""

    def get(self, name: str) -> bytes | None:
        """What is kept under a name, if it is there."""

    def put(self, name: str, content: bytes) -> None:
        """Keep it. A full disk only means that it is made again the next time."""
