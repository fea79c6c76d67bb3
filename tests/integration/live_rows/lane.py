"""One lane as a measurement meets it: a version in a real Git repository, a folder of live rows on disk, and profiles kept on disk."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from tests.integration.git.shared.people import DECLARED, People, biopsy
from workers.adapters.git import GitSource, Mirror
from workers.adapters.rows import FolderShelf, Host, open_rows
from workers.contract.drift import DriftReport
from workers.contract.names import ArtifactName, EnvironmentName, Version
from workers.contract.promotion import RegisteredVersion
from workers.domain.policy.rules import DriftRules, LiveRows
from workers.effects.measuring import Measuring

BIOPSY = ArtifactName.read("biopsy")
PROD = EnvironmentName.read("prod")
NOW = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
DRIFT = "drift: {reference: drift/reference.parquet, prediction: label, ignore: [id]}\n"
FILE = "drift__reference_dot_parquet"
HOURLY = LiveRows("parquet", "{artifact}", time="seen_at")


def table(rows: int, seed: int = 1, shift: float = 0.0, **columns: Any) -> dict[str, Any]:
    """Two inputs, an id and the model's output; what is given goes before."""
    chance = np.random.default_rng(seed)
    size = chance.normal(10 + shift, 2, rows)
    made: dict[str, Any] = {
        "size": size,
        "kind": chance.choice(["a", "b", "c"], rows, p=[0.6, 0.3, 0.1]),
        "label": np.where(size > 12, "malignant", "benign"),
        "id": np.arange(rows),
    }
    return made | columns


def content(columns: Mapping[str, Any], **options: Any) -> bytes:
    """A Parquet file."""
    sink = io.BytesIO()
    parquet.write_table(pa.table(dict(columns)), sink, **options)
    return sink.getvalue()


def times(rows: int, begin: datetime = NOW - timedelta(days=3), end: datetime = NOW) -> pa.Array:
    """So many instants from one to before another, evenly."""
    first, step = int(begin.timestamp() * 1e6), (end - begin) // timedelta(microseconds=1) / max(1, rows)
    return pa.array([first + int(i * step) for i in range(rows)], pa.timestamp("us", "UTC"))


@dataclass
class Lane:
    """`folder` holds the repository, `live` the rows of all artifacts, `own` what this host keeps."""

    folder: Path
    said: str = DRIFT
    reference: bytes = field(default_factory=lambda: content(table(5000)))
    rows: LiveRows = HOURLY
    now: datetime = NOW
    read: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        people = People(self.folder)
        commit = people.commit(biopsy(DECLARED + self.said, **{FILE: self.reference}))
        self.source = GitSource(Mirror(self.folder / "mirror.git", str(people.remote)), self.folder / "store")
        self.source.fetch()
        self.version: RegisteredVersion = self.source.inspect(BIOPSY, Version.read("v1.0.0"), commit, None)
        self.live, self.own = self.folder / "live", self.folder / "own"
        self.live.mkdir()
        self.environ: dict[str, str] = {}

    @property
    def label(self) -> str:
        """How a server calls the version."""
        return f"{self.version.version}-{self.version.digest.short}"

    def put(self, name: str, columns: Mapping[str, Any] | bytes, **options: Any) -> Path:
        """A file of live rows."""
        place = self.live / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(columns if isinstance(columns, bytes) else content(columns, **options))
        return place

    def measuring(self) -> Measuring:
        """As a worker process that has just begun makes it; `read` notes each part whose rows are read."""

        def opened(rules: LiveRows, version: RegisteredVersion, where: EnvironmentName, features: Sequence[str]) -> Any:
            rows = open_rows(Host(self.live, self.own, self.environ), rules, version, where, features)
            return _Noted(rows, self.read)

        return Measuring(self.source, opened, FolderShelf(self.own / "profiles"), lambda: self.now)

    def measure(self, window: timedelta | None = None, **rules: Any) -> DriftReport:
        """One measurement, by a new process."""
        return self.measuring().measure(self.version, replace(DriftRules(self.rows), **rules), PROD, window)


class _Noted:
    """Rows, with a note of what is read."""

    def __init__(self, rows: Any, read: list[str]) -> None:
        self._rows = rows
        self._read = read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rows, name)

    def batches(self, part: Any, *asked: Any) -> Any:
        self._read.append(part.name)
        return self._rows.batches(part, *asked)
