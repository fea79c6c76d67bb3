"""What a training runs in: another user of this host, enclosed where the kernel lets us, or a container. Each says how a command is started in it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workers.adapters.pipelines import confine
from workers.adapters.pipelines.layout import Layout, give, make
from workers.adapters.pipelines.running import sweep
from workers.contract.retraining import Recipe
from workers.ports.errors import BadContent, RefusedByHost, Unreachable

MOST_PROCESSES = 1024
UNCONFINED = "without isolation: it can read what Towpath can"
_PROVED_WITHIN = 60
DOC = "docs/retraining.md, What runs it"


@dataclass(frozen=True)
class Command:
    """A command as the recipe has it: its words, the folder below the tree that it runs in, its environment. `reads` only: the tree is not for writing."""

    words: Sequence[str]
    folder: str
    environment: Mapping[str, str]
    reads: bool = False


class Cell(Protocol):
    """A place for commands. `owner` is who owns what they write (None: we do), `sweep` the user and group that belong to one training alone."""

    says: str
    owner: int | None
    sweep: list[int] | None

    def accept(self, recipe: Recipe) -> None:
        """Raise BadContent when the recipe wants another kind of place."""

    def at(self, layout: Layout) -> str:
        """Where a command finds its room."""

    def started(self, layout: Layout, recipe: Recipe, command: Command, name: str) -> dict[str, Any]:
        """What the supervisor starts: `words`, what their standard input is told (`spec`), and the words that `stop` it."""

    def prove(self, layout: Layout) -> None:
        """See that a command there can read nothing of ours. Raises RefusedByHost with the fix."""

    def clear(self, layout: Layout) -> None:
        """End what a killed supervisor may have left behind."""


@dataclass(frozen=True)
class Account:
    """A user of this host."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


class Apart:
    """Another user (None: our own, without any isolation), enclosed or not. `private` are the places that must not be read there, `hidden` those
    that are out of sight as well where it is enclosed."""

    def __init__(
        self, account: Account | None, private: Sequence[Path] = (), hidden: Sequence[Path] = (), *, enclosed: bool, network: bool
    ) -> None:
        self._account = account
        self._private = tuple(private)
        self._hidden = (*private, *hidden)
        self._enclosed = enclosed
        self._network = network
        self.owner = account.uid if account else None
        self.sweep = [account.uid, account.gid] if account and not enclosed else None
        self.says = _said(account, enclosed=enclosed, network=network)

    def accept(self, recipe: Recipe) -> None:
        """Raise BadContent when the recipe wants a container."""
        if recipe.image:
            raise BadContent(f"The recipe names an image, and this host runs trainings as a user, not in containers ({DOC}).")

    def at(self, layout: Layout) -> str:
        """Where a command finds its room."""
        return confine.AT if self._enclosed else str(layout.room)

    def started(self, layout: Layout, recipe: Recipe, command: Command, name: str) -> dict[str, Any]:
        """The words of `confine.py`, and its spec."""
        limits = {"RLIMIT_DATA": recipe.memory_mb << 20, "RLIMIT_FSIZE": recipe.disk_mb << 20, "RLIMIT_CORE": 0}
        if self._account:
            limits["RLIMIT_NPROC"] = MOST_PROCESSES
        spec = self._spec(layout) | {"limits": limits, "folder": f"{self.at(layout)}/tree/{command.folder}"}
        spec |= {"command": list(command.words), "environment": dict(command.environment)}
        return {"words": _CONFINE, "spec": spec, "stop": None}

    def _spec(self, layout: Layout) -> dict[str, Any]:
        who = self._account
        return {
            "enclosed": self._enclosed,
            "network": self._network,
            "room": str(layout.room),
            "hidden": [str(place) for place in self._hidden],
            "uid": who.uid if who else None,
            "gid": who.gid if who else None,
            "groups": list(who.groups) if who else [],
        }

    def prove(self, layout: Layout) -> None:
        """Try to read everything private, and the environments of our processes, as the command could. Raises RefusedByHost."""
        if self._account is None:
            return
        places = [str(place) for place in self._private]
        spec = self._spec(layout) | {"limits": {}, "folder": f"{self.at(layout)}/tree", "probe": places, "parent": os.getpid()}
        read = json.loads(_confined(spec))
        if read:
            shown = ", ".join(read[:5])
            raise RefusedByHost(
                f"The user {self._account.name} can read {shown}: a training could, too, so it was not started. "
                "Take the rights of others from it (chmod 700 for folders, 600 for files)."
            )

    def clear(self, layout: Layout) -> None:
        """What is enclosed ends with its supervisor; another user's processes are ended here."""
        if self.sweep:
            sweep(*self.sweep)


_CONFINE = [sys.executable, "-I", "-S", str(Path(confine.__file__))]


def _confined(spec: Mapping[str, Any]) -> str:
    """What the program prints. Raises RefusedByHost with what it says of why it could not."""
    told = json.dumps(spec)
    try:
        done = subprocess.run(_CONFINE, input=told, capture_output=True, text=True, check=False, timeout=_PROVED_WITHIN, cwd="/", env={})
    except subprocess.TimeoutExpired as exc:
        raise Unreachable("trying what a training could read: no answer in time") from exc
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise RefusedByHost(f"A training cannot be confined on this host ({why[0].removeprefix('towpath: ')[:200]}): {DOC}.")
    return done.stdout


def _said(account: Account | None, *, enclosed: bool, network: bool) -> str:
    if account is None:
        return UNCONFINED
    where = "enclosed" if enclosed else "not enclosed"
    return f"user {account.name}, {where}, {'the network of the host' if network or not enclosed else 'no network'}"


def account(name: str) -> Account:
    """The user of that name. Raises RefusedByHost when it is no user for this."""
    fix = f"Set TOWPATH_TRAINING_USER to a user of its own for trainings: {DOC}"
    try:
        found = pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise RefusedByHost(f"TOWPATH_TRAINING_USER names {name!r}, and this host has no such user. {fix}.") from None
    if found.pw_uid in (0, os.geteuid()):
        raise RefusedByHost(f"TOWPATH_TRAINING_USER names {name}, which is the user that Towpath runs as, or root. {fix}.")
    if os.geteuid() != 0:
        raise RefusedByHost(
            f"Only root can run a training as {name}, and the process `training` is not root. Start that process as root, or let trainings "
            f"run in containers (TOWPATH_TRAINING_USER=container) or in CI: {DOC}."
        )
    groups = tuple(sorted(set(os.getgrouplist(found.pw_name, found.pw_gid)) - {0}))
    return Account(found.pw_name, found.pw_uid, found.pw_gid, groups)


def try_out(cell: Cell, folder: Path) -> None:
    """Prove a cell with an empty training below a folder. Raises RefusedByHost with the fix, or OSError."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o711)
    layout = Layout(Path(tempfile.mkdtemp(prefix=".try-", dir=folder)))
    try:
        make(layout)
        give(layout, cell.owner)
        cell.prove(layout)
    finally:
        shutil.rmtree(layout.folder, ignore_errors=True)
