"""What DVC tracks has its bytes outside of Git: only a pointer is here, and a pointer must never be promoted as if it were the artifact."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workers.adapters.git.contents import Contents, Refusals
from workers.adapters.git.declarations import BadDeclaration, load
from workers.adapters.git.trees import REGULAR

LOCK = "dvc.lock"
_PIPELINE = "dvc.yaml"
_POINTER = ".dvc"
_LARGEST = 2 * 1024 * 1024
_FIX = "its bytes lie outside of Git, where nobody can prove them. Commit the files themselves (with `cache: false`, or by Git LFS)"


def named(contents: Contents, root: str, place: str) -> list[str]:
    """Why the bytes at a place are not in Git by DVC's own papers; nothing when none of these speaks of it."""
    parts = place.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    if found := next((path for path in above if _is_there(contents, root, path + _POINTER)), None):
        return [f"DVC tracks {found} ({found}{_POINTER}): {_FIX}."]
    return _locked(contents, root, place, ["", *above])


def pointers(contents: Contents, root: str, place: str, files: Iterable[str]) -> list[str]:
    """The same for the files that were found at a place."""
    names = list(files)
    found = [name for name in names if name.endswith(_POINTER)][:10]
    reasons = [f"DVC tracks {place}/{name.removesuffix(_POINTER)} ({place}/{name}): {_FIX}." for name in found]
    folders = [posixpath.dirname(f"{place}/{name}") for name in names if name.rpartition("/")[2] == LOCK and "/" in name]
    return reasons + _locked(contents, root, place, folders[:10])


def _locked(contents: Contents, root: str, place: str, folders: Iterable[str]) -> list[str]:
    reasons = []
    for folder in folders:
        lock = f"{folder}/{LOCK}".lstrip("/")
        try:
            outs = list(_outs(contents, root, folder))
        except (Refusals, BadDeclaration) as exc:
            reasons.append(f"{lock} cannot be read, so nobody can tell whether {place} is in Git: {str(exc).removesuffix('.')}.")
            continue
        ours = [out for out in outs if _touch(out, place)]
        reasons += [f"{out} is an output that DVC keeps ({lock}): {_FIX}." for out in ours[:10]]
    return reasons


def _touch(one: str, other: str) -> bool:
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")


def _outs(contents: Contents, root: str, folder: str) -> Iterator[str]:
    """The outputs in a folder's dvc.lock that DVC keeps in its cache, as paths from the root."""
    lock = _mapping(contents, root, f"{folder}/{LOCK}".lstrip("/"))
    if not lock:
        return
    try:
        stages = _mapping(contents, root, f"{folder}/{_PIPELINE}".lstrip("/")).get("stages")
    except (Refusals, BadDeclaration):
        stages = None  # what it would excuse stays refused
    for name, stage in _mappings(lock.get("stages", lock)):
        told = stages.get(name.partition("@")[0]) if isinstance(stages, dict) else None
        excused = set(_uncached(told))
        for out in stage.get("outs") or ():
            path = out.get("path") if isinstance(out, dict) else None
            if isinstance(path, str) and path not in excused:
                yield posixpath.normpath(posixpath.join(folder, _wdir(told), path))


def _wdir(stage: Any) -> str:
    found = stage.get("wdir") if isinstance(stage, dict) else None
    return found if isinstance(found, str) else ""


def _uncached(stage: Any) -> Iterator[str]:
    """The outputs that a stage leaves to Git: `- metrics.json: {cache: false}`."""
    for key in ("outs", "metrics", "plots"):
        listed = stage.get(key) if isinstance(stage, dict) else None
        for one in listed if isinstance(listed, list) else ():
            for path, options in _mappings(one):
                if options.get("cache") is False:
                    yield path


def _mappings(data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in data.items() if isinstance(data, dict) else ():
        if isinstance(value, dict):
            yield name, value


def _mapping(contents: Contents, root: str, file: str) -> Mapping[str, Any]:
    if not _is_there(contents, root, file):
        return {}
    data = load(contents.small(root, file, _LARGEST), file, _LARGEST).data
    return data if isinstance(data, dict) else {}


def _is_there(contents: Contents, root: str, file: str) -> bool:
    try:
        return contents.find(root, file).mode in REGULAR
    except Refusals:
        return False
