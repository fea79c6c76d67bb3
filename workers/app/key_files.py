"""The files of a rotation: the new key lies beside the old one, durable, before the ledger hears of it, and takes its place only afterwards."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from workers.app import keys
from workers.contract.signatures import BadKey, SigningKey


def waiting(folder: Path, name: str) -> Path:
    """Where the next key of a process waits: `writer.next`."""
    return folder / f"{name}.next"


def next_key(folder: Path, name: str) -> SigningKey:
    """The key that waits, made (mode 0600, on the disk) when there is none. Raises BadFolder or OSError."""
    path = waiting(folder, name)
    if not os.path.lexists(path):
        with suppress(FileExistsError):  # somebody else was faster: theirs is the one
            _put(path, keys.new_private(), 0o600)
    if stat.S_IMODE(path.lstat().st_mode) & 0o077:
        raise keys.BadFolder(f"{path} can be read by others. If nobody has, chmod 600 {path}; else remove it. Nothing was changed.")
    try:
        return SigningKey.load(path.read_bytes())
    except BadKey as exc:
        raise keys.BadFolder(
            f"{path} is {exc}. Remove it if the ledger does not know it, and say this again. Nothing was changed."
        ) from None


def swap(folder: Path, name: str, new: SigningKey, kept_as: Path | None) -> None:
    """The waiting key takes its place. The private half moves last: as long as it waits, saying it again ends what was begun."""
    if kept_as is not None:
        with suppress(FileExistsError):
            os.link(folder / name, kept_as)
    _put(folder / f"{name}.pub", keys.public_file(new, name), 0o644, over=True)
    waiting(folder, name).replace(folder / name)
    _sync(folder)


def _put(path: Path, data: bytes, mode: int, *, over: bool = False) -> None:
    """A whole file or none, on the disk. Raises FileExistsError for one that is there, unless it is to be replaced."""
    handle, given = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    made = Path(given)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if over:
            made.replace(path)
        else:
            os.link(made, path)
    finally:
        made.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
