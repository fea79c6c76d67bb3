"""The folder on disk that a restarted server finds everything in again.

Layout: `models/<name, slashes as %2F>/state.json`, `models/<name>/versions/<label>/...`, `staging/<random>/...`.
A version counts only when the state names it; whatever else lies there was left by a stop half-way and is removed.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from demo.model_server import names


class StoreInUse(RuntimeError):
    """Another server works on this folder."""


class Store:
    """Files below `root`, which is made when missing. Every method blocks; OSError means a broken disk."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._models = root / "models"
        self._staging = root / "staging"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder for this process alone, also against a server that is still stopping. Raises StoreInUse."""
        self._models.mkdir(parents=True, exist_ok=True)
        with (self._root / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                raise StoreInUse(f"another model server holds {self._root}") from exc
            shutil.rmtree(self._staging, ignore_errors=True)
            self._staging.mkdir()
            yield

    def models(self) -> list[str]:
        """Return the names of all models, sorted."""
        found = (unquote(folder.name) for folder in self._models.iterdir() if folder.is_dir())
        return sorted(name for name in found if _is_model(name))

    def read_state(self, model: str) -> Any:
        """Return the JSON that `write_state` wrote, or None. Raises ValueError when it is not JSON."""
        try:
            return json.loads((self._folder(model) / "state.json").read_bytes())
        except FileNotFoundError:
            return None

    def write_state(self, model: str, state: Mapping[str, Any]) -> None:
        """Replace the state of a model; it survives a power cut, and a reader sees the old one or the new one."""
        folder = self._folder(model)
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "state.json.partial"
        _write_through(partial, json.dumps(state).encode())
        partial.replace(folder / "state.json")
        _sync(folder)

    def stage(self, files: Mapping[str, bytes]) -> Path:
        """Write `files` (relative path -> content) into a new folder that no model knows yet, and return it."""
        staged = Path(tempfile.mkdtemp(dir=self._staging))
        for path, content in files.items():
            target = staged / path
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_through(target, content)
            _sync(target.parent)
        return staged

    def discard(self, staged: Path) -> None:
        """Remove a staged folder, if it is still there."""
        shutil.rmtree(staged, ignore_errors=True)

    def publish(self, staged: Path, model: str, version: str) -> None:
        """Move a staged folder to its place; left-overs of the same label are removed first."""
        self.drop(model, version)
        target = self.folder(model, version)
        target.parent.mkdir(parents=True, exist_ok=True)
        staged.replace(target)
        _sync(target.parent)

    def folder(self, model: str, version: str) -> Path:
        """Return the folder of a version."""
        return self._folder(model) / "versions" / version

    def drop(self, model: str, version: str) -> None:
        """Remove the files of a version, if there are any; first out of sight, then from the disk."""
        away = Path(tempfile.mkdtemp(dir=self._staging)) / "dropped"
        with suppress(FileNotFoundError):
            self.folder(model, version).replace(away)
        shutil.rmtree(away.parent, ignore_errors=True)

    def drop_all_but(self, model: str, kept: Collection[str]) -> None:
        """Remove the files of every version that is not in `kept`."""
        folder = self._folder(model) / "versions"
        for found in folder.iterdir() if folder.is_dir() else ():
            if found.name not in kept:
                self.drop(model, found.name)

    def _folder(self, model: str) -> Path:
        return self._models / quote(model, safe="")


def _is_model(name: str) -> bool:
    try:
        names.read_model(name)
    except names.BadName:
        return False
    return True


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
