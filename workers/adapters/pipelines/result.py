"""What came out of a training: everything in the artifact's folder is a file of its own, something has changed, and nothing is missing."""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MOST_METRICS = 100
LARGEST_ANSWER = 64 * 1024
_DEEPEST = 40


class BadResult(Exception):
    """The result cannot be used; the message is a sentence for people."""


def files(tree: Path, folder: str, owner: int | None) -> dict[str, Path]:
    """The files below a folder of a tree in which nothing runs any more, by their path below that folder. Raises BadResult.

    Whoever wrote the tree chose the names in it: a link could lead to our keys, and a second name of somebody else's file would hand it on.
    """
    at = tree
    for part in folder.split("/") if folder != "." else []:
        at = at / part
        if not _is_folder(at):
            raise BadResult(f"the folder {folder} is gone, or no folder any more")
    return dict(_below(at, "", owner))


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _below(folder: Path, before: str, owner: int | None) -> Iterator[tuple[str, Path]]:
    if before.count("/") > _DEEPEST:
        raise BadResult(f"{_name(before)} is nested deeper than {_DEEPEST} folders")
    for entry in sorted(folder.iterdir()):
        path, told = before + entry.name, entry.lstat()
        if stat.S_ISDIR(told.st_mode):
            yield from _below(entry, path + "/", owner)
        elif not stat.S_ISREG(told.st_mode):
            raise BadResult(f"{_name(path)} is a link or a device, which is never followed")
        elif told.st_nlink != 1 or (owner is not None and told.st_uid not in (owner, os.geteuid())):
            raise BadResult(f"{_name(path)} is a second name of a file that lies elsewhere")
        else:
            yield path, entry


def _name(path: str) -> str:
    return ascii(path)[1:-1][:200]


def judge(found: Mapping[str, Path], before: Mapping[str, str], path: str, needs: list[str]) -> None:
    """Raise BadResult unless the files (by path below the artifact's folder) are a new artifact; `before` has their SHA-256 as they were."""
    lacking = [need for need in needs if need not in found]
    if path != "." and path not in found and not any(one.startswith(path + "/") for one in found):
        lacking.insert(0, path)
    if lacking:
        raise BadResult(f"it ended well, but left no {', '.join(lacking)} in the artifact's folder")
    if found.keys() == before.keys() and all(_sha256(place) == before[one] for one, place in found.items()):
        raise BadResult("it ended well, but changed nothing in the artifact's folder: there is no new version in that")


def _sha256(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Number(str):
    """A number as it was written."""


def metrics(answer: bytes) -> dict[str, str]:
    """What an evaluation printed: a JSON object of numbers, as texts by metric. Raises BadResult."""
    if len(answer) > LARGEST_ANSWER:
        raise BadResult(f"it printed more than {LARGEST_ANSWER // 1024} kB instead of a few metrics")
    try:
        told: Any = json.loads(answer, parse_int=_number, parse_float=_number, parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise BadResult("it did not print a JSON object of metrics") from exc
    if not isinstance(told, dict) or not told or len(told) > MOST_METRICS:
        raise BadResult(f"it did not print a JSON object of 1 to {MOST_METRICS} metrics")
    for name, value in told.items():
        if not isinstance(value, _Number) or not name.isprintable() or not 0 < len(name) <= 100:
            raise BadResult(f"the metric {_name(name)} is no number")
    return {name: str(value) for name, value in told.items()}


def _number(text: str) -> _Number:
    if len(text) > 40 or not math.isfinite(float(text)):
        raise ValueError(text)
    return _Number(text)


def _no_number(text: str) -> None:
    raise ValueError(text)


def seal(tree: Path) -> None:
    """Take the tree from whoever wrote it: it becomes ours, to be read by all. What is measured afterwards is what came out."""
    for _, folders, names, at in os.fwalk(tree, follow_symlinks=False):
        os.fchown(at, os.geteuid(), os.getegid())
        os.fchmod(at, 0o755)
        for name in (*names, *folders):
            told = os.stat(name, dir_fd=at, follow_symlinks=False)
            os.chown(name, os.geteuid(), os.getegid(), dir_fd=at, follow_symlinks=False)
            if stat.S_ISREG(told.st_mode) and told.st_nlink == 1:
                os.chmod(name, 0o755 if told.st_mode & 0o100 else 0o644, dir_fd=at)
