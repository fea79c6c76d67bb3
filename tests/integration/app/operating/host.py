"""A host of an operator: a shared repository, a place for keys and data, and the `towpath` command with its settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.processes import Child
from demo.repository import build
from tests import warm
from tests.unit.docs.pages import DOCS, blocks

TOWPATH = str(Path(sys.executable).with_name("towpath"))
PATIENCE = 40.0
POLICY = """\
version: 1
{trust}roles:
  leads: {{users: [U0MIA]}}
environments:
  staging:
    run: [leads]
"""


def policy(trust: str = "") -> str:
    """The smallest policy, with or without a pinned key."""
    return POLICY.format(trust=f'trust: "{trust}"\n' if trust else "")


@dataclass
class Host:
    """Everything lies in `folder`. `environ` is all that a command is given, but for the path to programs."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.remote = self.folder / "repository.git"
        self.keys = self.folder / "keys"
        self.data = self.folder / "data"
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TOWPATH_REPOSITORY": str(self.remote),
            "TOWPATH_KEYS": str(self.keys),
            "TOWPATH_DATA": str(self.data),
        } | self.environ

    def another(self, name: str, **changes: str) -> Host:
        """Another host of the same repository, with its own data and its own keys unless told otherwise."""
        other = Host(self.folder / name)
        other.remote = self.remote
        other.environ |= {"TOWPATH_REPOSITORY": str(self.remote), **changes}
        return other

    def publish(self, text: str) -> None:
        """Make the shared repository, with this towpath.yaml."""
        build(self.remote, text)

    def towpath(self, *words: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run `towpath` to its end."""
        environ = {name: value for name, value in (self.environ | changes).items() if value}
        return warm.towpath(*words, env=environ, cwd=self.folder)

    def begin(self) -> str:
        """A repository with a ledger whose key is pinned; the fingerprint."""
        fingerprint = self.must("keys").strip()
        self.publish(policy(fingerprint))
        self.must("init")
        return fingerprint

    def must(self, *words: str) -> str:
        """Run `towpath`, which has no reason to fail; what it prints."""
        done = self.towpath(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def git(self, *words: str) -> str:
        """What stock Git says of the shared repository; nothing when it says no."""
        nobody = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        done = subprocess.run(["git", f"--git-dir={self.remote}", *words], env=nobody, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def guard(self) -> None:
        """Give the shared repository the settings and the hook that docs/operations.md asks for."""
        for name in ("receive.denyNonFastForwards", "receive.denyDeletes", "receive.fsckObjects"):
            self.git("config", name, "true")
        (hook,) = [block for block in blocks(DOCS / "operations.md", "sh") if "pre-receive" in block]
        place = self.remote / "hooks" / "pre-receive"
        place.parent.mkdir(exist_ok=True)
        place.write_text(hook)
        place.chmod(0o755)

    def run(self, procfile: str, **changes: str) -> Run:
        """`towpath run` with the lines of a Procfile; use it as a context."""
        return Run(self, procfile, changes)

    @property
    def head(self) -> str:
        """The ledger's head, or nothing."""
        return self.git("rev-parse", "--verify", "--quiet", "refs/heads/towpath")


class Run:
    """`towpath run`, with its log."""

    def __init__(self, host: Host, procfile: str, changes: dict[str, str]) -> None:
        self.pids = host.folder / "pids"
        self.pids.mkdir(exist_ok=True)
        self._log = host.folder / "run.log"
        self._log.unlink(missing_ok=True)
        (host.folder / "Procfile").write_text(procfile)
        words = [TOWPATH, "run", "--pids", str(self.pids), "--procfile", str(host.folder / "Procfile")]
        self.child = Child(words, self._log, env=host.environ | changes, folder=host.folder)

    def __enter__(self) -> Run:
        self.child.start()
        return self

    def __exit__(self, *_: object) -> None:
        left = self.everybody()
        self.child.stop(20)
        until(lambda: not left & _living(), "everything that was started has ended", 20)

    @property
    def lines(self) -> list[str]:
        """What was printed up to now, whole lines."""
        return self._log.read_text().split("\n")[:-1] if self._log.exists() else []

    @property
    def events(self) -> list[dict[str, Any]]:
        """The log. Every line must be a JSON object."""
        return [dict(json.loads(line)) for line in self.lines]

    def saw(self, **fields: object) -> bool:
        """Whether a line of the log has these fields."""
        return any(fields.items() <= event.items() for event in self.events)

    def pid(self, name: str) -> int:
        """The id of a process as it was last started."""
        return int((self.pids / f"{name}.pid").read_text())

    def everybody(self) -> set[int]:
        """Every process that lives now and was started by the supervisor, or by those."""
        sessions = {int(path.read_text()) for path in self.pids.glob("*.pid")}
        return {pid for session in sessions for pid in session_of(session)}


def session_of(leader: int) -> set[int]:
    """The living processes of a session (proc(5): field 6 of /proc/PID/stat; field 3 is the state)."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) == leader and state != "Z":
            found.add(int(path.parent.name))
    return found


def _living() -> set[int]:
    return {int(path.name) for path in Path("/proc").glob("[0-9]*") if not _is_over(path)}


def _is_over(path: Path) -> bool:
    try:
        return (path / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until(true: Callable[[], object], what: str, within: float = PATIENCE) -> None:
    """Wait until something is true."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, f"not within {within} s: {what}"
        time.sleep(0.02)
