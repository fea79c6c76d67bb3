"""Time and chance enter the bot here and nowhere else."""

from __future__ import annotations

import os
import secrets
import socket
import time
from datetime import UTC, datetime
from pathlib import Path


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
    """A name for this life of this process that no other has: `host/4026531836/4711/9f3c1a` (host, process namespace, process, chance)."""
    return f"{socket.gethostname()}/{_namespace()}/{os.getpid()}/{secrets.token_hex(4)}"


def is_over(other: str) -> bool:
    """Whether a life is certainly over: of a process here that runs no more, or whose number is ours now. False where we cannot know."""
    here, _, rest = other.rpartition("/")[0].rpartition("/")
    if not here or not rest.isdigit() or here != f"{socket.gethostname()}/{_namespace()}" or _namespace() == "unknown":
        return False
    if int(rest) == os.getpid():
        return True
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _namespace() -> str:
    """The process namespace that numbers of processes count in; two containers may share a host name and a number."""
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "unknown"
