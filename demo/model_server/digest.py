"""The digest of a set of files: what a version *is*, however it was stored or sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path


def of_files(files: Mapping[str, bytes]) -> str:
    """Return the digest of `files` (relative POSIX path -> content), as `sha256:` and 64 hex digits."""
    return of_lines((path, hashlib.sha256(content).hexdigest(), len(content)) for path, content in files.items())


def of_folder(folder: Path) -> str:
    """Return the digest of every regular file below `folder`, by its path relative to it.

    Raises OSError when a file cannot be read.
    """
    return of_lines(_line(folder, path) for path in folder.rglob("*") if path.is_file())


def of_lines(entries: Iterable[tuple[str, str, int]]) -> str:
    """Return the digest of `(path, sha256 hex, size in bytes)` entries.

    SHA-256 over one line `<sha256> <size> <path>` and a line feed for each, sorted by the bytes of the path.
    """
    ordered = sorted(entries, key=lambda entry: entry[0].encode())
    text = "".join(f"{sha256} {size} {path}\n" for path, sha256, size in ordered)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _line(folder: Path, path: Path) -> tuple[str, str, int]:
    with path.open("rb") as opened:
        sha256 = hashlib.file_digest(opened, "sha256").hexdigest()
    return path.relative_to(folder).as_posix(), sha256, path.stat().st_size
