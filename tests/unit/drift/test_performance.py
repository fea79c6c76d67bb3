"""How good predictions are, with labels and without, against scikit-learn and against what labels say in the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from pyarrow import parquet
from sklearn import metrics

from workers.app.front import command
from workers.domain.drift import estimating, realised

ROWS = 4_000
CHANCE = np.random.default_rng(17)


def scored(places: tuple[float, float] = (2, 2), rows: int = ROWS) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Calibrated scores, some of them the same, and what came true."""
    scores = np.round(CHANCE.beta(*places, rows), 2)
    return scores, CHANCE.random(rows) < scores


def test_realised_metrics_are_those_of_scikit_learn() -> None:
    scores, truth = scored()
    found = realised.of_scores(truth, scores)
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(truth, scores))
    assert realised.of_classes(truth, scores > 0.5) == {"accuracy": pytest.approx(metrics.accuracy_score(truth, scores > 0.5))}
    amounts = CHANCE.normal(size=ROWS), CHANCE.normal(size=ROWS)
    found = realised.of_numbers(*amounts)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(*amounts))
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(*amounts))


def test_a_class_that_does_not_occur_has_no_area_and_a_margin_no_log_loss() -> None:
    assert "auc" not in realised.of_scores(np.ones(5, np.bool_), np.linspace(0.1, 0.9, 5))
    assert realised.of_scores(np.array([False, True]), np.array([-3.0, 4.0])) == {"auc": 1.0}


@pytest.mark.parametrize("places", [(2, 2), (1, 6), (8, 1)])
def test_what_is_expected_of_calibrated_scores_comes_true(places: tuple[float, float]) -> None:
    scores, truth = scored(places, 100_000)
    expected = estimating.expected(scores)
    assert expected["accuracy"] == pytest.approx(metrics.accuracy_score(truth, scores >= 0.5), abs=0.01)
    assert expected["auc"] == pytest.approx(metrics.roc_auc_score(truth, scores), abs=0.01)
    assert expected["log_loss"] == pytest.approx(metrics.log_loss(truth, scores), abs=0.01)
    assert expected["f1"] == pytest.approx(metrics.f1_score(truth, scores >= 0.5), abs=0.03)


def test_an_expectation_of_a_few_rows_is_the_mean_over_all_that_could_come_true() -> None:
    scores = np.array([0.9, 0.6, 0.2])
    worlds = [np.array([(number >> place) & 1 for place in range(3)]) for number in range(8)]
    chances = [float(np.prod(np.where(world, scores, 1 - scores))) for world in worlds]
    accuracy = sum(chance * float(np.mean(world == (scores >= 0.5))) for world, chance in zip(worlds, chances, strict=True))
    assert estimating.expected(scores)["accuracy"] == pytest.approx(accuracy)


def test_what_is_no_probability_is_refused() -> None:
    for scores in ([1.2], [-0.1], [], [float("nan")]):
        with pytest.raises(ValueError, match="from 0 to 1"):
            estimating.expected(np.array(scores))


def test_the_delay_of_labels_is_the_middle_one() -> None:
    predicted = np.array(["2026-01-01T00", "2026-01-01T00", "2026-01-01T00", "NaT"], "datetime64[s]")
    labelled = np.array(["2026-01-01T06", "2026-01-03T00", "NaT", "2026-01-01T00"], "datetime64[s]")
    assert realised.middle_delay(predicted, labelled) == 27.0
    assert realised.middle_delay(predicted[2:], labelled[2:]) is None


def performance(folder: Path, reference: dict[str, Any], current: dict[str, Any], *options: str) -> dict[tuple[str, bool], dict[str, Any]]:
    """What the command says of each metric, by its name and whether it is estimated."""
    for name, columns in (("a", reference), ("b", current)):
        parquet.write_table(pa.table(columns), folder / f"{name}.parquet")
    done = CliRunner().invoke(command("drift"), [str(folder / "a.parquet"), str(folder / "b.parquet"), "--json", *options])
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    return {(one["metric"], one["estimated"]): one for one in found["performance"]}


def test_labels_measure_and_scores_estimate(tmp_path: Path) -> None:
    scores, truth = scored()
    late = pa.array(truth.astype(int), mask=np.arange(ROWS) >= 1_000)  # three quarters of the labels are not there yet
    reference = {"x": scores, "p": (scores >= 0.5).astype(int), "s": scores, "y": truth.astype(int)}
    found = performance(tmp_path, reference, {**reference, "y": late}, "--prediction", "p", "--score", "s", "--label", "y")
    accuracy = found["accuracy", False]
    assert (accuracy["rows"], accuracy["then"]) == (1_000, f"{np.mean((scores >= 0.5) == truth):.4g}")
    assert float(accuracy["now"]) == pytest.approx(np.mean((scores >= 0.5)[:1_000] == truth[:1_000]), abs=1e-4)
    estimated = found["auc", True]
    assert (estimated["rows"], estimated["then"]) == (ROWS, f"{metrics.roc_auc_score(truth, scores):.4g}")
    assert float(estimated["now"]) == pytest.approx(metrics.roc_auc_score(truth, scores), abs=0.02)
    said = CliRunner().invoke(command("drift"), [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet"), "--score", "s"]).stdout
    assert "auc " in said
    assert "(estimated, without labels, 4,000 rows" in said


def test_labels_in_words_need_to_say_which_is_positive(tmp_path: Path) -> None:
    scores, truth = scored()
    table = {"x": scores, "s": scores, "y": np.where(truth, "fraud", "honest")}
    found = performance(tmp_path, table, table, "--score", "s", "--label", "y", "--positive", "fraud")
    assert float(found["auc", False]["now"]) == pytest.approx(metrics.roc_auc_score(truth, scores), abs=1e-4)
    files = [str(tmp_path / f"{name}.parquet") for name in "ab"]
    done = CliRunner().invoke(command("drift"), [*files, "--score", "s", "--label", "y"])
    assert (done.exit_code, "say --positive VALUE" in done.stderr) == (2, True)
    done = CliRunner().invoke(command("drift"), [*files, "--prediction", "s", "--label", "y"])
    assert (done.exit_code, "hold different types" in done.stderr) == (2, True)
    done = CliRunner().invoke(command("drift"), [*files, "--score", "y"])
    assert (done.exit_code, "holds no numbers" in done.stderr) == (2, True)


def test_amounts_are_measured_by_their_distance(tmp_path: Path) -> None:
    table = {"x": np.arange(300), "p": np.arange(300.0), "y": np.arange(300.0) + 2}
    found = performance(tmp_path, table, table, "--prediction", "p", "--label", "y")
    assert (found["mae", False]["now"], found["rmse", False]["then"]) == ("2", "2")


def test_labels_that_have_not_come_yet_are_no_metric(tmp_path: Path) -> None:
    table = {"x": np.arange(300), "p": ["a", "b"] * 150, "y": ["a", "b"] * 150}
    assert performance(tmp_path, table, {**table, "y": pa.nulls(300)}, "--prediction", "p", "--label", "y") == {}
    current = {name: values for name, values in table.items() if name != "y"}
    assert performance(tmp_path, table, current, "--prediction", "p", "--label", "y") == {}
