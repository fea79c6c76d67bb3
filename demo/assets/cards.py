"""Model cards: a YAML head in the layout of the Hugging Face Hub, and a plain text for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import yaml


@dataclass(frozen=True)
class Subject:
    """What the card of a model says whatever its version: the task, the data, and where not to use it."""

    title: str
    source: str
    inputs: str
    outputs: str
    use: str
    limits: str


SUBJECTS = {
    "biopsy": Subject(
        "Biopsy: benign or malignant",
        "Breast Cancer Wisconsin (Diagnostic), Wolberg, Mangasarian, Street and Street, UCI Machine Learning "
        "Repository (CC BY 4.0), in the copy that ships with scikit-learn: 569 fine needle aspirates of one hospital.",
        "`features`, FP32 `[-1, 30]`: ten measurements of the nuclei, each as mean, standard error and worst.",
        "`label` (1 = malignant) and `probabilities` (`[benign, malignant]`).",
        "A sample model that shows delivery from a repository to a server. It is not a medical device.",
        "Few rows, one clinic, one imaging method, 37 % malignant: far from the share in a screening programme, so "
        "the probabilities are not calibrated for one. Age and ethnic group are not recorded: fairness is unknown.",
    ),
    "wine": Subject(
        "Wine: which cultivar",
        "Wine recognition, Forina and others, UCI Machine Learning Repository (CC BY 4.0), in the copy that ships with "
        "scikit-learn: 178 wines from one region of Italy.",
        "`features`, FP32 `[-1, 13]`: the results of the chemical analysis.",
        "`label` (0, 1 or 2) and `probabilities` for the three cultivars.",
        "A sample model with three classes.",
        "178 wines from one region: it says nothing about other wines, and the held-out figures vary by several points with the split.",
    ),
    "digits": Subject(
        "Digits: 0 to 9 from 8 x 8 pixels",
        "Optical recognition of handwritten digits, Alpaydin and Kaynak, UCI Machine Learning Repository (CC BY 4.0), "
        "the test part in the copy that ships with scikit-learn: 1797 images.",
        "`features`, FP32 `[-1, 64]`: pixels row by row, 0 (blank) to 16.",
        "`label` (0 to 9) and `probabilities` for the ten digits.",
        "A sample model with a wider input.",
        "13 writers, already centred and scaled; the same writers appear in training and held-out rows, so the figures "
        "are kinder than a new writer would be.",
    ),
}


def model_card(name: str, version: str, method: str, trained_rows: int, metrics: Mapping[str, Any]) -> str:
    """Return the README.md of one version; `metrics` is what its `metrics.json` holds."""
    subject = SUBJECTS[name]
    head = yaml.safe_dump(_head(name, metrics), sort_keys=False, allow_unicode=True)
    body = dedent("""\
        # {title}

        Version {version}. {method}

        ## Data

        {source}

        Trained on {trained} rows; measured on {rows} rows that it never saw (`{dataset}`, split with a fixed seed).

        ## Interface

        - Input: {inputs}
        - Output: {outputs}

        ## Measured

        | metric | held-out rows |
        | --- | --- |
        | AUC | {auc} |
        | accuracy | {accuracy} |
        | log loss | {log_loss} |

        ## Intended use

        {use}

        ## Limits

        {limits}
        """)
    text = body.format(version=version, method=method, trained=trained_rows, **vars(subject), **metrics)
    return f"---\n{head}---\n\n{text}"


def _head(name: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    dataset = str(metrics["dataset"]).partition("@")[0]
    measured = [
        {"type": kind, "value": metrics[key]} for kind, key in (("roc_auc", "auc"), ("accuracy", "accuracy"), ("log_loss", "log_loss"))
    ]
    result = {
        "task": {"type": "tabular-classification"},
        "dataset": {"name": metrics["dataset"], "type": dataset},
        "metrics": measured,
    }
    return {
        "license": "apache-2.0",
        "library_name": "onnx",
        "tags": ["tabular-classification", "onnx"],
        "datasets": [dataset],
        "metrics": [entry["type"] for entry in measured],
        "model-index": [{"name": name, "results": [result]}],
    }
