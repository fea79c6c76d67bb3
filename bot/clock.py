"""Time and chance enter the bot here and nowhere else."""

from __future__ import annotations

import os
import secrets
import socket
import time
from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)


def epoch_seconds() -> float:
    """Wall time in seconds, as Slack's timestamps count it."""
    return time.time()


def ticks() -> float:
    """Seconds of a clock that never goes back: for deadlines and pauses."""
    return time.monotonic()


def life() -> str:
    """A name for this life of this process that no other process has: `host-4711-9f3c1a`."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
