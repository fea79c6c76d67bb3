"""What the folders in a file's path say of its rows: whose they are, and of which day or hour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
_DATE = re.compile(r"(?:(?:date|day|dt)=)?(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_PLAIN = re.compile(r"(?:^|/)(\d{4})/(\d\d)/(\d\d)(?:/(\d\d))?(?=/)", re.ASCII)
_KEYS = re.compile(r"(year|month|day|hour|model|version)=([^/]{1,200})", re.ASCII)


@dataclass(frozen=True)
class Partition:
    """What a path says; None for what it does not. The rows are from `begin` to before `end`, in UTC."""

    model: str | None = None
    version: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


def of(name: str) -> Partition:
    """The partition of a file by its path: `date=2026-11-26/`, `2026-11-26/`, `2026/11/26/05/`, `year=2026/month=11/day=26/`, with `hour=05`,
    `model=` and `version=` where there are."""
    folders = name.split("/")[:-1]
    keys = {match[1]: match[2] for folder in folders if (match := _KEYS.fullmatch(folder))}
    begin, end = _time(name, folders, keys)
    return Partition(keys.get("model"), keys.get("version"), begin, end)


def _time(name: str, folders: list[str], keys: dict[str, str]) -> tuple[datetime | None, datetime | None]:
    dated = next((match.groups() for folder in folders if (match := _DATE.fullmatch(folder))), None)
    hour = keys.get("hour")
    if dated is None and all(key in keys for key in ("year", "month", "day")):
        dated = (keys["year"], keys["month"], keys["day"])
    if dated is None and (plain := _PLAIN.search(name)):
        dated, hour = plain.groups()[:3], plain[4]
    if dated is None:
        return None, None
    try:
        begin = datetime(*(int(one) for one in dated), int(hour) if hour else 0, tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        return None, None
    return begin, begin + (HOUR if hour else DAY)
