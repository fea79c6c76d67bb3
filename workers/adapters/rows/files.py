"""The files of a folder of live rows: below the host's folder, from which no path and no link leads out, or in an object store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from workers.ports.errors import BadContent, RefusedByHost, Unreachable
from workers.ports.rows import Unreadable

SETTING = "TOWPATH_LIVE_ROWS"
SCHEMES = ("s3://", "gs://")
MOST_FILES = 100_000
_DEEPEST = 12


@dataclass(frozen=True)
class File:
    """One file by its path below the folder, with its size in bytes and when it was changed last, in nanoseconds."""

    name: str
    size: int
    changed: int

    @property
    def identity(self) -> str:
        """Another one when its content may be another one."""
        return f"{self.name} {self.size} {self.changed}"


class Folder(Protocol):
    """Files below one place. `buffer` is how many bytes of a column are asked for at once."""

    buffer: int

    def files(self) -> tuple[list[File], list[tuple[File, str]]]:
        """All files, sorted by name, and those that are not read, with the reason. Hidden ones are left out. Raises WorldError."""

    def open(self, name: str) -> Any:
        """A file to read, as pyarrow opens it. Raises Unreadable or WorldError."""


class LocalFolder:
    """A folder below the host's folder for live rows."""

    buffer = 1 << 17

    def __init__(self, root: Path, path: str) -> None:
        self._place = _inside(root, path)

    def files(self) -> tuple[list[File], list[tuple[File, str]]]:
        """Links are not followed, and told."""
        found: list[File] = []
        refused: list[tuple[File, str]] = []
        for file, is_link in self._walk(self._place, "", 0):
            if is_link:
                refused.append((file, "it is a link, which is never followed"))
            else:
                found.append(file)
            if len(found) > MOST_FILES:
                raise BadContent(f"{self._place.name} holds more than {MOST_FILES:,} files")
        return sorted(found, key=lambda file: file.name), refused

    def _walk(self, folder: Path, below: str, depth: int) -> Iterator[tuple[File, bool]]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            return  # nobody has written yet, or what was there has just been removed
        except OSError as exc:
            raise Unreachable(f"reading {below or 'the folder of live rows'}: {exc.strerror}") from exc
        for entry in entries:
            if entry.name.startswith((".", "_")):
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth < _DEEPEST:
                    yield from self._walk(Path(entry.path), f"{below}{entry.name}/", depth + 1)
            else:
                told = entry.stat(follow_symlinks=False)
                yield File(below + entry.name, told.st_size, told.st_mtime_ns), not entry.is_file(follow_symlinks=False)

    def open(self, name: str) -> Any:
        """Opened without following a link, wherever in the path somebody has put one meanwhile."""
        import pyarrow as pa  # noqa: PLC0415  # an extra

        place = self._place / name
        if Path(os.path.realpath(place)) != place:
            raise Unreadable("it is a link, which is never followed")
        try:
            return pa.OSFile(str(place), "rb")
        except FileNotFoundError as exc:
            raise Unreachable(f"reading {name}: it is gone; something tidies up there") from exc
        except OSError as exc:
            raise Unreadable(f"it cannot be opened: {os.strerror(exc.errno) if exc.errno else 'the file system says no'}") from exc


def _inside(root: Path, path: str) -> Path:
    """Where a path of the policy lies. Raises BadContent for one that leads out of the root."""
    parts = Path(path).parts
    if not parts or Path(path).is_absolute() or ".." in parts or "\0" in path:
        raise BadContent(f"the path {path!r} of live rows must lie below the folder that {SETTING} names")
    base = Path(os.path.realpath(root))
    place = base / path
    if Path(os.path.realpath(place)) != place:
        raise BadContent(f"the path {path!r} of live rows is a link, or leads through one, which is never followed")
    return place


