"""Messages between the scheduler and a life: JSON objects over a socket that keeps them apart."""

from __future__ import annotations

import json
import socket
from typing import Any

LARGEST = 1 << 20
TASKS = "seeded:tasks"
"""The broker: tasks as they lie in Redis, lost with it."""


class Channel:
    """One end. A life whose other end is gone has nobody to work for, and a scheduler whose life is gone hears None."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LARGEST)

    def say(self, **words: Any) -> None:
        """Send a message. Raises OSError when nobody is there."""
        self._end.send(json.dumps(words).encode())

    def hear(self) -> dict[str, Any] | None:
        """The next message; None when the other end is gone."""
        try:
            data = self._end.recv(LARGEST)
        except ConnectionError:
            return None
        found: dict[str, Any] | None = json.loads(data) if data else None
        return found

    def fileno(self) -> int:
        """For `select`."""
        return self._end.fileno()

    def close(self) -> None:
        """Hang up."""
        self._end.close()
