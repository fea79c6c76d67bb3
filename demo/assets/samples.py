"""The data sets that ship inside scikit-learn, split once and for all into training and held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sklearn  # type: ignore[import-not-found,import-untyped,unused-ignore]
from sklearn.datasets import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    load_breast_cancer,
    load_digits,
    load_wine,
)
from sklearn.model_selection import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    train_test_split,
)

from demo.model_server import digest

SPLIT_SEED = 7
HELD_OUT = 0.25
SCIKIT_LEARN: str = f"v{sklearn.__version__}"

Rows = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sample:
    """One data set: `rows` is `[n, len(columns)]`, `classes` is `[n]` with 0 for the first of `class_names`."""

    columns: tuple[str, ...]
    target: str
    class_names: tuple[str, ...]
    train_rows: Rows
    train_classes: Classes
    held_out_rows: Rows
    held_out_classes: Classes

    def files(self) -> dict[str, bytes]:
        """Return the sample as CSV files: the training rows and the held-out rows."""
        return {
            "holdout.csv": self._csv(self.held_out_rows, self.held_out_classes),
            "train.csv": self._csv(self.train_rows, self.train_classes),
        }

    def digest(self) -> str:
        """Return the digest of `files()`."""
        return digest.of_files(self.files())

    def _csv(self, rows: Rows, classes: Classes) -> bytes:
        lines = [",".join((*self.columns, self.target))]
        for row, number in zip(rows, classes, strict=True):
            lines.append(",".join((*(f"{value:.10g}" for value in row), str(int(number)))))
        return ("\n".join(lines) + "\n").encode()


def biopsies() -> Sample:
    """Wisconsin diagnostic breast cancer: 569 rows, 30 features; class 1 is malignant."""
    loaded = load_breast_cancer()
    columns = tuple(str(name).replace(" ", "_") for name in loaded.feature_names)
    return _split(loaded.data, 1 - loaded.target, columns, "malignant", ("benign", "malignant"))


def wines() -> Sample:
    """Wine recognition: 178 rows, 13 chemical measurements, three cultivars."""
    loaded = load_wine()
    columns = tuple(str(name).replace("/", "_") for name in loaded.feature_names)
    return _split(loaded.data, loaded.target, columns, "cultivar", tuple(str(name) for name in loaded.target_names))


def digits() -> Sample:
    """Handwritten digits: 1797 images of 8 x 8 pixels, each 0 to 16."""
    loaded = load_digits()
    columns = tuple(str(name) for name in loaded.feature_names)
    return _split(loaded.data, loaded.target, columns, "digit", tuple(str(name) for name in loaded.target_names))


def _split(rows: Any, classes: Any, columns: tuple[str, ...], target: str, names: tuple[str, ...]) -> Sample:
    train, held, train_classes, held_classes = train_test_split(
        rows, classes, test_size=HELD_OUT, random_state=SPLIT_SEED, stratify=classes
    )
    return Sample(columns, target, names, train, train_classes, held, held_classes)
