"""One way to reach Redis; its errors die here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from workers.ports.errors import RefusedByHost, Unreachable, WorldError


def connect(url: str) -> redis.Redis:
    """A client with short time limits; answers are bytes."""
    retry = Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), 3)
    return redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=2, retry=retry, health_check_interval=30)


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn what redis-py raises into our errors, naming what was being done."""
    try:
        yield
    except RedisError as exc:
        raise translated(exc, doing) from exc


def translated(exc: RedisError, doing: str) -> WorldError:
    """Nobody answered: try again. It answered no: say so."""
    if isinstance(exc, RedisConnectionError | RedisTimeoutError):
        return Unreachable(f"{doing}: Redis does not answer")
    return RefusedByHost(f"{doing}: Redis said {str(exc)[:120]}")
