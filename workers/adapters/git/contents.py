"""The files of a version in Git: listed with suspicion, streamed, hashed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from workers.adapters.git import lfs
from workers.adapters.git.lfs import LargeFiles, Pointer
from workers.adapters.git.names import fault, twins
from workers.adapters.git.objects import Missing, Objects, parts
from workers.adapters.git.outputs import lines_of
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.room import Room
from workers.adapters.git.trees import FOLDER, LINK, REGULAR, SUBMODULE, BadTree, Entry, Trees
from workers.contract.names import Digest, OutputRef

__all__ = ["Contents", "File", "Hashed", "Limits", "Refusals", "digest_of"]

_DEEPEST = 32
_FOREIGN = {LINK: "a symbolic link", SUBMODULE: "a submodule"}


@dataclass(frozen=True)
class Limits:
    """How much a version may hold: bytes of one file and of all, and number of files. Large files of Git LFS count with their real size."""

    largest_file: int = 16 << 30
    largest_version: int = 64 << 30
    most_files: int = 10_000


@dataclass(frozen=True)
class Hashed:
    """A file's SHA-256 (hexadecimal) and size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class File:
    """A file of a commit: its blob, its real size in bytes, and its pointer when Git LFS keeps the content."""

    oid: str
    size: int
    pointer: Pointer | None = None


class Contents:
    """Reads the files below a commit's root tree. What a pointer of Git LFS stands for is read in its place, everywhere."""

    def __init__(self, objects: Objects, trees: Trees, large: LargeFiles, limits: Limits) -> None:
        self._objects = objects
        self._trees = trees
        self._large = large
        self._limits = limits

    def listing(self, root: str, place: str) -> dict[str, str]:
        """Blob ids by path of everything at a place (a folder, or one file: then by its name), if it is not too much. Raises Refusals."""
        return {path: file.oid for path, file in self.weighed(root, place).items()}

    def weighed(self, root: str, place: str) -> dict[str, File]:
        """The files by path of everything at a place, with their real sizes, if none of them nor all together is too large. Raises Refusals."""
        reasons: list[str] = []
        files: dict[str, File] = {}
        for path, oid in self._listed(root, place).items():
            try:
                files[path] = self.fit(oid, path)
            except Refusals as exc:
                reasons += exc.reasons
        if not reasons and (total := sum(file.size for file in files.values())) > self._limits.largest_version:
            reasons.append(f"{place} has {total} bytes in all; at most {self._limits.largest_version} are allowed.")
        if reasons:
            raise Refusals(*reasons)
        return files

    def _listed(self, root: str, place: str) -> dict[str, str]:
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

    def _file(self, oid: str, path: str) -> File:
        try:
            kind, size = self._objects.header(oid)
        except Missing as exc:
            raise Refusals(f"{path} cannot be read: {exc}.") from exc
        if kind != "blob":
            raise Refusals(f"{path} is a {kind}, but a file is meant.")
        pointer = self._pointer(oid, size, path)
        return File(oid, pointer.size if pointer else size, pointer)

    def fit(self, oid: str, path: str) -> File:
        """A file by its blob, with its real size. Raises Refusals when it is too large, or none."""
        file = self._file(oid, path)
        if file.size > self._limits.largest_file:
            raise Refusals(f"{path} has {file.size} bytes; at most {self._limits.largest_file} are allowed.")
        return file

    def _pointer(self, oid: str, size: int, path: str) -> Pointer | None:
        """The pointer that a blob is. What looks like one is never taken for the content. Raises Refusals when it looks like one and is none."""
        content = self._objects.read(oid, "blob") if size < lfs.LARGEST else b""
        try:
            return lfs.read(content) if lfs.resembles(content) else None
        except lfs.BadPointer as exc:
            raise Refusals(f"{path} {exc}.") from exc

    def hashed(self, oid: str, path: str, take: Callable[[bytes], object] | None = None) -> Hashed:
        """A file's hash and size, of the content that Git LFS keeps if it is a pointer; `take` gets it in pieces. Raises Refusals or Unreachable."""
        file = self.fit(oid, path)
        if file.pointer is None:
            return self._streamed(file, path, take or bool)
        self._large.prove(file.pointer, path, take)
        return Hashed(file.pointer.sha256, file.size)

    def _streamed(self, file: File, path: str, take: Callable[[bytes], object]) -> Hashed:
        digest, first = hashlib.sha256(), True
        with self._objects.stream(file.oid) as stream:
            for part in parts(stream):
                if first:
                    _no_pointer(part, path)
                first = False
                digest.update(part)
                take(part)
        return Hashed(digest.hexdigest(), file.size)

    def bring(self, file: File, path: str, room: Room, number: int) -> Hashed:
        """A file into a room, and its hash and size. Raises Refusals or Unreachable."""
        if file.pointer:
            self._large.bring(file.pointer, path, room, number)
            return Hashed(file.pointer.sha256, file.size)
        with room.writing(number) as write:
            return self._streamed(file, path, write)

    def file(self, root: str, place: str) -> Hashed:
        """The hash and size of one regular file. Raises Refusals or Unreachable."""
        entry = self.find(root, place)
        if entry.mode not in REGULAR:
            raise Refusals(f"{place} is a folder, but a file is meant.")
        return self.hashed(entry.oid, place)

    def small(self, root: str, place: str, largest: int) -> bytes:
        """A regular file of at most so many bytes. Raises Refusals or Unreachable."""
        entry = self.find(root, place)
        if entry.mode not in REGULAR:
            raise Refusals(f"{place} is a folder, but a file is meant.")
        file = self._file(entry.oid, place)
        if file.size > largest:
            raise Refusals(f"{place} has {file.size} bytes; at most {largest} are allowed.")
        if file.pointer:
            return self._large.content(file.pointer, place)
        content = self._objects.read(entry.oid, "blob")
        _no_pointer(content, place)
        return content


def _no_pointer(beginning: bytes, path: str) -> None:
    """Refuse what is longer than a pointer can be and begins like one: it may be a pointer that somebody has tampered with."""
    if lfs.resembles(beginning[: lfs.LARGEST]):
        raise Refusals(f"{path} begins like a pointer of Git LFS and is longer than one can be.")


def _foreign(entry: Entry, path: str) -> str | None:
    if path.count("/") >= _DEEPEST:
        return f"is nested deeper than {_DEEPEST} folders"
    if entry.mode in (*REGULAR, FOLDER):
        return None
    return f"is {_FOREIGN.get(entry.mode, 'no regular file')}, which is never followed"


def manifest_of(files: Mapping[str, Hashed], outputs: Iterable[OutputRef] = ()) -> bytes:
    """The lines `<sha256> <size> <path>` of a version's files, sorted by the bytes of the path, then those of its outputs."""
    lines = (f"{files[path].sha256} {files[path].size} {path}\n" for path in sorted(files, key=str.encode))
    return "".join([*lines, *lines_of(outputs)]).encode()


def digest_of(files: Mapping[str, Hashed], outputs: Iterable[OutputRef] = ()) -> Digest:
    """The digest of a version: SHA-256 over its manifest."""
    return Digest.read("sha256:" + hashlib.sha256(manifest_of(files, outputs)).hexdigest())


def read_manifest(content: bytes) -> dict[str, Hashed]:
    """The files that a manifest, which `manifest_of` has written, names; its outputs are left out."""
    found = (line.split(" ", 2) for line in content.decode().split("\n")[:-1])
    return {path: Hashed(sha256, int(size)) for sha256, size, path in found if size != "-"}
