"""Which model versions there are, and how each is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.compose import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    ColumnTransformer,
)
from sklearn.linear_model import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    LogisticRegression,
)
from sklearn.pipeline import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    make_pipeline,
)
from sklearn.preprocessing import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    StandardScaler,
)
from sklearn.tree import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    DecisionTreeClassifier,
)

from demo.assets import samples
from demo.assets.samples import Sample

MEANS = 10


@dataclass(frozen=True)
class Recipe:
    """One version of a model: its name, what it learns from, how, and what its card says about that."""

    name: str
    version: str
    sample: Callable[[], Sample]
    dataset: str
    estimator: Callable[[Sample], Any]
    method: str
    training_rows: int | None = None


def _regression(sample: Sample, columns: tuple[str, ...], strength: float) -> Any:
    """A logistic regression that takes every column of the sample and looks at `columns` alone."""
    chosen = [sample.columns.index(column) for column in columns]
    scaled = ColumnTransformer([("scaled", StandardScaler(), chosen)])
    return make_pipeline(scaled, LogisticRegression(C=strength, max_iter=5000))


def _first_look(sample: Sample) -> Any:
    return _regression(sample, ("mean_texture", "mean_concavity"), strength=1.0)


def _means(sample: Sample) -> Any:
    return _regression(sample, sample.columns[:MEANS], strength=1.0)


def _everything(sample: Sample) -> Any:
    return _regression(sample, sample.columns, strength=1.0)


def _cheap_assay(sample: Sample) -> Any:
    return _regression(sample, ("alcohol", "color_intensity", "hue"), strength=1.0)


def _pixels(sample: Sample) -> Any:
    return _regression(sample, sample.columns, strength=0.1)


def _grown_tree(_sample: Sample) -> Any:
    return DecisionTreeClassifier(random_state=0)


_BIOPSIES = "biopsies@v1.0.0"
_WINES = f"sklearn-wine@{samples.SCIKIT_LEARN}"
_DIGITS = f"sklearn-digits@{samples.SCIKIT_LEARN}"

RECIPES = (
    Recipe("biopsy", "v1.0.0", samples.biopsies, _BIOPSIES, _first_look,
           "Logistic regression on two of the thirty features: mean texture and mean concavity."),
    Recipe("biopsy", "v2.0.0", samples.biopsies, _BIOPSIES, _means,
           "Logistic regression on the ten mean features, standardised."),
    Recipe("biopsy", "v3.0.0", samples.biopsies, _BIOPSIES, _everything,
           "Logistic regression on all thirty features, standardised."),
    Recipe("biopsy", "v4.0.0", samples.biopsies, _BIOPSIES, _grown_tree,
           "One decision tree, grown until every leaf is pure, on only the first 40 training rows.", training_rows=40),
    Recipe("wine", "v1.0.0", samples.wines, _WINES, _cheap_assay,
           "Logistic regression on alcohol, colour intensity and hue."),
    Recipe("wine", "v1.1.0", samples.wines, _WINES, _everything,
           "Logistic regression on all thirteen measurements, standardised."),
    Recipe("digits", "v1.0.0", samples.digits, _DIGITS, _pixels,
           "Logistic regression on the 64 pixels, standardised, with stronger regularisation."),
)  # fmt: skip
