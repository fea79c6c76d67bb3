"""A training in a container of Docker's or Podman's, started by an argument list under the same supervisor as any other.

Source: the manual pages docker-run(1) and podman-run(1); only options that both have are used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import Any

from workers.adapters.pipelines import confine
from workers.adapters.pipelines.cells import DOC, MOST_PROCESSES, Command
from workers.adapters.pipelines.layout import Layout
from workers.contract.retraining import Recipe
from workers.ports.errors import BadContent, RefusedByHost, Unreachable

STEPS = ("training", "live", "new")
"""The names of the commands of a training."""
_NOBODY = 65534
_IMAGE = re.compile(r"[a-z0-9][\w.:/-]{0,300}@sha256:[0-9a-f]{64}", re.ASCII)
_SECONDS = 60


class Container:
    """A container of Docker's or Podman's, with the room as its only place to write."""

    sweep: list[int] | None = None

    def __init__(self, engine: str, *, network: bool) -> None:
        self._engine = engine
        self._network = "bridge" if network else "none"
        self._user = (_NOBODY, _NOBODY) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        self.owner = _NOBODY if os.geteuid() == 0 else None
        self.says = f"container, {'network of its own' if network else 'no network'}"

    def accept(self, recipe: Recipe) -> None:
        """Raise BadContent when the recipe names no image, or not by its digest."""
        if not recipe.image:
            raise BadContent(f"This host runs trainings in containers alone: name `image` below `retrain` in artifact.yaml ({DOC}).")
        if not _IMAGE.fullmatch(recipe.image):
            raise BadContent(f"The image {recipe.image!r} is not named by its digest, as registry/name@sha256:... is.")

    def at(self, layout: Layout) -> str:
        """Where a command finds its room."""
        return confine.AT

    def started(self, layout: Layout, recipe: Recipe, command: Command, name: str) -> dict[str, Any]:
        """The words of `docker run`: attached, so that the supervisor hears it, and logged nowhere else."""
        self.accept(recipe)
        called = self._name(layout, name)
        words = [self._engine, "run", "--rm", "--init", "--name", called, "--network", self._network, "--read-only", "--log-driver", "none"]
        words += ["--user", "{}:{}".format(*self._user), "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        words += ["--memory", f"{recipe.memory_mb}m", "--memory-swap", f"{recipe.memory_mb}m", "--pids-limit", str(MOST_PROCESSES)]
        words += ["--ulimit", "core=0", "--oom-score-adj", "1000", "--tmpfs", "/run:rw,size=64k"]
        for inside, outside, rights in _mounts(command):
            words += ["--mount", f"type=bind,source={layout.room / outside},target={inside}{rights}"]
        words += ["--workdir", f"{confine.AT}/tree/{command.folder}"]
        for key, value in sorted(command.environment.items()):
            words += ["--env", f"{key}={value}"]
        words += ["--entrypoint", command.words[0], str(recipe.image), *command.words[1:]]
        return {"words": words, "spec": None, "stop": self._stop(called)}

    def _stop(self, called: str) -> list[str]:
        return [self._engine, "rm", "--force", called]

    def _name(self, layout: Layout, name: str) -> str:
        """The same whenever it is asked for, and another one for another installation of this host."""
        mark = f"{layout.folder.parent.stat().st_ino:x}"
        return f"towpath-{mark}-{layout.folder.name}-{name}"

    def prove(self, layout: Layout) -> None:
        """A comma would end a word of `--mount`; all else is the engine's. Raises RefusedByHost."""
        if "," in str(layout.room):
            raise RefusedByHost(f"{layout.room.parent.parent} has a comma in its name. Set TOWPATH_TRAININGS to a folder without one.")

    def clear(self, layout: Layout) -> None:
        """Take away the containers of a training. Raises Unreachable."""
        names = [self._name(layout, name) for name in STEPS]
        try:
            done = subprocess.run(
                [*self._stop(names[0]), *names[1:]], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise Unreachable(f"asking {self._engine} to end {layout.folder.name}: {type(exc).__name__}") from exc
        if done.returncode and "no such container" not in done.stderr.lower():
            raise Unreachable(f"asking {self._engine} to end {layout.folder.name}: {done.stderr.strip()[:200]}")


def _mounts(command: Command) -> tuple[tuple[str, str, str], ...]:
    """(place in the container, place in the room, rights)."""
    at = confine.AT
    only = ",readonly"
    return (
        (f"{at}/tree", "tree", only if command.reads else ""),
        (f"{at}/home", "home", ""),
        (f"{at}/tmp", "tmp", ""),  # noqa: S108
        ("/tmp", "tmp", ""),  # noqa: S108  # of the container
        ("/dev/shm", "shared", ""),  # noqa: S108
        (f"{at}/live", "live", only),
        (f"{at}/parameters.json", "parameters.json", only),
    )


def engine() -> str:
    """The program of a container engine. Raises RefusedByHost."""
    found = shutil.which("docker") or shutil.which("podman")
    if found is None:
        raise RefusedByHost(f"TOWPATH_TRAINING_USER is container, and this host has neither docker nor podman: {DOC}.")
    return found
