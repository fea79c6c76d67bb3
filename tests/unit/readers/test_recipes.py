"""`retrain` in artifact.yaml: what is taken, and every fault with its line."""

from __future__ import annotations

import pytest

from workers.adapters.git import artifacts, dvc
from workers.adapters.git.declarations import Where
from workers.contract.names import ArtifactName
from workers.contract.promotion import Kind
from workers.contract.retraining import How, Recipe

NAME = ArtifactName.read("biopsy")
FILE = "models/biopsy/artifact.yaml"


def declared(said: str) -> tuple[Recipe | None, list[str]]:
    found, reasons = artifacts.read(f"kind: model\nname: biopsy\n{said}".encode(), Where(FILE), NAME, Kind.MODEL)
    assert found is not None
    return found.retrain, reasons


def test_everything_that_it_may_say() -> None:
    digest = "registry.example/train@sha256:" + "a" * 64
    said = f"""\
retrain:
  command: [python, train.py]
  evaluate: [python, measure.py, "{{model}}"]
  parameters: {{epochs: 10, rate: 0.001, shuffle: true, data: transactions@v2.0.0}}
  inputs: [datasets/transactions, lib/]
  image: "{digest}"
  minutes: 90
  memory_mb: 2048
  disk_mb: 512
  log_kb: 64
"""
    found, reasons = declared(said)
    assert reasons == []
    assert found == Recipe(
        How.COMMAND, ("python", "train.py"), ("python", "measure.py", "{model}"), image=digest, inputs=("datasets/transactions", "lib"),
        parameters={"epochs": "10", "rate": "0.001", "shuffle": "true", "data": "transactions@v2.0.0"},
        minutes=90, memory_mb=2048, disk_mb=512, log_kb=64,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("{dvc: train}", Recipe(How.DVC, target="train")),
        ("{github: retrain.yml, minutes: 30}", Recipe(How.GITHUB, workflow="retrain.yml", minutes=30)),
        ("{gitlab: true, parameters: {epochs: 3}}", Recipe(How.GITLAB, parameters={"epochs": "3"})),
    ],
)
def test_the_other_ways(said: str, found: Recipe) -> None:
    assert declared(f"retrain: {said}\n") == (found, [])


def test_without_it_there_is_none() -> None:
    assert declared("") == (None, [])


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("retrain: train.py", "exactly one of"),
        ("retrain: {}", "exactly one of"),
        ("retrain: {command: [a], dvc: b}", "exactly one of"),
        ("retrain: {command: python train.py}", "a list of at most 50 words"),
        ("retrain: {command: []}", "a list of at most 50 words"),
        ('retrain: {command: ["a\\nb"]}', "a list of at most 50 words"),
        ("retrain: {command: [a], evaluate: [b]}", "must hold {model}"),
        ("retrain: {command: [a], minutes: 0}", "from 1 to 10080"),
        ("retrain: {command: [a], minutes: true}", "from 1 to 10080"),
        ("retrain: {command: [a], memory_mb: 1}", "from 64"),
        ("retrain: {command: [a], image: python:3.12}", "is not an image by its digest"),
        ("retrain: {command: [a], inputs: [../other]}", "paths from the root"),
        ("retrain: {command: [a], inputs: [.]}", "paths from the root"),
        ("retrain: {command: [a], parameters: {a b: c}}", "a parameter is a name"),
        ("retrain: {command: [a], parameters: {a: [1]}}", "a parameter is a name"),
        ("retrain: {command: [a], parameters: [1]}", "must be a mapping"),
        ("retrain: {command: [a], shell: bash}", "'shell' is not known here"),
        ("retrain: {dvc: -f}", "the name of a stage"),
        ("retrain: {github: ../evil.yml}", "the file of a workflow"),
        ("retrain: {github: retrain.yml, memory_mb: 100}", "for what runs on a host of Towpath's"),
        ("retrain: {gitlab: false}", "gitlab must be true"),
    ],
)
def test_every_fault_has_its_line(said: str, why: str) -> None:
    found, reasons = declared(f"{said}\n")
    assert found is None
    assert any(why in reason for reason in reasons), reasons
    assert all(reason.startswith(f"{FILE}, line 3: ") for reason in reasons)


def test_only_models_have_it() -> None:
    content = b"kind: dataset\nname: biopsy\nretrain: {command: [a]}\n"
    _, reasons = artifacts.read(content, Where("datasets/biopsy/artifact.yaml"), NAME, Kind.DATASET)
    assert any("'retrain' is not known here" in reason for reason in reasons)


def test_an_artifact_of_dvc_may_say_it_too() -> None:
    content = b"""\
artifacts:
  churn:
    path: models/churn.onnx
    type: model
    meta:
      towpath: {entry: churn.onnx, retrain: {dvc: train, minutes: 0}}
"""
    found, reasons = dvc.read(content, Where("dvc.yaml", "churn", 2), ArtifactName.read("churn"), Kind.MODEL)
    assert reasons == ["dvc.yaml, line 6: minutes must be a whole number from 1 to 10080."]
    found, reasons = dvc.read(content.replace(b", minutes: 0", b""), Where("dvc.yaml", "churn", 2), ArtifactName.read("churn"), Kind.MODEL)
    assert found is not None
    assert (found.retrain, reasons) == (Recipe(How.DVC, target="train"), [])
