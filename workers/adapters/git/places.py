"""Where artifacts are declared in a commit: by an `artifact.yaml` in their folder, a `dvc.yaml`, or GTO's older `artifacts.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from workers.adapters.git import artifacts, dvc
from workers.adapters.git.declarations import Where
from workers.adapters.git.trees import FOLDER, REGULAR, BadTree, Tree, Trees
from workers.contract.names import ArtifactName
from workers.contract.promotion import Kind
from workers.ports.errors import BadContent

_DEEPEST_NAME = 4
_MOST_FOLDERS = 20_000
_SHOWN = 10


class Declared(NamedTuple):
    """One place that declares an artifact: the kind it is of, and the file (with key and line where a file declares several)."""

    kind: Kind
    where: Where


class _Walk:
    """A look through a commit's folders that ends: a tree may hold itself again and again by another name."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self._left = _MOST_FOLDERS

    def folders(self, oid: str, below: str) -> Iterator[tuple[str, Tree]]:
        """A folder and those below it that a name could lead to, with their paths (each with a slash at its end)."""
        self._left -= 1
        if self._left < 0:
            raise BadTree(f"it holds more than {_MOST_FOLDERS} folders")
        tree = self.trees.at(oid)
        yield below, tree
        for name, entry in tree.entries.items():
            if entry.mode == FOLDER and below.count("/") < _DEEPEST_NAME and not name.startswith(b"."):
                yield from self.folders(entry.oid, f"{below}{name.decode(errors='replace')}/")


def declared(trees: Trees, root: str) -> dict[str, list[Declared]]:
    """Every artifact of a commit by name, with each place where it is declared (several: refused). Raises BadTree or Missing."""
    found: dict[str, list[Declared]] = {}
    for name, place in _all(trees, root):
        found.setdefault(name, []).append(place)
    return found


def _all(trees: Trees, root: str) -> Iterator[tuple[str, Declared]]:
    for top, kind in artifacts.FOLDERS.items():
        entry = trees.find(root, top)
        if entry and entry.mode == FOLDER:
            for name in _own_folders(_Walk(trees), entry.oid, ""):
                yield name, Declared(kind, Where(f"{top}/{name}/{artifacts.FILE}"))
    for file in _listing_files(trees, root):
        for name, (kind, where) in _listed(trees, root, file).found.items():
            yield name, Declared(kind, where)


def _own_folders(walk: _Walk, oid: str, below: str) -> Iterator[str]:
    """Folders with a file of their own; what lies below one is part of it."""
    own = ""
    for path, tree in walk.folders(oid, below):
        if own and path.startswith(own):
            continue
        if path and artifacts.FILE.encode() in tree.entries:
            own = path
            yield path.removesuffix("/")


def _listing_files(trees: Trees, root: str) -> Iterator[str]:
    if trees.find(root, dvc.OLD):
        yield dvc.OLD
    for path, tree in _Walk(trees).folders(root, ""):
        entry = tree.entries.get(dvc.FILE.encode())
        if entry and entry.mode in REGULAR and path.count("/") < _DEEPEST_NAME:
            yield path + dvc.FILE


def _listed(trees: Trees, root: str, file: str) -> dvc.Listed:
    try:
        content = trees.file(root, file, dvc.LARGEST)
    except BadTree as exc:
        return dvc.Listed(faults=[f"{file} cannot be read: {exc}."])
    return dvc.Listed() if content is None else dvc.listed(content, file)


def places(trees: Trees, root: str, name: ArtifactName) -> tuple[list[Declared], list[str]]:
    """Each place that declares one artifact, and what is wrong with the files that could. Looks nowhere else. Raises BadTree or Missing."""
    found = [Declared(kind, Where(file)) for kind, file in _own(trees, root, name)]
    faults: list[str] = []
    parts = name.split("/")
    for file in (dvc.OLD, *("/".join([*parts[:depth], dvc.FILE]) for depth in range(len(parts)))):
        listing = _listed(trees, root, file)
        faults += listing.faults
        if name in listing.found:
            found.append(Declared(*listing.found[name]))
    return found, faults


def _own(trees: Trees, root: str, name: ArtifactName) -> Iterator[tuple[Kind, str]]:
    parts = name.split("/")
    for top, kind in artifacts.FOLDERS.items():
        files = ["/".join([top, *parts[: depth + 1], artifacts.FILE]) for depth in range(len(parts))]
        if next((file for file in files if trees.find(root, file)), None) == files[-1]:
            yield kind, files[-1]


def place_of(trees: Trees, root: str, artifact: ArtifactName, kind: Kind | None) -> Declared:
    """Where an artifact is declared in a commit. Raises BadContent when that is nowhere, at two places, or as another kind."""
    try:
        found, faults = places(trees, root, artifact)
        if not found:
            raise BadContent(_nowhere(trees, root, artifact), *faults[:_SHOWN])
    except (BadTree, LookupError) as exc:
        raise BadContent(f"The commit's folders cannot be read: {exc}.") from exc
    if len(found) > 1:
        places_ = ", ".join(str(place.where) for place in found)
        raise BadContent(f"{artifact} is declared more than once: {places_}; names are unique across kinds. Rename one or take it out.")
    if kind not in (None, found[0].kind):
        raise BadContent(f"{artifact} is a {found[0].kind.value}, not a {kind.value}." if kind else "")
    return found[0]


def _nowhere(trees: Trees, root: str, artifact: ArtifactName) -> str:
    known = sorted(declared(trees, root))
    shown = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    return f"No {artifacts.FILE} or {dvc.FILE} declares {artifact} at this commit; the artifacts there: {shown or 'none'}."
