"""The host's clock beside those of Slack, the Git host and Redis: envelopes live fifteen minutes, and one dated ahead is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from redis.exceptions import RedisError

from workers.adapters import hosts, web
from workers.app.doctor import redis
from workers.app.doctor.finding import Finding, Patient
from workers.ports.errors import WorldError
from workers.tasks.wiring import now

MOST = 30
_HERE = "Let this host's clock follow a time server: `timedatectl set-ntp true` (chrony or systemd-timesyncd)."
_THERE = "Let the clock of Redis's host follow a time server: `timedatectl set-ntp true` there."


def look(patient: Patient) -> Iterator[Finding]:
    """How far apart they are, in seconds. Of a clock that cannot be read, the check of its owner tells more."""
    apart = {name: seconds for name, ask in _CLOCKS.items() if (seconds := _apart(ask, patient)) is not None}
    wrong = {name: seconds for name, seconds in apart.items() if abs(seconds) > MOST}
    for name, seconds in wrong.items():
        way = "behind" if seconds > 0 else "ahead of"
        fix = _THERE if name == "Redis" and len(wrong) == 1 and len(apart) > 1 else _HERE
        yield Finding("clock", f"this host is {abs(seconds):.0f} s {way} {name}", fix)
    if not apart:
        yield Finding("clock", "neither Slack nor the Git host nor Redis told the time, so the clock was not compared", _HERE)
    elif not wrong:
        yield Finding("clock", f"it agrees with {', '.join(apart)} within {MOST} s")


def _apart(ask: Callable[[Patient], datetime | None], patient: Patient) -> float | None:
    before = now()
    try:
        theirs = ask(patient)
    except (WorldError, RedisError, ValueError, OSError):
        return None
    return (theirs - (before + (now() - before) / 2)).total_seconds() if theirs else None


def _of_slack(patient: Patient) -> datetime | None:
    return _dated(web.ask("POST", patient.slack_url + "api.test", {}))


def _of_host(patient: Patient) -> datetime | None:
    found = hosts.find(patient.mirror.remote.address, patient.environ.get("TOWPATH_GIT_WEB"))
    return _dated(web.ask("GET", found.site, {})) if found else None


def _of_redis(patient: Patient) -> datetime | None:
    client = redis.connected(patient)
    try:
        told: object = client.time()
    finally:
        client.close()
    seconds = told[0] if isinstance(told, tuple | list) else None
    return datetime.fromtimestamp(int(seconds), UTC) if seconds is not None else None


def _dated(heard: web.Heard) -> datetime | None:
    text = heard.headers.get("date")
    found = parsedate_to_datetime(text) if text else None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


_CLOCKS: dict[str, Callable[[Patient], datetime | None]] = {"Slack": _of_slack, "the Git host": _of_host, "Redis": _of_redis}
