"""The files that a pipeline left below a folder of its work tree: listed with suspicion and opened without following a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from workers.adapters.git.contents import Limits
from workers.adapters.git.names import fault, twins
from workers.adapters.git.refusals import Refusals

_DEEPEST = 32
_MOST_SAID = 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
PASSED_OVER = ("__pycache__", ".ipynb_checkpoints")
"""Folders that tools leave behind and nobody means."""


class WorkTree:
    """The folder `folder` below `tree`. Whatever ran there may have put anything into it."""

    def __init__(self, tree: Path, folder: str, limits: Limits) -> None:
        self._tree = tree
        self.folder = folder
        self._limits = limits
        self._reasons: list[str] = []

    def listed(self) -> dict[str, int]:
        """The sizes (bytes) of all files by their path below the folder. Raises Refusals with every reason against one of them."""
        self._reasons, sizes = [], {}
        for path, size in self._files():
            sizes[path] = size
            if len(sizes) > self._limits.most_files:
                raise Refusals(f"{self.folder} holds more than {self._limits.most_files} files.")
        if (total := sum(sizes.values())) > self._limits.largest_version:
            self._reasons.append(f"{self.folder} has {total} bytes in all; at most {self._limits.largest_version} are allowed.")
        if self._reasons or not sizes:
            raise Refusals(*(self._reasons[:_MOST_SAID] or [f"{self.folder} holds no files."]))
        return sizes

    def _files(self) -> Iterator[tuple[str, int]]:
        with self._entered(self.folder.split("/")) as top:
            for at, folders, files, inside in os.fwalk(".", dir_fd=top, follow_symlinks=False):
                below = "" if at == "." else at.removeprefix("./") + "/"
                folders[:] = sorted(name for name in folders if name not in PASSED_OVER and self._is_folder(below, name, inside))
                if below.count("/") >= _DEEPEST:
                    self._against(below, f"is nested deeper than {_DEEPEST} folders")
                    folders.clear()
                same = twins(os.fsencode(name) for name in sorted([*folders, *files]))
                self._reasons += (
                    f"{self.folder}/{below} holds {one!r} and {other!r}, which some file systems take for one." for one, other in same
                )
                for name in sorted(files):
                    if (size := self._size(below, name, inside)) is not None:
                        yield below + name, size

    def _against(self, path: str, why: str) -> None:
        self._reasons.append(f"The name {os.fsencode(path).decode(errors='replace')!r} below {self.folder} {why}.")

    def _is_folder(self, below: str, name: str, inside: int) -> bool:
        why = fault(os.fsencode(name))
        if why is None and stat.S_ISLNK(os.stat(name, dir_fd=inside, follow_symlinks=False).st_mode):
            why = "is a symbolic link, which is never followed"
        if why:
            self._against(below + name, why)
        return why is None

    def _size(self, below: str, name: str, inside: int) -> int | None:
        """A file's size; None with a reason for what is no file of the pipeline's own."""
        found = os.stat(name, dir_fd=inside, follow_symlinks=False)
        why = fault(os.fsencode(name)) or _foreign(found)
        if why is None and found.st_size > self._limits.largest_file:
            why = f"has {found.st_size} bytes; at most {self._limits.largest_file} are allowed"
        if why:
            self._against(below + name, why)
        return found.st_size if why is None else None

    @contextmanager
    def _entered(self, parts: list[str]) -> Iterator[int]:
        """The folder that these parts lead to from the root of the tree, none of them by a link. Raises Refusals."""
        at = os.open(self._tree, _FOLDER)
        try:
            for part in parts:
                inner = os.open(part, _FOLDER, dir_fd=at)
                os.close(at)
                at = inner
            yield at
        except OSError as exc:
            raise Refusals(f"{'/'.join(parts)} of the pipeline's work tree cannot be read: {exc.strerror}.") from exc
        finally:
            with suppress(OSError):
                os.close(at)

    @contextmanager
    def opened(self, path: str) -> Iterator[BinaryIO]:
        """A file by its path below the folder. Raises Refusals when it is no plain file any more."""
        *folders, name = path.split("/")
        with self._entered([*self.folder.split("/"), *folders]) as at:
            place = os.open(name, _FILE, dir_fd=at)
            with os.fdopen(place, "rb") as file:
                if why := _foreign(os.fstat(place)):
                    raise Refusals(f"{self.folder}/{path} {why}.")
                yield file


def _foreign(found: os.stat_result) -> str | None:
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link, which is never followed"
    if not stat.S_ISREG(found.st_mode):
        return "is no regular file"
    return "has a second name elsewhere (a hard link); write a copy" if found.st_nlink > 1 else None
