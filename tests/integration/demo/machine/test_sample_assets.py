"""The sample artifacts: they do what their files say, served by the real server and run by the real interpreter."""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from demo.model_server import digest
from demo.model_server.process import ModelServer
from demo.processes import Child, answers, free_port
from demo.repository.story import ASSETS

from .standing import Asker

MODELS = sorted((ASSETS / "models").glob("*/*"))
VERSIONS = sorted(path.parent for path in ASSETS.rglob("artifact.yaml"))


def labelled(path: Path) -> str:
    return f"{path.parent.name}@{path.name}"


def metrics_of(label: str) -> dict[str, Any]:
    name, _, version = label.partition("@")
    found: dict[str, Any] = json.loads((ASSETS / "models" / name / version / "metrics.json").read_bytes())
    return found


@pytest.mark.parametrize("version", VERSIONS, ids=labelled)
def test_the_declaration_names_files_that_are_there(version: Path) -> None:
    declared = yaml.safe_load((version / "artifact.yaml").read_text())
    assert declared["name"] == version.parent.name
    assert f"{declared['kind']}s" == version.parent.parent.name
    assert declared["owners"] == ["U0DANA"]
    assert (version / declared["path"] / declared["entry"]).is_file()
    golden = declared.get("golden", {})
    for path in (declared["card"], declared.get("metrics"), declared.get("schema"), golden.get("input")):
        assert path is None or (version / path).is_file()
    if "trained_on" in declared:
        trained_on = declared["trained_on"]
        assert (ASSETS / "datasets" / trained_on["dataset"] / trained_on["version"]).is_dir()


@pytest.mark.parametrize("version", MODELS, ids=labelled)
async def test_a_model_answers_its_golden_input(server: Asker, version: Path) -> None:
    declared = yaml.safe_load((version / "artifact.yaml").read_text())
    asker = Asker(server.session, server.url, model=declared["name"])
    content = (version / declared["path"] / declared["entry"]).read_bytes()
    loaded = await asker.load(version.name, {declared["entry"]: content})
    assert loaded.body["parameters"]["digest"] == digest.of_folder(version / declared["path"])

    given = json.loads((version / declared["golden"]["input"]).read_bytes())
    expected = json.loads((version / declared["golden"]["output"]).read_bytes())["outputs"]
    answer = await asker.post(f"{asker.address(version.name)}/infer", given)
    found = answer.body["outputs"]
    assert 3 <= given["inputs"][0]["shape"][0] <= 5
    assert [(own["name"], own["datatype"], own["shape"]) for own in found] == [
        (own["name"], own["datatype"], own["shape"]) for own in expected
    ]
    for own, wanted in zip(found, expected, strict=True):
        assert own["data"] == pytest.approx(wanted["data"], abs=declared["golden"]["tolerance"])


def test_metrics_tell_the_story() -> None:
    auc = [metrics_of(f"biopsy@v{major}.0.0")["auc"] for major in (1, 2, 3, 4)]
    assert 0.93 < auc[0] < 0.96
    assert auc[0] + 0.01 < auc[1] < auc[2] - 0.01
    assert auc[3] < 0.90
    assert metrics_of("wine@v1.1.0")["auc"] > metrics_of("wine@v1.0.0")["auc"]
    for version in MODELS:
        metrics = metrics_of(labelled(version))
        assert set(metrics) == {"auc", "accuracy", "log_loss", "rows", "dataset", "dataset_digest"}


def test_metrics_name_the_data_set_that_is_in_the_repository() -> None:
    own = digest.of_folder(ASSETS / "datasets" / "biopsies" / "v1.0.0" / "data")
    for major in (1, 2, 3, 4):
        metrics = metrics_of(f"biopsy@v{major}.0.0")
        assert (metrics["dataset"], metrics["dataset_digest"]) == ("biopsies@v1.0.0", own)


