"""What can go wrong at a boundary: one row each. `mend` is done when nobody can do anything any more; without one the damage is over at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .cast import Cast

WORKERS = ("changes", "effects", "bot")


@dataclass(frozen=True)
class Fault:
    """`do` is told who stands at the boundary. `forgets` says that what was received and not recorded may be lost by it.

    `lasts` says that work can go on only once it is mended.
    """

    name: str
    do: Callable[[Cast, str], None]
    mend: Callable[[Cast], None] | None = None
    forgets: bool = False
    lasts: bool = False


def _kill(cast: Cast, who: str) -> None:
    cast.kill(who)


def _kill_others(cast: Cast, who: str) -> None:
    for name in WORKERS:
        if name != who:
            cast.kill(name)


def _kill_all(cast: Cast, who: str) -> None:
    for name in WORKERS:
        cast.kill(name)


def _kill_redis(cast: Cast, who: str) -> None:
    cast.server.kill()


def _start_redis(cast: Cast) -> None:
    cast.server.restart()


def _restart_redis(cast: Cast, who: str) -> None:
    cast.server.kill()
    cast.server.restart()


def _lose_redis_file(cast: Cast, who: str) -> None:
    cast.server.kill()
    shutil.rmtree(cast.redis_folder / "appendonlydir", ignore_errors=True)
    cast.server.restart()


def _flush(cast: Cast, who: str) -> None:
    cast.client.flushall()


def _flush_and_kill(cast: Cast, who: str) -> None:
    cast.client.flushall()
    cast.kill(who)


def _remote(cast: Cast) -> Path:
    return cast.folder / "remote.git"


def _away(cast: Cast) -> Path:
    return cast.folder / "away.git"


def _take_remote_away(cast: Cast, who: str) -> None:
    _remote(cast).rename(_away(cast))


def _bring_remote_back(cast: Cast) -> None:
    if _away(cast).exists():
        _away(cast).rename(_remote(cast))


def _hook(name: str) -> Callable[[Cast, str], None]:
    """The remote's own process is killed in the next push, once."""

    def lay(cast: Cast, who: str) -> None:
        hook = _remote(cast) / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text('#!/bin/sh\nrm -f "$0"\nkill -9 $PPID\n')
        hook.chmod(0o700)

    return lay


def _lift_hooks(cast: Cast) -> None:
    for hook in (_remote(cast) / "hooks").glob("p*-receive"):
        hook.unlink()


def _kill_target(cast: Cast, who: str) -> None:
    cast.kill("target")


def _start_target(cast: Cast) -> None:
    cast.is_target_away = False


def _take_target_away(cast: Cast, who: str) -> None:
    cast.is_target_away = True
    cast.kill("target")


FLUSHED_AND_KILLED = Fault("FLUSHALL, and kill -9 who stands there", _flush_and_kill, forgets=True)
FAULTS = (
    Fault("kill -9 who stands there", _kill),
    Fault("kill -9 who stands there", _kill),
    Fault("kill -9 the two others", _kill_others),
    Fault("kill -9 all three", _kill_all),
    Fault("kill -9 Redis", _restart_redis),
    Fault("kill -9 Redis, away for a while", _kill_redis, _start_redis, lasts=True),
    Fault("kill -9 Redis, without its file", _lose_redis_file, forgets=True),
    Fault("FLUSHALL", _flush, forgets=True),
    FLUSHED_AND_KILLED,
    Fault("remote away for a while", _take_remote_away, _bring_remote_back, lasts=True),
    Fault("kill -9 the remote before it takes a push", _hook("pre-receive"), _lift_hooks),
    Fault("kill -9 the remote after it took a push", _hook("post-receive"), _lift_hooks),
    Fault("kill -9 the target", _kill_target),
    Fault("kill -9 the target, away for a while", _take_target_away, _start_target, lasts=True),
)
