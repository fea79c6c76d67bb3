"""Make the sample models and the sample data set again: `python -m demo.assets.train [FOLDER]`.

Needs scikit-learn and skl2onnx, which the demo itself does not. Every seed is fixed: the same library versions give the
same bytes. Metrics and golden outputs come from the ONNX file, because that is what will be served.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped,unused-ignore]
import yaml
from skl2onnx import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    to_onnx,
)
from skl2onnx.common.data_types import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    FloatTensorType,
)
from sklearn.metrics import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    accuracy_score,
    log_loss,
    roc_auc_score,
)

from demo.assets import samples
from demo.assets.cards import model_card
from demo.assets.recipes import RECIPES, Recipe
from demo.assets.samples import Sample
from demo.model_server import digest

OPSET = 18
GOLDEN_ROWS = 4
OWNERS = ["U0DANA"]
DATASET_VERSION = "v1.0.0"


def main(folder: Path) -> None:
    """Write every model and the data set below `folder`."""
    dataset_digest = write_biopsies(folder / "datasets" / "biopsies" / DATASET_VERSION)
    for recipe in RECIPES:
        sample = recipe.sample()
        known = dataset_digest if recipe.name == "biopsy" else sample.digest()
        metrics = write_model(folder / "models" / recipe.name / recipe.version, recipe, sample, known)
        print(f"{recipe.name} {recipe.version}: {metrics}")


def write_model(folder: Path, recipe: Recipe, sample: Sample, dataset_digest: str) -> dict[str, Any]:
    """Train one version, write its files, return its metrics."""
    rows = sample.train_rows[: recipe.training_rows].astype(np.float32)
    fitted = recipe.estimator(sample).fit(rows, sample.train_classes[: recipe.training_rows])
    model = onnx_bytes(fitted, recipe.name, len(sample.columns))
    metrics = measured(model, sample) | {"dataset": recipe.dataset, "dataset_digest": dataset_digest}
    given, expected = golden(model, sample)
    write(folder / "artifact.yaml", declaration(recipe))
    write(folder / "model" / "model.onnx", model)
    write(folder / "metrics.json", as_json(metrics))
    write(folder / "README.md", model_card(recipe.name, recipe.version, recipe.method, len(rows), metrics).encode())
    write(folder / "golden" / "input.json", as_json(given))
    write(folder / "golden" / "output.json", as_json(expected))
    return metrics


def onnx_bytes(fitted: Any, name: str, columns: int) -> bytes:
    """Return a fitted classifier as ONNX: `features` FP32 `[-1, columns]` to `label` and `probabilities`."""
    converted = to_onnx(
        fitted,
        name=name,
        initial_types=[("features", FloatTensorType([None, columns]))],
        options={"zipmap": False},
        target_opset={"": OPSET, "ai.onnx.ml": 3},
    )
    content: bytes = converted.SerializeToString()
    return content


def answers(model: bytes, rows: Any) -> tuple[Any, Any]:
    """Return the labels `[n]` and probabilities `[n, classes]` that an ONNX file gives for `rows`."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(["label", "probabilities"], {"features": rows.astype(np.float32)})
    return labels, probabilities


def measured(model: bytes, sample: Sample) -> dict[str, Any]:
    """Return AUC (one against the rest where there are more than two classes), accuracy and log loss, held out."""
    labels, probabilities = answers(model, sample.held_out_rows)
    probabilities = probabilities.astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    scores = probabilities[:, 1] if len(sample.class_names) == 2 else probabilities
    truth = sample.held_out_classes
    return {
        "auc": round(float(roc_auc_score(truth, scores, multi_class="ovr")), 4),
        "accuracy": round(float(accuracy_score(truth, labels)), 4),
        "log_loss": round(float(log_loss(truth, probabilities)), 4),
        "rows": len(truth),
    }


