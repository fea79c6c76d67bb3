"""A host of an operator: a shared repository, a place for keys and data, and the `towpath` command with its settings."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from demo.repository import build

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
        return subprocess.run([TOWPATH, *words], env=environ, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60)

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

    @property
    def head(self) -> str:
        """The ledger's head, or nothing."""
        return self.git("rev-parse", "--verify", "--quiet", "refs/heads/towpath")


def until(true: Callable[[], object], what: str, within: float = PATIENCE) -> None:
    """Wait until something is true."""
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end, f"not within {within} s: {what}"
        time.sleep(0.02)
