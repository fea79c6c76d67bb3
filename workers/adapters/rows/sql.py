"""Live rows by one SELECT of a DuckDB database. Needs duckdb (`towpath[sql]`).

The database is opened read-only, and DuckDB itself is told to reach nothing else: no other file, no network, no extension.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from workers.adapters.rows.batching import Wanted, batch_of, version_column
from workers.ports.errors import BadContent, Unreachable
from workers.ports.rows import BATCH, Batch, Listing, Part

MEMORY = "256MB"
_CONFIGURATION: dict[str, Any] = {
    "enable_external_access": "false", "autoload_known_extensions": "false", "autoinstall_known_extensions": "false",
    "memory_limit": MEMORY, "threads": "1", "temp_directory": "",
}  # fmt: skip
_PARAMETERS = {"begin", "end"}


class SqlRows:
    """The rows that a query gives. Whenever the database's file is another one, all of it counts as another one."""

    def __init__(self, database: Path, query: str, wanted: Wanted, name: str) -> None:
        self._database = database
        self._query = query
        self._wanted = wanted
        self.source = f"a query of {name}"
        self.identity = f"sql {name} {hashlib.sha256(query.encode()).hexdigest()} {wanted}"

    @property
    def step(self) -> timedelta | None:
        """Without a column of times, rows are only those of the whole window."""
        return timedelta(hours=1) if self._wanted.time else None

    def listing(self, begin: datetime, end: datetime) -> Listing:
        """One part for the whole. Raises BadContent for a query that is no single SELECT."""
        try:
            told = self._database.stat()
        except OSError as exc:
            raise Unreachable(f"reading the database of live rows: {exc.strerror}") from exc
        with self._connected() as connection:
            _parameters(connection, self._query)
        identity = f"{told.st_size} {told.st_mtime_ns}" if self._wanted.time else f"{told.st_size} {told.st_mtime_ns} {begin} {end}"
        return Listing((Part("the query", identity, told.st_size),))

    def leave_out(self, torn: Mapping[Part, str]) -> None:
        """Whatever a query meets is an error of the whole."""

    def batches(self, part: Part, columns: Sequence[str], begin: datetime, end: datetime) -> Iterator[Batch]:
        """The query runs once for each stretch that is asked for."""
        import duckdb  # noqa: PLC0415  # an extra

        with self._connected() as connection:
            names = _parameters(connection, self._query)
            given = {"begin": begin, "end": end}
            try:
                for rows in connection.sql(self._query, params={name: given[name] for name in names}).to_arrow_reader(BATCH):
                    yield batch_of(rows, version_column(rows.schema.names, columns, self._wanted), self._wanted)
            except duckdb.OutOfMemoryException as exc:
                raise BadContent(f"the query of live rows needs more than {MEMORY} of memory; let it sort and group less") from exc
            except duckdb.Error as exc:
                raise BadContent(f"the query of live rows does not run: {_first_line(exc)}") from exc

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            import duckdb  # noqa: PLC0415  # an extra
        except ImportError as exc:
            raise BadContent("live rows by a query need DuckDB: install towpath[sql]") from exc
        try:
            connection = duckdb.connect(str(self._database), read_only=True, config=_CONFIGURATION)
            connection.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")  # in this order, and before any query
        except duckdb.Error as exc:  # its message would tell the path, and so whatever a policy has the variable be
            raise BadContent("the database of live rows cannot be opened: it is no DuckDB file, or another process writes to it") from exc
        try:
            yield connection
        finally:
            connection.close()


def _parameters(connection: Any, query: str) -> set[str]:
    """What a query asks to be told. Raises BadContent unless it is one SELECT; what could write, the read-only database refuses as well."""
    import duckdb  # noqa: PLC0415  # an extra

    try:
        statements = connection.extract_statements(query)
    except duckdb.Error as exc:
        raise BadContent(f"the query of live rows cannot be read: {_first_line(exc)}") from exc
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise BadContent("the query of live rows must be one SELECT")
    names = set(statements[0].named_parameters)
    if strange := sorted(names - _PARAMETERS):
        raise BadContent(f"the query of live rows asks for ${strange[0]}; it can be told $begin and $end")
    return names


def _first_line(exc: Exception) -> str:
    return (str(exc).strip().splitlines() or ["no reason given"])[0][:300]


def database_of(name: str | None, environ: Mapping[str, str]) -> tuple[Path, str]:
    """The file that `env:NAME` of the policy means, and how it is called for people. Raises BadContent."""
    variable = (name or "").removeprefix("env:")
    value = environ.get(variable, "")
    if not value:
        raise BadContent(f"live rows come by a query, but this host has not set {variable or 'its `database`'} to a DuckDB file")
    if "://" in value:
        raise BadContent(f"{variable} must be the path of a DuckDB file on this host; rows of other databases must come as Parquet")
    return Path(value), variable
