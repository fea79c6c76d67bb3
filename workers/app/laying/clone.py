"""A person's clone: a commit on a new branch, made beside the work tree and the index, which stay as they are."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from workers.app.reading.tables import cell

_NOBODY = "0" * 40


class Clone:
    """The clone that the current folder lies in. Git is the person's own, with their name and settings."""

    def __init__(self, branch: str) -> None:
        self.branch = branch
        self.top = Path(self._git("rev-parse", "--show-toplevel"))
        self.base = self._base()

    def _base(self) -> str:
        for ref in (f"refs/remotes/origin/{self.branch}", f"refs/heads/{self.branch}"):
            if found := self._git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", must=False):
                return found
        raise click.ClickException(f"This clone has no branch {self.branch}. Nothing was changed. TOWPATH_SOURCE_BRANCH names another one.")

    def has(self, path: str) -> bool:
        """Whether something lies at a path of the source branch."""
        return bool(self._git("ls-tree", "--full-tree", self.base, "--", path))

    def has_branch(self, name: str) -> bool:
        """Whether there is a branch of that name here."""
        return bool(self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{name}", must=False))

    def commit(self, name: str, files: Mapping[str, bytes | Path], message: str) -> str:
        """Make the branch, with the files (their content, or where to copy it from) on top of the source branch; the commit's id."""
        with tempfile.TemporaryDirectory(prefix="towpath-new-") as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            self._git("read-tree", self.base, env=index)
            lines = [f"100644 {self._stored(content)}\t{path}\0" for path, content in files.items()]
            self._git("update-index", "-z", "--index-info", given="".join(lines).encode(), env=index)
            tree = self._git("write-tree", env=index)
        commit = self._git("commit-tree", tree, "-p", self.base, "-m", message)
        self._git("update-ref", f"refs/heads/{name}", commit, _NOBODY)
        return commit

    def _stored(self, content: bytes | Path) -> str:
        if isinstance(content, Path):
            return self._git("hash-object", "-w", "--no-filters", "--", str(content.absolute()))
        return self._git("hash-object", "-w", "--stdin", given=content)

    def _git(self, *words: str, given: bytes = b"", env: Mapping[str, str] | None = None, must: bool = True) -> str:
        done = subprocess.run(["git", *words], input=given, env={**os.environ, **(env or {})}, capture_output=True, check=False)
        if must and done.returncode:
            why = cell(done.stderr.decode(errors="replace"), 300)
            raise click.ClickException(f"git {words[0]}: {why}. No branch was made.")
        return done.stdout.decode(errors="replace").strip()
