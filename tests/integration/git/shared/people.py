"""What people do to the shared repository, with stock Git: a bare remote and a clone with files, commits, tags."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from workers.contract.names import CommitId

ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Dana",
    "GIT_AUTHOR_EMAIL": "Dana@Example.org",
    "GIT_COMMITTER_NAME": "Dana",
    "GIT_COMMITTER_EMAIL": "Dana@Example.org",
    "LC_ALL": "C",
}


def git(folder: Path, *args: str, given: bytes = b"", env: Mapping[str, str] | None = None) -> str:
    """Stock Git's answer; raises when it is not content."""
    command = ["git", "-C", str(folder), *args]
    done = subprocess.run(command, input=given, capture_output=True, env={**os.environ, **ENVIRONMENT, **(env or {})}, check=False)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stderr.decode()}")
    return done.stdout.decode().strip()


class People:
    """A bare remote, and a clone of it in which people work."""

    def __init__(self, folder: Path) -> None:
        self.remote = folder / "remote.git"
        self.work = folder / "work"
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--bare", "-b", "main", str(self.remote))
        git(folder, "init", "--quiet", "-b", "main", str(self.work))
        git(self.work, "remote", "add", "origin", str(self.remote))

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for path, content in files.items():
            place = self.work / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes], message: str = "Change", branch: str = "main", **extra: str) -> CommitId:
        """Commit files on top of what is there, and push the branch."""
        self.write(files)
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--allow-empty", "-m", message, env=extra)
        git(self.work, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return self.head()

    def commit_tree(self, tree: str, branch: str = "main") -> CommitId:
        """Push a commit of a tree that no work tree could hold."""
        commit = git(self.work, "commit-tree", tree, "-m", "Odd")
        git(self.work, "push", "--quiet", "--force", "origin", f"{commit}:refs/heads/{branch}")
        return CommitId.read(commit)

    def head(self) -> CommitId:
        return CommitId.read(git(self.work, "rev-parse", "HEAD"))

    def tag(self, name: str, commit: str = "HEAD", *options: str, **extra: str) -> str:
        """Make an annotated tag and push it; the tag object's id."""
        git(self.work, "tag", *(options or ("-a", "-m", name)), name, commit, env=extra)
        git(self.work, "push", "--quiet", "origin", f"refs/tags/{name}")
        return git(self.work, "rev-parse", f"refs/tags/{name}")

    def hook(self, name: str, script: str) -> None:
        place = self.remote / "hooks" / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("#!/bin/sh\n" + script)
        place.chmod(0o755)

    def at(self, ref: str) -> str:
        """Where a ref of the remote is, or nothing."""
        return git(self.remote, "for-each-ref", "--format=%(objectname)", ref)


METRICS = '{"auc": 0.9478, "log_loss": 3.0e-1, "rows": 143, "dataset": "biopsies@v1.0.0", "dataset_digest": "sha256:' + "e" * 64 + '"}'
GIVEN = '{"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2.5], [3, 4]]}]}'
WANTED = '{"outputs": [{"name": "y", "shape": [2], "datatype": "INT64", "data": [0, 1]}]}'
DECLARED = """\
kind: model
name: biopsy
path: model
entry: model.onnx
owners: [U0DANA]
metrics: metrics.json
card: README.md
golden: {input: golden/input.json, output: golden/output.json, tolerance: 1.0e-4}
trained_on: {dataset: biopsies, version: v1.0.0}
"""


def biopsy(declared: str = DECLARED, **files: str | bytes) -> dict[str, str | bytes]:
    """The files of a model below `models/biopsy`; other files by keyword, `__` for a slash and `_dot_` for a dot."""
    given: dict[str, str | bytes] = {
        "artifact.yaml": declared,
        "README.md": "# Biopsy\n",
        "metrics.json": METRICS,
        "model/model.onnx": b"\0onnx",
        "golden/input.json": GIVEN,
        "golden/output.json": WANTED,
    }
    given |= {name.replace("__", "/").replace("_dot_", "."): content for name, content in files.items()}
    return {f"models/biopsy/{name}": content for name, content in given.items()}