def golden(model: bytes, sample: Sample) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an inference request with held-out rows of different classes, and the outputs that answer it."""
    rows = sample.held_out_rows[golden_rows(sample)]
    labels, probabilities = answers(model, rows)
    given = tensor("features", "FP32", rows.shape, [[float(f"{value:.10g}") for value in row] for row in rows])
    label = tensor("label", "INT64", labels.shape, [int(value) for value in labels])
    chances = [round(float(value), 6) for value in probabilities.ravel()]
    return {"inputs": [given]}, {"outputs": [label, tensor("probabilities", "FP32", probabilities.shape, chances)]}


def golden_rows(sample: Sample) -> list[int]:
    """Return the indexes of the held-out rows to show: the first of each class, then the second of each, and so on."""
    seen = [int(np.sum(sample.held_out_classes[:index] == own)) for index, own in enumerate(sample.held_out_classes)]
    ordered = sorted(range(len(seen)), key=lambda index: (seen[index], sample.held_out_classes[index]))
    return ordered[:GOLDEN_ROWS]


def tensor(name: str, datatype: str, shape: tuple[int, ...], values: list[Any]) -> dict[str, Any]:
    """Return one tensor in the JSON of the Open Inference Protocol V2."""
    return {"name": name, "shape": list(shape), "datatype": datatype, "data": values}


def declaration(recipe: Recipe) -> bytes:
    """Return the `artifact.yaml` of a model."""
    content: dict[str, Any] = {
        "kind": "model",
        "name": recipe.name,
        "path": "model",
        "entry": "model.onnx",
        "owners": OWNERS,
        "metrics": "metrics.json",
        "card": "README.md",
        "golden": {"input": "golden/input.json", "output": "golden/output.json", "tolerance": 1.0e-4},
    }
    if recipe.name == "biopsy":
        content["trained_on"] = {"dataset": "biopsies", "version": DATASET_VERSION}
    return as_yaml(content)


def write_biopsies(folder: Path) -> str:
    """Write the data set artifact and return its digest, which covers its `data` folder."""
    sample = samples.biopsies()
    schema = {
        "columns": [{"name": name, "type": "float64"} for name in sample.columns] + [{"name": sample.target, "type": "int64"}],
        "rows": len(sample.train_rows),
        "held_out_rows": len(sample.held_out_rows),
        "target": sample.target,
    }
    for name, content in (sample.files() | {"schema.json": as_json(schema)}).items():
        write(folder / "data" / name, content)
    declared = {
        "kind": "dataset",
        "name": "biopsies",
        "path": "data",
        "entry": "train.csv",
        "schema": "data/schema.json",
        "owners": OWNERS,
        "card": "README.md",
    }
    write(folder / "artifact.yaml", as_yaml(declared))
    write(folder / "README.md", dataset_card(sample).encode())
    return digest.of_folder(folder / "data")


def dataset_card(sample: Sample) -> str:
    """Return the README.md of the data set artifact."""
    return (
        "---\nlicense: cc-by-4.0\ntask_categories: [tabular-classification]\n---\n\n"
        "# Biopsies\n\n"
        "Breast Cancer Wisconsin (Diagnostic) by Wolberg, Mangasarian, Street and Street (UCI Machine Learning "
        "Repository, CC BY 4.0), in the copy that ships with scikit-learn, split at random with a fixed seed.\n\n"
        f"- `data/train.csv`: {len(sample.train_rows)} rows to learn from\n"
        f"- `data/holdout.csv`: {len(sample.held_out_rows)} rows to measure on\n"
        "- `data/schema.json`: columns, types and row counts\n\n"
        "Changed: the columns are named with underscores, and the target is `malignant` (1) or not (0).\n"
    )


def as_json(content: dict[str, Any]) -> bytes:
    """Return `content` as indented JSON, in the given order."""
    return (json.dumps(content, indent=2) + "\n").encode()


def as_yaml(content: dict[str, Any]) -> bytes:
    """Return `content` as YAML in the given order."""
    return yaml.safe_dump(content, sort_keys=False).encode()


def write(path: Path, content: bytes) -> None:
    """Write one file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
