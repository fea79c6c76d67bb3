"""The delay model and its flights: the training makes the committed bytes again, and the shift from winter to summer is in the data."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from demo import traffic
from demo.model_server import digest
from demo.repository.story import ASSETS

from .standing import Asker

MODEL = ASSETS / "models" / "delay" / "v1.0.0"
NUMBERS = 11


@pytest.fixture(scope="module")
def winter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("winter"), "v1.0.0")


@pytest.fixture(scope="module")
def summer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("summer"), "v2.0.0")


def trained(room: Path, version: str) -> Path:
    """The model's folder in a work tree with that version of the data set, after its own command."""
    shutil.copytree(ASSETS / "datasets" / "flights" / version, room / "datasets" / "flights")
    model = shutil.copytree(MODEL, room / "models" / "delay")
    said = ran(model, "train.py")
    assert re.search(r"^Read 5400 flights of 45 days", said) and "Measured on the 1320" in said
    return model


def ran(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, "-B", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def metrics(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "metrics.json").read_bytes())
    return found


def test_training_on_the_same_data_makes_the_same_version(winter: Path) -> None:
    committed = {path.relative_to(MODEL).as_posix(): path for path in MODEL.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    made = {path.relative_to(winter).as_posix(): path for path in winter.rglob("*") if path.is_file()}
    assert made.keys() == committed.keys()
    texts = {"README.md", "artifact.yaml", "metrics.json", "golden/input.json"}
    assert [path for path in texts if made[path].read_bytes() != committed[path].read_bytes()] == []
    assert (
        pq.read_table(made["drift/reference.parquet"])
        .select(range(NUMBERS))
        .equals(pq.read_table(committed["drift/reference.parquet"]).select(range(NUMBERS)))
    )


def test_metrics_name_the_data_that_they_were_measured_on(winter: Path, summer: Path) -> None:
    for model, version in ((winter, "v1.0.0"), (summer, "v2.0.0")):
        found = metrics(model)
        data = ASSETS / "datasets" / "flights" / version / "data"
        assert (found["dataset"], found["dataset_digest"]) == (f"flights@{version}", digest.of_folder(data))
        assert f"trained_on: {{dataset: flights, version: {version}}}" in (model / "artifact.yaml").read_text()
        assert f"`flights@{version}`" in (model / "README.md").read_text()


def test_a_model_of_the_winter_fails_in_summer_and_the_new_one_does_not(winter: Path, summer: Path) -> None:
    old, new = (json.loads(ran(summer, "evaluate.py", str(model / "model"))) for model in (winter, summer))
    assert old["rows"] == new["rows"] == metrics(summer)["rows"]
    assert new["auc"] > old["auc"] + 0.03
    assert old["log_loss"] > metrics(winter)["log_loss"] + 0.4
    assert new == {key: metrics(summer)[key] for key in new}


def test_the_reference_has_what_is_asked_what_is_answered_and_the_truth(winter: Path) -> None:
    reference = pq.read_table(winter / "drift" / "reference.parquet")
    inputs, _ = next(traffic.requests())
    assert reference.column_names == [*(one["name"] for one in inputs), "left_late", "late", "score"]
    assert len(reference) == 3000
    late, score = (reference[name].to_numpy() for name in ("late", "score"))
    assert ((score > 0.3) == (late == 1)).all()
    assert abs(score.mean() - reference["left_late"].to_numpy().mean()) < 0.05


def test_the_traffic_is_of_flights_that_no_version_has_learned_from() -> None:
    live = pq.read_table(traffic.FLIGHTS)
    known = {name: pq.read_table(ASSETS / "datasets" / "flights" / name / "data" / "flights.parquet") for name in ("v1.0.0", "v2.0.0")}
    assert min(live["day"].to_pylist()) > max(known["v1.0.0"]["day"].to_pylist())
    assert sum(len(truth["data"]) for _, truth in traffic.requests()) == len(live) == 2700
    assert (live["temperature"].to_numpy() > known["v1.0.0"]["temperature"].to_numpy().max()).mean() > 0.5
    rows = {tuple(row.values()) for row in known["v2.0.0"].to_pylist()}
    assert sum(tuple(row.values()) in rows for row in live.to_pylist()) < 0.01 * len(live)


async def test_the_server_answers_the_traffic(server: Asker) -> None:
    asker = Asker(server.session, server.url, model="delay")
    await asker.load("v1.0.0", {"model.onnx": (MODEL / "model" / "model.onnx").read_bytes()})
    inputs, truth = next(traffic.requests())
    rows = len(truth["data"])
    answer = await asker.post(f"{asker.address('v1.0.0')}/infer", {"inputs": inputs, "parameters": {"logged": [truth]}})
    assert {one["name"]: one["shape"] for one in answer.body["outputs"]} == {"late": [rows, 1], "score": [rows, 1]}
