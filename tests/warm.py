"""`towpath` without the second that its imports cost: each command is a process of its own, forked from one that has imported everything.

Environment, folder, input and output are the command's own, as for one that is started cold; `towpath run` is started cold everywhere.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from pathlib import Path

from workers.app import front

_MODULES = ["workers.app.cli", *sorted(set(front.ALONE.values()))]
_OUTPUTS = ("stdout", "stderr")


def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_MODULES)
    return context


_CONTEXT = _context()


def towpath(
    *words: str, env: Mapping[str, str], cwd: Path | None = None, given: str = "", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """What `towpath` says to these words, with this environment and nothing else of ours; raises TimeoutExpired after so many seconds."""
    with tempfile.TemporaryDirectory(prefix="towpath-said-") as folder:
        place = Path(folder)
        (place / "stdin").write_text(given)
        child = _CONTEXT.Process(target=_run, args=(words, dict(env), cwd or Path.cwd(), place))
        child.start()
        child.join(timeout)
        if child.exitcode is None:
            child.kill()
            raise subprocess.TimeoutExpired(["towpath", *words], timeout)
        said = [(place / name).read_text() for name in _OUTPUTS]
        return subprocess.CompletedProcess(["towpath", *words], child.exitcode, *said)


def _run(words: tuple[str, ...], env: dict[str, str], cwd: Path, place: Path) -> None:
    """In the child: become the command."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, name, flags in (
        (0, "stdin", os.O_RDONLY),
        (1, "stdout", os.O_WRONLY | os.O_CREAT),
        (2, "stderr", os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(place / name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.argv = [str(Path(sys.executable).with_name("towpath")), *words]
    front.entry()
