"""Who this process is, as its signs of life say it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from workers.contract.envelope import stamp
from workers.contract.heartbeats import Beat

BEGUN = stamp(datetime.now(UTC))


def beat(lane: str, name: str) -> Beat:
    """The sign of this process. `name` is unique among all hosts."""
    return Beat(lane, name, os.getpid(), BEGUN, _version())


def _version() -> str:
    try:
        return version("towpath")
    except PackageNotFoundError:
        return "unknown"