@pytest.mark.parametrize("version", MODELS, ids=labelled)
def test_the_card_repeats_the_metrics(version: Path) -> None:
    _, head, text = (version / "README.md").read_text().split("---\n", 2)
    card, metrics = yaml.safe_load(head), metrics_of(labelled(version))
    assert (card["license"], card["library_name"]) == ("apache-2.0", "onnx")
    assert card["datasets"] == [metrics["dataset"].partition("@")[0]]
    index = card["model-index"][0]
    assert index["name"] == version.parent.name
    measured = {entry["type"]: entry["value"] for entry in index["results"][0]["metrics"]}
    assert measured == {key: metrics[name] for key, name in
                        (("roc_auc", "auc"), ("accuracy", "accuracy"), ("log_loss", "log_loss"))}  # fmt: skip
    assert version.name in text
    for heading in ("## Data", "## Intended use", "## Limits"):
        assert heading in text


def test_the_data_set_matches_its_schema() -> None:
    folder = ASSETS / "datasets" / "biopsies" / "v1.0.0" / "data"
    schema = json.loads((folder / "schema.json").read_bytes())
    for name, rows in (("train.csv", schema["rows"]), ("holdout.csv", schema["held_out_rows"])):
        lines = (folder / name).read_text().splitlines()
        assert lines[0].split(",") == [column["name"] for column in schema["columns"]]
        assert len(lines) - 1 == rows
        for line in lines[1:]:
            *features, target = line.split(",")
            assert len([float(value) for value in features]) == 30
            assert target in {"0", "1"}


def test_the_assets_are_small_and_hold_no_pickle() -> None:
    files = [path for path in ASSETS.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert sum(path.stat().st_size for path in files) < 1_500_000
    assert not [path for path in files if path.suffix in {".pkl", ".joblib", ".pickle"}]


@pytest.fixture(scope="module")
def model_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    with ModelServer(tmp_path_factory.mktemp("models"), "staging") as server:
        yield server


@pytest.mark.parametrize("version", ["v1.0.0", "v1.1.0"])
def test_the_service_tells_its_version_and_whether_the_model_is_ready(model_server: ModelServer, tmp_path: Path, version: str) -> None:
    release = ASSETS / "services" / "triage" / version / "release"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"PORT": str(port), "MODEL_SERVER": model_server.url}
    with Child([sys.executable, "app.py"], tmp_path / "log", env=settings, folder=release) as child:
        child.wait_until(lambda: answers(f"{url}/health"))
        health = httpx.get(f"{url}/health").json()
        assert (health["service"], health["version"]) == ("triage", version)
        assert httpx.get(f"{url}/ready").status_code == (200 if health["model_ready"] else 503)
        assert httpx.get(f"{url}/other").status_code == 404
        if version == "v1.1.0":
            ask_triage(url, model_server)


def ask_triage(url: str, model_server: ModelServer) -> None:
    version = ASSETS / "models" / "biopsy" / "v3.0.0"
    given = json.loads((version / "golden" / "input.json").read_bytes())["inputs"][0]["data"]
    assert httpx.post(f"{url}/triage", json={"features": given}).status_code == 502
    serve(model_server.url, (version / "model" / "model.onnx").read_bytes())
    assert httpx.get(f"{url}/ready").status_code == 200
    told = httpx.post(f"{url}/triage", json={"features": given}).json()
    assert told == {"urgent": [False, True, False, True], "model_version": "v3.0.0"}
    for wrong in (b"", b"{}", b"[]", b'{"features": 3}', b'{"features": []}'):
        assert httpx.post(f"{url}/triage", content=wrong).status_code in {400, 404}


def serve(url: str, content: bytes) -> None:
    parameters = {"file:v3.0.0/model.onnx": base64.b64encode(content).decode()}
    httpx.post(f"{url}/v2/repository/models/biopsy/load", json={"parameters": parameters}).raise_for_status()
    httpx.post(f"{url}/v2/repository/models/biopsy/versions/v3.0.0/default").raise_for_status()
