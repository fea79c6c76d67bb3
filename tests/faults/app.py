"""The Celery application with trapdoors: a worker that reaches the boundary named in the file `crash` kills itself with SIGKILL, once.

Nothing else differs from `workers.app.celery`: the processes, the Redis, the Git remote and the targets are real.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workers.adapters.git.ledger import GitLedger
from workers.adapters.git.results import GitResults
from workers.adapters.redis.board import RedisBoard
from workers.adapters.redis.inbox import RedisInbox
from workers.adapters.targets.model_server import ModelServer
from workers.app.celery import app
from workers.effects.reporting import Reporter

__all__ = ["app"]

FLAG = Path(os.environ["TOWPATH_DATA"]) / "crash"


def _die_if_asked(boundary: str) -> None:
    try:
        if FLAG.read_text() != boundary:
            return
        FLAG.rename(FLAG.with_name("crashed"))
    except OSError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _trap(owner: type[Any], name: str) -> None:
    """Trapdoors before and after one method."""
    real: Callable[..., Any] = getattr(owner, name)

    def trapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        _die_if_asked(f"before {owner.__name__}.{name}")
        result = real(self, *args, **kwargs)
        _die_if_asked(f"after {owner.__name__}.{name}")
        return result

    setattr(owner, name, trapped)


TRAPS: tuple[tuple[type[Any], str], ...] = (
    (GitLedger, "push"),
    (RedisBoard, "show"),
    (RedisBoard, "deliver"),
    (RedisBoard, "start"),
    (RedisInbox, "done"),
    (ModelServer, "apply"),
    (ModelServer, "verify"),
    (Reporter, "step"),
    (GitResults, "take"),
    (Reporter, "trained"),
)
BOUNDARIES = tuple(f"{side} {owner.__name__}.{name}" for owner, name in TRAPS for side in ("before", "after"))

for _owner, _name in TRAPS:
    _trap(_owner, _name)
