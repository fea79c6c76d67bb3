"""Facts about the files of a version, read while these are hashed: what a model takes and gives, rows and columns of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from workers.adapters.git.csv_table import CsvTable, wider
from workers.adapters.git.mlmodel import kept
from workers.adapters.git.onnx_graph import OnnxGraph
from workers.adapters.git.parquet_table import MISSING, NoLibrary, ParquetTable
from workers.adapters.git.reading import MOST_COLUMNS, Reader, Unreadable
from workers.contract.promotion import Kind, Signature, Table

MOST_TABLES = 20
_ENDINGS: dict[str, tuple[str, Callable[[], CsvTable | ParquetTable]]] = {
    ".csv": ("CSV", CsvTable),
    ".parquet": ("Parquet", ParquetTable),
    ".pq": ("Parquet", ParquetTable),
}


class Look:
    """One file as it streams by. A reader that cannot go on is not asked again, and says why."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.failure: str | None = None

    def take(self, piece: bytes) -> None:
        """The next piece of the file."""
        if self.failure is None:
            try:
                self._reader.feed(piece)
            except Unreadable as exc:
                self.failure = str(exc)

    def check(self) -> None:
        """Raises Unreadable when the reader could not go on."""
        if self.failure is not None:
            raise Unreadable(self.failure)


class Facts:
    """The looks at one version's files, one after another. `reasons` are faults for which it is refused, `unread` facts that stay unknown."""

    def __init__(self, kind: Kind, graph: str | None) -> None:
        self._kind = kind
        self._graph = graph
        self._found: Signature | None = None
        self._failure: str | None = None
        self._tables: dict[tuple[object, ...], Table] = {}
        self._left_out = 0
        self._finish: Callable[[], None] = _nothing
        self.unread: list[str] = []
        self.reasons: list[str] = []

    def look(self, path: str) -> Callable[[bytes], object] | None:
        """What is to be given the pieces of the next file, if anything is."""
        self._finish = _nothing
        ending = "." + path.lower().rpartition(".")[2]
        if self._kind is Kind.MODEL and path == self._graph and ending == ".onnx":
            graph = OnnxGraph()
            look = Look(graph)
            self._finish = lambda: self._read_graph(path, graph, look)
            return look.take
        if self._kind is Kind.DATASET and ending in _ENDINGS:
            form, make = _ENDINGS[ending]
            table = make()
            look = Look(table)
            self._finish = lambda: self._read_table(path, form, table, look)
            return look.take
        return None

    def finish(self) -> None:
        """The file has been given whole."""
        finish, self._finish = self._finish, _nothing
        finish()

    def _read_graph(self, path: str, graph: OnnxGraph, look: Look) -> None:
        try:
            look.check()
            inputs, outputs = graph.finish()
            self._found = kept(path, list(inputs), list(outputs))
        except Unreadable as exc:
            self._failure = f"{path} cannot be read as ONNX: {exc}"

    def signature(self, declared: Signature | None) -> Signature | None:
        """The declared signature, else that of the ONNX file; one that is unreadable is a fault only where a signature is declared."""
        if self._failure and declared:
            self.reasons.append(f"A signature is declared, but {self._failure}.")
        elif self._failure:
            self.unread.append(self._failure)
        return declared or self._found

    def _read_table(self, path: str, form: str, table: CsvTable | ParquetTable, look: Look) -> None:
        try:
            look.check()
            columns, total = table.finish()
        except Unreadable as exc:
            said = str(exc)
            self.reasons.append(f"{path}{', ' if said.startswith('line ') else ' '}{said}.")
        except NoLibrary:
            self.unread += [] if MISSING in self.unread else [MISSING]
        else:
            self._keep(Table(path, form, table.rows, total, columns))

    def _keep(self, found: Table) -> None:
        named = ((one.name,) if found.format == "CSV" else (one.name, one.type) for one in found.columns)
        same = (found.format, found.total, *named)
        if have := self._tables.get(same):
            kinds = wider(have.columns, found.columns) if have.format == "CSV" else have.columns
            self._tables[same] = replace(have, rows=have.rows + found.rows, files=have.files + 1, columns=kinds)
        elif len(self._tables) < MOST_TABLES:
            self._tables[same] = found
        else:
            self._left_out += 1

    def tables(self) -> tuple[Table, ...]:
        """The tables of a dataset: files with the same columns are one."""
        if self._left_out:
            self.unread.append(f"it holds more than {MOST_TABLES} different tables; {self._left_out} files are not described")
        return tuple(_fitting(self._tables.values()))


def _nothing() -> None:
    pass


def _fitting(tables: Iterable[Table]) -> Iterator[Table]:
    """The tables with at most 200 columns in all."""
    left = MOST_COLUMNS
    for table in tables:
        yield replace(table, columns=table.columns[:left])
        left -= min(left, len(table.columns))
