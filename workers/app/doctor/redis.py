"""Redis: it answers, keeps what it gets, and asks for a password where others can reach it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from contextlib import closing

import redis
from redis.exceptions import AuthenticationError, RedisError

from workers.app.doctor.finding import Finding, Patient

OLDEST = (6, 2)


def connected(patient: Patient) -> redis.Redis:
    """A client with little patience."""
    url = patient.settings.redis_url.get_secret_value()
    return redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3, decode_responses=True)


def look(patient: Patient) -> Iterator[Finding]:
    """Version, persistence, eviction, whether it takes writes, password and TLS."""
    with closing(connected(patient)) as client:
        try:
            told: dict[str, object] = dict(client.info())
        except AuthenticationError:
            yield Finding("redis", "it does not take the password", "Correct the password in REDIS_URL.")
            return
        except RedisError as exc:
            if "certificate verify failed" in str(exc).lower():
                fix = "Give REDIS_URL the authority of its certificate: rediss://...?ssl_ca_certs=/path/ca.pem"
                yield Finding("redis", "its certificate is not of an authority that this host trusts", fix)
                return
            yield Finding("redis", f"it does not answer ({type(exc).__name__})", "Start Redis, or correct REDIS_URL.")
            return
        yield from _fit(told)
        yield from _kept(client, told)
        yield from _guarded(client)


def _fit(told: Mapping[str, object]) -> Iterator[Finding]:
    version = str(told.get("redis_version"))
    match = re.match(r"(\d+)\.(\d+)", version)
    if match is None or (int(match[1]), int(match[2])) < OLDEST:
        yield Finding("redis", f"version {version} answers", "Use Redis 6.2 or newer (or Valkey).")
    else:
        yield Finding("redis", f"version {version} answers")
    if told.get("role") not in (None, "master"):
        yield Finding("redis", f"it is a {told.get('role')}, which takes no writes", "Set REDIS_URL to the primary.")


def _kept(client: redis.Redis, told: Mapping[str, object]) -> Iterator[Finding]:
    if told.get("aof_enabled") == 1:
        yield Finding("redis", "append-only is on")
        if _config(client, "appendfsync") == "no":
            yield Finding("redis", "it leaves it to the system when to write to disk (appendfsync no)", "Set appendfsync everysec.")
    else:
        yield Finding("redis", "append-only is off: what was received is lost when it restarts", "Start Redis with --appendonly yes.")
    if "err" in (told.get("aof_last_write_status"), told.get("aof_last_bgrewrite_status")) or _refuses_writes(client, told):
        yield Finding("redis", "its last write to disk failed, so it refuses writes or soon will", "Free its disk; see Redis's own log.")
    if told.get("maxmemory_policy") != "noeviction":
        yield Finding("redis", f"it may throw away what waits ({told.get('maxmemory_policy')})", "Set maxmemory-policy noeviction.")


def _refuses_writes(client: redis.Redis, told: Mapping[str, object]) -> bool:
    return told.get("rdb_last_bgsave_status") == "err" and _config(client, "stop-writes-on-bgsave-error") != "no"


def _config(client: redis.Redis, name: str) -> str | None:
    """A setting of Redis; None where CONFIG is forbidden, as hosted ones do."""
    try:
        found: object = client.config_get(name)
    except RedisError:
        return None
    return str(found.get(name)) if isinstance(found, dict) and name in found else None


def _guarded(client: redis.Redis) -> Iterator[Finding]:
    given = client.get_connection_kwargs()
    if _is_here(str(given.get("host", "localhost"))):
        return
    if not given.get("password"):
        yield Finding(
            "redis", "it asks for no password and is not on this host", "Give Redis a password (requirepass) and put it into REDIS_URL."
        )
    if not issubclass(client.connection_pool.connection_class, redis.SSLConnection):
        yield Finding("redis", "the way to it is not encrypted; that is fine in a network of its own only (else rediss://)")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
