"""A person's clone: a commit on a new branch, made beside the work tree and the index, which stay as they are."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from workers.app.laying import large
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

    @property
    def uses_lfs(self) -> bool:
        """Whether the source branch leaves any file to Git LFS."""
        return bool(self._git("grep", "-l", "-e", "filter=lfs", self.base, "--", f":(top,glob)**/{large.FILE}", must=False))

    def commit(self, name: str, files: Mapping[str, bytes | Path], message: str) -> str:
        """Make the branch, with the files (their content, or where to copy it from) on top of the source branch; the commit's id."""
        with tempfile.TemporaryDirectory(prefix="towpath-new-") as folder:
            index = {"GIT_INDEX_FILE": f"{folder}/index"}
            self._git("read-tree", self.base, env=index)
            attributes = {path: content for path, content in files.items() if path.endswith(f"/{large.FILE}")}
            self._stage({path: self._stored(content) for path, content in attributes.items()}, index)
            others = [path for path in files if path not in attributes]
            left = self._left_to_lfs(others, index)
            self._stage({path: self._pointer(files[path]) if path in left else self._stored(files[path]) for path in others}, index)
            tree = self._git("write-tree", env=index)
        commit = self._git("commit-tree", tree, "-p", self.base, "-m", message)
        self._git("update-ref", f"refs/heads/{name}", commit, _NOBODY)
        return commit

    def _stage(self, blobs: Mapping[str, str], index: Mapping[str, str]) -> None:
        lines = "".join(f"100644 {oid}\t{path}\0" for path, oid in blobs.items())
        self._git("update-index", "-z", "--index-info", given=lines.encode(), env=index)

    def _left_to_lfs(self, paths: list[str], index: Mapping[str, str]) -> set[str]:
        """Which files the attributes in that index leave to Git LFS."""
        said = self._git(
            "-C", str(self.top), "check-attr", "-z", "--cached", "--stdin", "filter", given="\0".join(paths).encode(), env=index
        )
        words = said.split("\0")
        return {path for path, value in zip(words[::3], words[2::3], strict=False) if value == "lfs"}

    def _pointer(self, content: bytes | Path) -> str:
        folder = Path(self._git("rev-parse", "--path-format=absolute", "--git-common-dir"))
        return self._stored(large.keep(folder, content))

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
