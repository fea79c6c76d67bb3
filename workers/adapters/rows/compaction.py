"""Logs of JSON lines as Parquet on this host: a unit of a log is written once as long as it stays as it is, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workers.adapters.rows import lines
from workers.adapters.rows.files import File, Folder
from workers.adapters.rows.lines import BadLine
from workers.adapters.rows.logs import Log, Rows
from workers.adapters.rows.tensors import BadTensor
from workers.adapters.rows.times import micros
from workers.ports.errors import Unreachable
from workers.ports.rows import Unreadable

TIME, VERSION = "towpath.time", "towpath.version"
_MOST_CELLS = 1 << 20
_TOLD = "told.json"
_WRITING = ".writing-"


@dataclass
class Taken:
    """What became of the lines of a log: how many rows, and how many lines could not be used, by the reason."""

    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, other: Taken) -> None:
        """With those of another unit."""
        self.rows += other.rows
        self.refused += other.refused


class Compaction:
    """Keeps `place` as the picture of a log's folder, in Parquet."""

    def __init__(self, folder: Folder, log: Log, place: Path) -> None:
        self._folder = folder
        self._log = log
        self._place = place

    def run(self) -> tuple[Taken, list[tuple[File, str]]]:
        """Take up what is new or another one, and let go of what is no longer in the log. Raises WorldError.

        Also told are the files that were not read, with the reason.
        """
        files, refused = self._folder.files()
        units: dict[str, list[File]] = defaultdict(list)
        for file in files:
            if unit := self._log.unit(file):
                units[unit].append(file)
        taken = Taken()
        with _writable():
            self._place.mkdir(parents=True, exist_ok=True)
            names = {"u-" + quote(unit, safe="")[:150] + "-" + _short(unit): several for unit, several in units.items()}
            for gone in (one for one in self._place.iterdir() if one.name not in names):
                shutil.rmtree(gone, ignore_errors=True)
            for name, several in names.items():
                taken.add(self._unit(name, several))
        return taken, [one for one in refused if self._log.unit(one[0])]

    def _unit(self, name: str, files: list[File]) -> Taken:
        identity, folder = _short("\n".join(file.identity for file in files)), self._place / name
        folder.mkdir(exist_ok=True)
        done = folder / identity
        taken = _told(done) or self._taken(folder, done, files)
        for other in (one for one in folder.iterdir() if one != done and not one.name.startswith(_WRITING)):
            shutil.rmtree(other, ignore_errors=True)
        return taken

    def _taken(self, folder: Path, done: Path, files: list[File]) -> Taken:
        writing = Path(tempfile.mkdtemp(prefix=_WRITING, dir=folder))
        try:
            taken = self._written(writing, files)
            (writing / _TOLD).write_text(json.dumps({"rows": taken.rows, "refused": taken.refused}))
            if done.exists() and _told(done) is None:
                shutil.rmtree(done)
            with suppress(OSError):  # another process has just done the same
                writing.rename(done)
        finally:
            shutil.rmtree(writing, ignore_errors=True)
        return taken

    def _written(self, writing: Path, files: Iterable[File]) -> Taken:
        taken, block, number = Taken(), _Block(), 0
        for rows in self._rows(files, taken):
            block.add(rows)
            taken.rows += rows.rows
            if block.cells >= _MOST_CELLS:
                block.write(writing / f"{number}.parquet")
                block, number = _Block(), number + 1
        if block.rows:
            block.write(writing / f"{number}.parquet")
        return taken

    def _rows(self, files: Iterable[File], taken: Taken) -> Iterator[Rows]:
        reading = self._log.reading()
        for file in files:
            with self._folder.open(file.name) as opened:
                for line in lines.lines(io.BufferedReader(opened, 1 << 20), file.size):
                    try:
                        yield from reading.take(line)
                    except (BadLine, BadTensor) as exc:
                        taken.refused[str(exc)] += 1
        yield from reading.rest()


class _Block:
    """Rows that are written as one file; columns that only some of them have are null in the others."""

    def __init__(self) -> None:
        self.rows = 0
        self._columns: dict[str, list[Any]] = {}
        self._times: list[int] = []
        self._versions: list[str | None] = []

    @property
    def cells(self) -> int:
        """How much is gathered."""
        return self.rows * (len(self._columns) + 2)

    def add(self, rows: Rows) -> None:
        """Some more rows."""
        for name, values in rows.columns.items():
            kept = self._columns.setdefault(name, [])
            kept += [None] * (self.rows - len(kept))
            kept += values
        self.rows += rows.rows
        self._times += [micros(rows.seen)] * rows.rows
        self._versions += [rows.version] * rows.rows

    def write(self, place: Path) -> None:
        """As Parquet, in the order of their times."""
        import pyarrow as pa  # noqa: PLC0415  # an extra
        from pyarrow import parquet  # noqa: PLC0415

        columns = {name: _array([*values, *([None] * (self.rows - len(values)))]) for name, values in self._columns.items()}
        times = pa.array(self._times, pa.int64()).cast(pa.timestamp("us", "UTC"))
        table = pa.table({**columns, TIME: times, VERSION: pa.array(self._versions, pa.string())})
        parquet.write_table(table.sort_by(TIME), place, compression="zstd")


def _array(values: list[Any]) -> Any:
    """Values of one type, or of several: these as texts."""
    import pyarrow as pa  # noqa: PLC0415  # an extra

    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass
    try:
        return pa.array(values, pa.float64(), from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.array([None if value is None else str(value)[:1000] for value in values], pa.string())


def _told(done: Path) -> Taken | None:
    try:
        said = json.loads((done / _TOLD).read_text())
        return Taken(said["rows"], Counter(said["refused"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def _writable() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise Unreachable(f"compacting the log of live rows: {exc.strerror or 'the disk says no'}") from exc
    except Unreadable as exc:
        raise Unreachable(f"compacting the log of live rows, which somebody changes: {exc}") from exc
