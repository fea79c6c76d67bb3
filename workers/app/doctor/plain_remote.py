"""A bare repository on this host: what its configuration and its hooks keep out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from workers.app.doctor.finding import Finding

_WANTED = {
    "receive.denyNonFastForwards": "branches can be rewritten by a forced push",
    "receive.denyDeletes": "branches and tags can be deleted",
    "receive.fsckObjects": "broken objects are taken in",
}


def look(folder: Path) -> Iterator[Finding]:
    """The three settings of git-config(1), and whether a hook guards the ledger branch and the tags."""
    if not (folder / "HEAD").is_file() and not (folder / ".git").is_dir():
        yield Finding("host", f"cannot tell the rules of {folder}: there is no repository", "Correct TOWPATH_REPOSITORY.")
        return
    bad = []
    for name, says in _WANTED.items():
        value = _setting(folder, name)
        if value is None and name == "receive.fsckObjects":
            value = _setting(folder, "transfer.fsckObjects")
        if value != "true":
            bad.append(Finding("host", f"{folder}: {says}", f"git --git-dir={folder} config {name} true"))
    hook = folder / "hooks" / "pre-receive"
    if not (hook.is_file() and os.access(hook, os.X_OK)):
        bad.append(
            Finding(
                "host",
                f"{folder}: whoever may push can push to the ledger branch and move tags: there is no pre-receive hook",
                f"Put the hook of docs/operations.md (The Git host) at {hook} and make it executable.",
            )
        )
    yield from bad or [Finding("host", f"{folder}: nothing is rewritten or deleted, and a hook guards it")]


def _setting(folder: Path, name: str) -> str | None:
    """A boolean setting of the repository's own file; None when it is not set or cannot be read."""
    file = folder / "config" if (folder / "config").is_file() else folder / ".git" / "config"
    command = ["git", "config", "--file", str(file), "--type=bool", "--get", name]
    environ = {"PATH": os.environ.get("PATH", ""), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
