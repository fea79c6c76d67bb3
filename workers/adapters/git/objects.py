"""Git's objects in process: read through one lasting `git cat-file --batch`, written without starting anything."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from workers.adapters.git.fresh import Fresh
from workers.ports.errors import WorldError

if TYPE_CHECKING:
    from git import Git
    from git.db import GitCmdObjectDB

T = TypeVar("T")
_CHUNK = 1 << 20
_RUN = 256
LARGEST_IN_MEMORY = 64 << 20


class Missing(LookupError):
    """There is no such object in the mirror, or it is of another type."""


class Readable(Protocol):
    """Something to read bytes from."""

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes."""

    def readline(self, size: int = -1) -> bytes:
        """A line, at most `size` bytes."""


@dataclass
class _Lasting:
    """GitPython's wrapper with its lasting processes, which belong to the process that started them: a fork starts its own."""

    owner: int
    git: Git
    store: GitCmdObjectDB


class Objects:
    """The object store of a bare repository. Object ids are 40 hexadecimal digits (SHA-1). One thread at a time is let in."""

    def __init__(self, folder: Path, start: Callable[[], Git]) -> None:
        self._folder = folder
        self._start = start
        self._lock = threading.RLock()
        self._lasting: _Lasting | None = None
        self._fresh = Fresh(folder / "objects")

    def _begin(self) -> _Lasting:
        from git.db import GitCmdObjectDB  # noqa: PLC0415  # not before an object is asked for

        git = self._start()
        return _Lasting(os.getpid(), git, GitCmdObjectDB(str(self._folder / "objects"), git))

    @property
    def _mine(self) -> _Lasting:
        if self._lasting is None or self._lasting.owner != os.getpid():
            self._lasting = self._begin()
        return self._lasting

    def header(self, oid: str) -> tuple[str, int]:
        """The type and size (bytes) of an object. Raises Missing."""
        with self._lock:
            _, kind, size = self._asked(oid, lambda git: git.get_object_header(oid), "cat_file_header")
            return _word(kind), size

    def read(self, oid: str, kind: str) -> bytes:
        """The content of an object of that type. Raises Missing."""
        with self._lock:
            if (made := self._fresh.read(oid, kind)) is not None:
                return made
            _, found, size, stream = self._asked(oid, lambda git: git.stream_object_data(oid), "cat_file_all")
            if _word(found) != kind or size > LARGEST_IN_MEMORY:
                del stream
                raise Missing(f"{oid} is a {_word(found)} of {size} bytes")
            content = stream.read(size)
            if len(content) != size:
                self._mine.git.clear_cache()
                raise WorldError(f"reading {oid} from the mirror: it ends after {len(content)} of {size} bytes")
            return content

    def read_many(self, oids: Sequence[str], kind: str = "blob") -> Iterator[bytes]:
        """The contents of many objects of a type in their order, asked for in runs so that neither side waits for the other. Raises Missing."""
        self.write()
        for at in range(0, len(oids), _RUN):
            with self._lock:
                run = self._read_run(oids[at : at + _RUN], kind)
            yield from run

    def _read_run(self, oids: Sequence[str], kind: str) -> list[bytes]:
        """A run is short enough (41 bytes each) to lie in the pipe as a whole, so that writing it can never block."""
        first = self.read(oids[0], kind)
        process: Any = self._mine.git.cat_file_all
        try:
            process.stdin.write("".join(f"{oid}\n" for oid in oids[1:]).encode())
            process.stdin.flush()
            return [first, *(_whole(process.stdout, kind.encode()) for _ in oids[1:])]
        except (OSError, ValueError, Missing):
            self._mine.git.clear_cache()
            raise

    @contextmanager
    def stream(self, oid: str) -> Iterator[Readable]:
        """The content of an object, to be read in parts; others wait meanwhile. Raises Missing."""
        with self._lock:
            stream = self._asked(oid, lambda git: git.stream_object_data(oid), "cat_file_all")[3]
            try:
                yield stream
            finally:
                while stream.read(_CHUNK):
                    pass

    def _asked(self, oid: str, ask: Callable[[Git], T], lasting: str) -> T:
        for _ in range(2):
            git = self._mine.git
            try:
                return ask(git)
            except (ValueError, OSError) as exc:
                process = getattr(git, lasting)
                if process is not None and process.poll() is None:
                    raise Missing(f"{oid} is not in the mirror") from exc
                git.clear_cache()
        raise WorldError("reading from the mirror: git cat-file ends at once")

    def store(self, kind: str, content: bytes) -> str:
        """Make an object and give its id. It is on the disk after `write`, and can be read before."""
        with self._lock:
            oid = self._fresh.add(kind, content)
            if self._fresh.is_full:
                self.write()
            return oid

    def write(self) -> None:
        """Write what was made: before it is pushed, or named by a ref."""
        with self._lock:
            if self._fresh:
                self._fresh.write(self._mine.store)


def _whole(answer: Readable, kind: bytes) -> bytes:
    """One answer of `git cat-file --batch`: `<id> <type> <size>`, a line feed, the content, a line feed."""
    header = answer.readline().split()
    if len(header) != 3 or header[1] != kind or int(header[2]) > LARGEST_IN_MEMORY:
        raise Missing(b" ".join(header).decode(errors="replace") or "the answer is torn")
    content = answer.read(int(header[2]) + 1)
    if len(content) != int(header[2]) + 1:
        raise Missing("the answer is torn")
    return content[:-1]


def _word(kind: str | bytes) -> str:
    return kind.decode() if isinstance(kind, bytes) else kind


def parts(stream: Readable) -> Iterator[bytes]:
    """The content of a stream in pieces of at most a megabyte."""
    while part := stream.read(_CHUNK):
        yield part