class ObjectFolder:
    """Objects below a prefix, by one of pyarrow's file systems. Each piece is a request, so pieces are larger."""

    buffer = 1 << 20

    def __init__(self, filesystem: Any, base: str) -> None:
        self._filesystem = filesystem
        self._base = base.rstrip("/")

    def files(self) -> tuple[list[File], list[tuple[File, str]]]:
        """Every object; there are no links among them."""
        from pyarrow import fs  # noqa: PLC0415  # an extra

        with _answered("listing the live rows"):
            infos = self._filesystem.get_file_info(fs.FileSelector(self._base, recursive=True, allow_not_found=True))
        found = [File(info.path[len(self._base) + 1 :], info.size, info.mtime_ns or 0) for info in infos if info.type is fs.FileType.File]
        shown = [file for file in found if not any(part.startswith((".", "_")) for part in file.name.split("/"))]
        if len(shown) > MOST_FILES:
            raise BadContent(f"{self._base} holds more than {MOST_FILES:,} objects")
        return sorted(shown, key=lambda file: file.name), []

    def open(self, name: str) -> Any:
        """An object that is read piece by piece."""
        with _answered(f"reading {name}"):
            return self._filesystem.open_input_file(f"{self._base}/{name}")


@contextmanager
def _answered(what: str) -> Iterator[None]:
    """What an object store says, in our words: a vendor's message may hold a signed address."""
    try:
        yield
    except (FileNotFoundError, PermissionError) as exc:
        why = "it is not there" if isinstance(exc, FileNotFoundError) else "the credentials do not allow it"
        raise RefusedByHost(f"{what}: {why}") from exc
    except OSError as exc:
        if "ACCESS_DENIED" in str(exc) or "403" in str(exc):
            raise RefusedByHost(f"{what}: the credentials do not allow it") from exc
        raise Unreachable(f"{what}: the object store does not answer as it should") from exc


def open_folder(path: str, root: Path | None, environ: Mapping[str, str]) -> Folder:
    """The folder that a path of the policy means. Raises WorldError with what to do."""
    if path.startswith(SCHEMES):
        scheme, _, base = path.partition("://")
        if ".." in base.split("/") or not base.split("/")[0]:
            raise BadContent(f"the path {path!r} of live rows names no bucket, or has `..` in it")
        return ObjectFolder(_s3(environ) if scheme == "s3" else _gcs(environ), base)
    if root is None:
        raise BadContent(f"nobody has said where live rows lie on this host: set {SETTING} to their folder")
    return LocalFolder(root, path)


def _s3(environ: Mapping[str, str]) -> Any:
    """Credentials, region and endpoint by the names that every tool of S3 reads; without a key, those of the host's own role."""
    from pyarrow import fs  # noqa: PLC0415  # an extra

    names = {
        "access_key": "AWS_ACCESS_KEY_ID", "secret_key": "AWS_SECRET_ACCESS_KEY", "session_token": "AWS_SESSION_TOKEN",
        "region": "AWS_REGION", "endpoint_override": "AWS_ENDPOINT_URL",
    }  # fmt: skip
    given = {name: environ[variable] for name, variable in names.items() if environ.get(variable)}
    if environ.get("AWS_DEFAULT_REGION"):
        given.setdefault("region", environ["AWS_DEFAULT_REGION"])
    if "session_token" in given and "access_key" not in given:
        del given["session_token"]
    return fs.S3FileSystem(**given, connect_timeout=10, request_timeout=60)


def _gcs(environ: Mapping[str, str]) -> Any:
    """Google's own lookup of credentials, which reads GOOGLE_APPLICATION_CREDENTIALS."""
    from pyarrow import fs  # noqa: PLC0415  # an extra

    endpoint = environ.get("STORAGE_EMULATOR_HOST")
    return fs.GcsFileSystem(**({"endpoint_override": endpoint, "anonymous": True, "scheme": "http"} if endpoint else {}))


@contextmanager
def told(name: str) -> Iterator[None]:
    """What pyarrow says of a file's content: it stays so until somebody replaces the file. What the file system says may pass."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    try:
        yield
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, pa.ArrowKeyError, ValueError) as exc:
        raise Unreadable("it is torn, or no Parquet") from exc
    except OSError as exc:
        if exc.errno is None:  # a page that cannot be decoded is an OSError of pyarrow's, without a number
            raise Unreadable("it is torn: a page of it cannot be decoded") from exc
        raise Unreachable(f"reading {name}: {exc.strerror or 'no answer'}") from exc
