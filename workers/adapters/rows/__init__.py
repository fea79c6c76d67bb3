"""Live rows of models: Parquet files, logs of model servers, and a query, each by the port `workers.ports.rows`. Imported late: all need pyarrow."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.adapters.rows.batching import Wanted
from workers.adapters.rows.compaction import TIME, VERSION, Compaction
from workers.adapters.rows.files import LocalFolder, open_folder
from workers.adapters.rows.footers import Footers
from workers.adapters.rows.logged import LoggedRows
from workers.adapters.rows.logs import Log, PayloadLog, RequestLog
from workers.adapters.rows.parquet import ParquetRows
from workers.adapters.rows.shelf import FolderShelf
from workers.adapters.rows.sql import SqlRows, database_of
from workers.contract.names import EnvironmentName
from workers.contract.promotion import RegisteredVersion
from workers.domain.policy.rules import LiveRows
from workers.ports.errors import BadContent
from workers.ports.rows import Rows

__all__ = ["FolderShelf", "Host", "open_rows"]


@dataclass(frozen=True)
class Host:
    """This host: the folder that paths of the policy are below (None: there is none), our own folder, and the environment."""

    live: Path | None
    own: Path
    environ: Mapping[str, str]


def open_rows(host: Host, rules: LiveRows, version: RegisteredVersion, where: EnvironmentName, features: Sequence[str] = ()) -> Rows:
    """The live rows of a version in an environment. Raises WorldError with what to do."""
    labels = (f"{version.version}-{version.digest.short}", str(version.version))
    wanted = Wanted(str(version.artifact), labels, rules.time, features=tuple(features))
    if rules.type == "sql":
        if not rules.query:
            raise BadContent("`rows` of type sql must have a `query`")
        database, name = database_of(rules.database, host.environ)
        return SqlRows(database, rules.query, wanted, name)
    if not rules.path:
        raise BadContent(f"`rows` of type {rules.type} must have a `path`")
    path = rules.path.replace("{artifact}", str(version.artifact)).replace("{environment}", str(where))
    logs: dict[str, Log] = {"requests": RequestLog(str(version.artifact)), "kserve": PayloadLog()}
    log = logs.get(rules.type)
    return _logged(host, path, log, wanted) if log else _parquet(host, path, wanted)


def _parquet(host: Host, path: str, wanted: Wanted) -> ParquetRows:
    return ParquetRows(open_folder(path, host.live, host.environ), path, wanted, Footers(host.own / "footers" / f"{_short(path)}.json"))


def _logged(host: Host, path: str, log: Log, wanted: Wanted) -> LoggedRows:
    name = _short(f"{type(log).__name__} {path} {wanted.artifact}")
    place = host.own / "compacted" / name
    place.mkdir(parents=True, exist_ok=True)
    named = Wanted(wanted.artifact, wanted.versions, TIME, VERSION, wanted.features)
    rows = ParquetRows(LocalFolder(place.parent, name), path, named, Footers(host.own / "footers" / f"{name}.json"))
    return LoggedRows(Compaction(open_folder(path, host.live, host.environ), log, place), rows, path)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
