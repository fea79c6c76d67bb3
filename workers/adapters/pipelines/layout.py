"""Where a training of this host lies, and what is written down of it.

<trainings>/T-7.1/             0711, ours
    job.json                   what the supervisor does: the spec of each command, limits, what must come out
    state.json                 how far it is; written whole or not at all
    log                        the end of what was printed, raw
    lock                       held by the supervisor for as long as it lives: the kernel lets go of it
    room/                      all that the commands see
        tree/ home/ tmp/ shared/     theirs
        live/ parameters.json        ours, to be read
<trainings>/T-7.1.ended        it was ended, and is never begun again
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

THEIRS = ("tree", "home", "tmp", "shared")


class Layout:
    """The paths of one training."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.job = folder / "job.json"
        self.state = folder / "state.json"
        self.log = folder / "log"
        self.lock = folder / "lock"
        self.room = folder / "room"
        self.tree = self.room / "tree"
        self.ended = folder.with_name(f"{folder.name}.ended")

    def read(self) -> dict[str, Any] | None:
        """The state, or None when nothing was written yet. Raises OSError or ValueError."""
        try:
            return dict(json.loads(self.state.read_bytes()))
        except FileNotFoundError:
            return None

    @property
    def is_tended(self) -> bool:
        """Whether a supervisor lives."""
        try:
            held = os.open(self.lock, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(held)


def make(new: Layout) -> None:
    """The folders of a training, empty; the room can be passed through by others, whatever our umask is."""
    shutil.rmtree(new.folder, ignore_errors=True)
    for folder in (new.folder, new.room, *(new.room / name for name in (*THEIRS, "live"))):
        folder.mkdir(parents=True)
    new.folder.chmod(0o711)
    for folder in (new.room, new.room / "live"):
        folder.chmod(0o755)


def give(new: Layout, owner: int | None) -> None:
    """Their folders to who runs the commands; nothing runs there yet."""
    if owner is None:
        return
    for name in THEIRS:
        for _, folders, names, at in os.fwalk(new.room / name, follow_symlinks=False):
            os.fchown(at, owner, -1)
            for one in (*folders, *names):
                os.chown(one, owner, -1, dir_fd=at, follow_symlinks=False)


def private(path: Path, flags: int) -> IO[bytes]:
    """A file to write to that nobody else may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o600), "wb")


def write(path: Path, content: bytes) -> None:
    """A file whole or not at all, for us alone, on the disk before this returns."""
    new = path.with_suffix(".new")
    with private(new, os.O_TRUNC) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """The same of a JSON object."""
    write(path, json.dumps(content).encode())


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Hold a lock file; whether it could be had. The kernel lets go of it when we die."""
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield True
            return
        yield False
    finally:
        os.close(held)
