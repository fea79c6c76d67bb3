"""Leases: a key with an owner and an end. They keep work from being done twice at once; correctness never hangs on them."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.exceptions import RedisError

from workers.adapters.redis.connection import told

_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end"
_FREE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


class Leases:
    """Leases in one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @contextmanager
    def hold(self, name: str, seconds: float) -> Iterator[bool]:
        """True while the lease is ours, renewed in the background; False when somebody else holds it. A killed holder frees it after `seconds`."""
        owner, key = secrets.token_hex(8), f"towpath:lease:{name}"
        with told(f"leasing {name}"):
            ours = bool(self._client.set(key, owner, nx=True, px=int(seconds * 1000)))
        if not ours:
            yield False
            return
        stop = threading.Event()
        renewer = threading.Thread(target=self._renew, args=(key, owner, seconds, stop), daemon=True)
        renewer.start()
        try:
            yield True
        finally:
            stop.set()
            renewer.join()
            self._free(key, owner)

    def held(self, name: str) -> bool:
        """Whether somebody holds it."""
        with told(f"looking at the lease {name}"):
            return bool(self._client.exists(f"towpath:lease:{name}"))

    def once(self, name: str, seconds: int) -> bool:
        """True for the first who asks within so many seconds."""
        with told(f"marking {name}"):
            return bool(self._client.set(f"towpath:once:{name}", "1", nx=True, ex=seconds))

    def is_marked(self, name: str) -> bool:
        """Whether somebody asked `once` and it is not over."""
        with told(f"looking at the mark {name}"):
            return bool(self._client.exists(f"towpath:once:{name}"))

    def mark(self, name: str, seconds: int) -> None:
        """Somebody holds it for so many seconds, whoever works meanwhile."""
        with told(f"marking {name}"):
            self._client.set(f"towpath:lease:{name}", "1", ex=seconds)

    def forget(self, name: str) -> None:
        """The next who asks `once` is the first again."""
        with told(f"forgetting {name}"):
            self._client.delete(f"towpath:once:{name}")

    def _renew(self, key: str, owner: str, seconds: float, stop: threading.Event) -> None:
        while not stop.wait(seconds / 3):
            try:
                self._client.eval(_RENEW, 1, key, owner, str(int(seconds * 1000)))
            except RedisError:
                continue

    def _free(self, key: str, owner: str) -> None:
        try:
            self._client.eval(_FREE, 1, key, owner)
        except RedisError:
            return
