"""A work tree of a commit for a program to run in: plain files, Git LFS resolved, links only where they stay inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.adapters.git.contents import Contents, File
from workers.adapters.git.names import fault, twins
from workers.adapters.git.objects import Missing, Objects
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.store import shown
from workers.adapters.git.trees import FOLDER, LINK, PROGRAM, REGULAR, BadTree, Entry, Trees

MOST_FILES = 100_000
_DEEPEST = 32
_LONGEST_LINK = 4096


@dataclass(frozen=True)
class _Found:
    path: str
    entry: Entry


class CheckOut:
    """Writes files of a tree."""

    def __init__(self, contents: Contents, trees: Trees, objects: Objects) -> None:
        self._contents = contents
        self._trees = trees
        self._objects = objects

    def write(self, root: str, places: Sequence[str], into: Path, most: int) -> dict[str, str]:
        """The files at the places (none: everything) into a folder, at the paths that they have in the tree; their SHA-256 by path.

        Raises Refusals with every reason at once, before anything is written, or Unreachable.
        """
        found = {one.path: one for place in places or (".",) for one in self._at(root, place)}
        if len(found) > MOST_FILES:
            raise Refusals(f"The work tree has more than {MOST_FILES} files; name what the training needs as `inputs`.")
        links, files = self._sorted(list(found.values()))
        if (total := sum(file.size for file, _ in files.values())) > most:
            raise Refusals(
                f"The work tree has {shown(total)}, and the training may use {shown(most)} of disk; raise `disk_mb`, or name what it needs as `inputs`."
            )
        written = {path: self._file(file, path, into / path, entry) for path, (file, entry) in files.items()}
        for path, target in links.items():
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            (into / path).symlink_to(target)
        return written

    def _sorted(self, found: Sequence[_Found]) -> tuple[dict[str, str], dict[str, tuple[File, Entry]]]:
        reasons: list[str] = []
        links: dict[str, str] = {}
        files: dict[str, tuple[File, Entry]] = {}
        for one in found:
            try:
                if one.entry.mode == LINK:
                    links[one.path] = self._link(one)
                else:
                    files[one.path] = self._contents.fit(one.entry.oid, one.path), one.entry
            except (Refusals, Missing) as exc:
                reasons += exc.reasons if isinstance(exc, Refusals) else [f"{one.path} cannot be read: {exc}."]
        if reasons:
            raise Refusals(*reasons)
        return links, files

    def _at(self, root: str, place: str) -> Iterator[_Found]:
        if place == ".":
            yield from self._walk(root, "", 0)
            return
        entry = self._contents.find(root, place)
        if entry.mode == FOLDER:
            yield from self._walk(entry.oid, f"{place}/", 0)
        else:
            yield _Found(place, entry)

    def _walk(self, oid: str, below: str, depth: int) -> Iterator[_Found]:
        """Raises Refusals at the first name that may not be a file of ours. Submodules are left out, as Git does that is not told otherwise."""
        try:
            entries = self._trees.at(oid).entries
        except (BadTree, Missing) as exc:
            raise Refusals(f"{below or 'The root'} cannot be read: {exc}.") from exc
        for one, other in twins(entries):
            raise Refusals(f"{below or 'The root'} holds {one!r} and {other!r}, which some file systems take for one.")
        for name, entry in entries.items():
            path = below + name.decode(errors="replace")
            if why := fault(name) or (f"is nested deeper than {_DEEPEST} folders" if depth > _DEEPEST else None):
                raise Refusals(f"The name {path!r} {why}.")
            if entry.mode == FOLDER:
                yield from self._walk(entry.oid, path + "/", depth + 1)
            elif entry.mode in (*REGULAR, LINK):
                yield _Found(path, entry)

    def _link(self, one: _Found) -> str:
        """Where a link leads, if that is inside for certain: first upwards, then only downwards. A way up behind a name could begin anywhere."""
        if self._objects.header(one.entry.oid)[1] > _LONGEST_LINK:
            raise Refusals(f"The link {one.path} is too long.")
        target = self._objects.read(one.entry.oid, "blob").decode(errors="surrogateescape")
        parts = [part for part in target.split("/") if part not in ("", ".")]
        up = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
        if target.startswith("/") or not parts or "\0" in target or ".." in parts[up:] or up > one.path.count("/"):
            raise Refusals(f"The link {one.path} leads out of the repository, or may do so; it is never followed.")
        return target

    def _file(self, file: File, path: str, target: Path, entry: Entry) -> str:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as written:
            hashed = self._contents.hashed(file.oid, path, written.write)
        target.chmod(0o755 if entry.mode == PROGRAM else 0o644)
        return hashed.sha256
