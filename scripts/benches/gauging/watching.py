"""What the stand-in Slack saw, with the instant at which it saw it, and what the ledger and Redis hold of a promotion."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from redis import Redis

from demo.slack.client import Workspace
from demo.slack.feed import Happening
from workers.contract import lanes
from workers.contract.outcomes import Delivery, Moved

PATIENCE = 60.0


class TooLate(RuntimeError):
    """What was waited for did not happen in time."""


async def seen(workspace: Workspace, after: int, fits: Callable[[Happening], bool]) -> Happening:
    """The first happening after number `after` that fits. Raises TooLate."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = await workspace.get("events", after=str(after), timeout="5")
        for row in answer["events"]:
            after = row["n"]
            if fits(found := Happening(row["n"], row["at"], row["kind"], row["body"])):
                return found
    raise TooLate(f"nothing that fits was seen within {PATIENCE:.0f} s")


async def until(true: Callable[[], bool]) -> None:
    """Return once it is true. Raises TooLate."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise TooLate(f"it was not so within {PATIENCE:.0f} s")
        await asyncio.sleep(0.02)


async def last(workspace: Workspace) -> int:
    """The number of the newest happening."""
    after = 0
    while rows := (await workspace.get("events", after=str(after), timeout="0"))["events"]:
        after = int(rows[-1]["n"])
    return after


def recorded(remote: Path, promotion: str) -> dict[str, Any]:
    """A promotion as it stands in the ledger."""
    path = f"towpath:promotions/{int(promotion[2:]) // 1000}/{promotion}.yaml"
    done = subprocess.run(["git", f"--git-dir={remote}", "show", path], capture_output=True, check=True, timeout=60)
    found: dict[str, Any] = yaml.safe_load(done.stdout)
    return found


def published(redis: Redis, channel: str, promotion: str) -> dict[int, float]:
    """When the outcome with each event of a promotion was published: seconds since the epoch by the number of its record."""
    found: dict[int, float] = {}
    entries: Any = redis.xrange(lanes.outcomes(lanes.shard_of(channel)))
    for place, fields in entries:
        outcome = Delivery.from_wire(fields[b"delivery"].decode()).outcome
        if isinstance(outcome, Moved) and outcome.promotion.id == promotion:
            for event in outcome.promotion.events:
                found.setdefault(event.seq, int(place.split(b"-")[0]) / 1000)
    return found


def logged(log: Path, event: str) -> list[dict[str, Any]]:
    """The lines of a log that tell of one kind of event, oldest first."""
    lines = (line for line in log.read_text(errors="replace").splitlines() if line.startswith("{") and f'"{event}"' in line)
    return [found for line in lines if (found := json.loads(line)).get("event") == event]


def seconds(instant: str) -> float:
    """An RFC 3339 instant in seconds since the epoch."""
    return datetime.fromisoformat(instant).timestamp()
