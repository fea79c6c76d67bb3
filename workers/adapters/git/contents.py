"""The files of a version in Git: listed with suspicion, streamed, hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from workers.adapters.git.names import fault, twins
from workers.adapters.git.objects import Missing, Objects, parts
from workers.adapters.git.outputs import lines_of
from workers.adapters.git.trees import FOLDER, LINK, REGULAR, SUBMODULE, BadTree, Entry, Trees
from workers.contract.names import Digest, OutputRef

_POINTER = b"version https://git-lfs.github.com/spec/"
_DEEPEST = 32
_FOREIGN = {LINK: "a symbolic link", SUBMODULE: "a submodule"}


@dataclass(frozen=True)
class Limits:
    """How much a version may hold: bytes of one file, and number of files."""

    largest_file: int = 2 << 30
    most_files: int = 10_000


@dataclass(frozen=True)
class Hashed:
    """A file's SHA-256 (hexadecimal) and size in bytes."""

    sha256: str
    size: int


class Refusals(Exception):
    """What lies there cannot be used; each reason is a sentence."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__(" ".join(reasons))


class Contents:
    """Reads the files below a commit's root tree."""

    def __init__(self, objects: Objects, trees: Trees, limits: Limits) -> None:
        self._objects = objects
        self._trees = trees
        self._limits = limits

    def listing(self, root: str, place: str) -> dict[str, str]:
        """Blob ids by path of everything at a place (a folder, or one file: then by its name). Raises Refusals."""
        entry = self.find(root, place)
        if entry.mode in REGULAR:
            return {place.rpartition("/")[2]: entry.oid}
        reasons: list[str] = []
        files: dict[str, str] = {}
        for path, oid in self._walk(entry.oid, "", place, reasons):
            files[path] = oid
            if len(files) > self._limits.most_files:
                raise Refusals(f"{place} holds more than {self._limits.most_files} files.")
        if reasons or not files:
            raise Refusals(*(reasons or [f"{place} holds no files."]))
        return files

    def find(self, root: str, place: str) -> Entry:
        """What lies at a place: a folder or a regular file. Raises Refusals."""
        try:
            entry = self._trees.find(root, place)
        except (BadTree, Missing) as exc:
            raise Refusals(f"{place} cannot be read: {exc}.") from exc
        if entry is None:
            raise Refusals(f"{place} does not exist in this commit.")
        if entry.mode not in (*REGULAR, FOLDER):
            raise Refusals(f"{place} is {_FOREIGN.get(entry.mode, 'no regular file')}, which is never followed.")
        return entry

    def _walk(self, oid: str, below: str, place: str, reasons: list[str]) -> Iterator[tuple[str, str]]:
        try:
            entries: Mapping[bytes, Entry] = self._trees.at(oid).entries
        except (BadTree, Missing) as exc:
            reasons.append(f"{place}/{below} cannot be read: {exc}.")
            return
        reasons += (f"{place}/{below} holds {one!r} and {other!r}, which some file systems take for one." for one, other in twins(entries))
        for name, entry in entries.items():
            path = below + name.decode(errors="replace")
            if why := fault(name) or _foreign(entry, path):
                reasons.append(f"The name {path!r} below {place} {why}.")
            elif entry.mode == FOLDER:
                yield from self._walk(entry.oid, path + "/", place, reasons)
            else:
                yield path, entry.oid

    def hashed(self, oid: str, path: str, take: Callable[[bytes], object] = bool) -> Hashed:
        """A file's hash and size, read in pieces that `take` gets as well. Raises Refusals for what is too large or a pointer of Git LFS."""
        kind, size = self._objects.header(oid)
        if kind != "blob" or size > self._limits.largest_file:
            raise Refusals(f"{path} has {size} bytes; at most {self._limits.largest_file} are allowed.")
        digest, first = hashlib.sha256(), True
        with self._objects.stream(oid) as stream:
            for part in parts(stream):
                if first and part.startswith(_POINTER):
                    raise Refusals(_pointer(path))
                first = False
                digest.update(part)
                take(part)
        return Hashed(digest.hexdigest(), size)

    def small(self, root: str, place: str, largest: int) -> bytes:
        """A regular file of at most so many bytes. Raises Refusals."""
        entry = self.find(root, place)
        if entry.mode not in REGULAR:
            raise Refusals(f"{place} is a folder, but a file is meant.")
        size = self._objects.header(entry.oid)[1]
        if size > largest:
            raise Refusals(f"{place} has {size} bytes; at most {largest} are allowed.")
        content = self._objects.read(entry.oid, "blob")
        if content.startswith(_POINTER):
            raise Refusals(_pointer(place))
        return content


def _pointer(path: str) -> str:
    return f"{path} is a pointer of Git LFS, and its content lies outside of Git, where it cannot be read; commit the file itself."


def _foreign(entry: Entry, path: str) -> str | None:
    if path.count("/") >= _DEEPEST:
        return f"is nested deeper than {_DEEPEST} folders"
    if entry.mode in (*REGULAR, FOLDER):
        return None
    return f"is {_FOREIGN.get(entry.mode, 'no regular file')}, which is never followed"


def digest_of(files: Mapping[str, Hashed], outputs: Iterable[OutputRef] = ()) -> Digest:
    """The digest of a version: SHA-256 over the lines `<sha256> <size> <path>`, sorted by the bytes of the path, then those of its outputs."""
    lines = (f"{files[path].sha256} {files[path].size} {path}\n" for path in sorted(files, key=str.encode))
    return Digest.read("sha256:" + hashlib.sha256("".join([*lines, *lines_of(outputs)]).encode()).hexdigest())
