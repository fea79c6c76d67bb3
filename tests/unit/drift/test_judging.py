"""What is said of whole columns: verdicts, their reasons, and that chance alone brings none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.contract.drift import MOST_COLUMNS, Level
from workers.domain.drift import reporting
from workers.domain.drift.columns import drift
from workers.domain.drift.judging import Judged, Judgement, Limits
from workers.domain.drift.statistics import REST

CHANCE = np.random.default_rng(11)
ROWS = 2_000


def normal(place: float = 0.0, width: float = 1.0, rows: int = ROWS) -> NDArray[np.float64]:
    return CHANCE.normal(place, width, rows)


def words(shares: Sequence[float], rows: int = ROWS) -> list[str]:
    """Categories `a`, `b`, ... in exactly these shares."""
    return [name for name, share in zip("abcdefgh", shares, strict=False) for _ in range(round(share * rows))]


def only(judged: Judgement) -> Judged:
    (one,) = judged.columns
    return one


def of(reference: Any, live: Any, **more: Any) -> Judgement:
    return drift({"x": reference}, {"x": live}, **more)


def test_nothing_drifted() -> None:
    judged = drift({"a": normal(), "b": words([0.5, 0.5])}, {"a": normal(), "b": words([0.49, 0.51])})
    assert judged.verdict is Level.NONE
    assert judged.text == "None of 2 columns drifted."
    assert judged.drifted == 0


def test_a_shift_of_a_deviation_is_an_alert() -> None:
    judged = drift({"a": normal(), "b": normal()}, {"a": normal(1.0), "b": normal()})
    assert judged.verdict is Level.ALERT
    assert [one.found.column for one in judged.columns] == ["a", "b"]
    assert judged.text.startswith("1 of 2 columns drifted, most of all a (PSI ")
    assert judged.columns[0].q is not None
    assert judged.columns[0].q < 1e-6


def test_a_shift_that_psi_hardly_shows_is_a_warning_with_its_reason() -> None:
    one = only(of(normal(rows=20_000), normal(0.3, rows=20_000)))
    assert one.found.psi is not None
    assert one.found.psi < 0.1
    assert one.verdict is Level.WARNING
    assert one.found.notes == (f"values moved by {one.found.wasserstein_normalised:.2f} standard deviations",)


def test_categories_that_psi_hardly_shows_are_a_warning() -> None:
    one = only(of(words([0.5, 0.5]), words([0.35, 0.65])))
    assert one.verdict is Level.WARNING
    assert one.found.psi == pytest.approx(0.0929, abs=1e-4)
    assert one.found.notes == ("categories changed: Cramer's V is 0.15",)


def test_new_categories_show_and_are_named() -> None:
    one = only(of(words([0.5, 0.5]), words([0.4, 0.4, 0.2])))
    assert one.verdict is Level.ALERT
    assert one.found.notes == ("new categories: c (20.0% of rows)",)
    assert one.found.unexpected == pytest.approx(0.2)


def test_vanished_categories_are_named() -> None:
    assert only(of(words([0.4, 0.4, 0.2]), words([0.5, 0.5]))).found.notes == ("vanished categories: c (20.0% of rows)",)


def test_chance_alone_brings_no_verdict_in_small_samples() -> None:
    """Of 20 columns of 200 rows each, PSI passes 0.1 in a few, and no verdict does."""
    reference, live = ({f"n{number}": CHANCE.lognormal(size=200) for number in range(20)} for _ in range(2))
    judged = drift(reference, live)
    assert judged.verdict is Level.NONE
    assert any((one.found.psi or 0) > 0.1 for one in judged.columns)
    assert all(one.threshold is not None and one.threshold > 0.2 for one in judged.columns)


@pytest.mark.parametrize(("kinds", "rows"), [(50, (300, 300)), (500, (10_000, 1_000)), (3_000, (20_000, 1_000))])
def test_rare_categories_bring_no_verdict_by_chance(kinds: int, rows: tuple[int, int]) -> None:
    """Their empty bins alone make PSI pass 0.25."""
    shares = 1 / np.arange(1, kinds + 1) ** 1.2
    sides = [CHANCE.choice(kinds, size, p=shares / shares.sum()).astype(str) for size in rows]
    one = only(of(*sides))
    assert (one.found.psi or 0) > 0.25
    assert one.verdict is Level.NONE
    assert any("rare categories as one" in note for note in one.found.notes)


def test_an_identifier_cannot_be_told() -> None:
    judged = of([f"a{number}" for number in range(3_000)], [f"b{number}" for number in range(3_000)])
    assert judged.verdict is Level.TOO_FEW
    assert "so many categories with so few rows each cannot be told from chance" in only(judged).found.notes


def test_codes_that_are_all_replaced_are_an_alert_although_each_is_rare() -> None:
    one = only(of([str(number % 1_000) for number in range(10_000)], [f"new {number}" for number in range(300)]))
    assert one.verdict is Level.ALERT
    assert one.found.unexpected == pytest.approx(1.0)


def test_very_many_categories_have_a_bounded_answer() -> None:
    sides = [CHANCE.integers(0, 50_000, 60_000).astype(str) for _ in range(2)]
    found = only(of(*sides)).found
    assert found.bins is not None
    assert len(found.bins.labels) == 1_001
    assert found.bins.labels[-1] == REST
    assert sum(found.bins.reference) == sum(found.bins.live) == 60_000
    assert all(len(note) < 300 for note in found.notes)


@pytest.mark.parametrize("sizes", [(199, 5_000), (5_000, 199), (1, 1), (5_000, 0), (0, 0)])
def test_too_few_rows_are_no_verdict(sizes: tuple[int, int]) -> None:
    judged = of(normal(rows=sizes[0]), normal(9.0, rows=sizes[1]))
    assert judged.verdict is Level.TOO_FEW
    assert judged.text.endswith("a verdict needs 200 on each side.")


def test_the_limits_are_those_that_were_given() -> None:
    assert of(normal(rows=60), normal(3.0, rows=60), limits=Limits(at_least=50)).verdict is Level.ALERT
    assert of(normal(), normal(1.0), limits=Limits(warning=5.0, alert=9.0)).verdict is Level.WARNING  # it moved by a deviation


def test_missing_values_that_came_are_told_apart_from_the_values() -> None:
    live = normal()
    live[:200] = np.nan
    one = only(of(normal(), live))
    assert (one.verdict, one.found.missing_live) == (Level.WARNING, 200)
    assert one.found.missing_change == pytest.approx(0.1)
    assert one.found.notes == ("missing values: 0.0% before, 10.0% now",)
    live[:1_000] = np.nan
    assert only(of(normal(), live)).verdict is Level.ALERT


def test_a_column_with_few_values_among_many_rows_is_no_verdict_on_these() -> None:
    sparse = [np.where(np.arange(ROWS) < 100, normal(), np.nan) for _ in range(2)]
    judged = drift({"a": normal(), "x": sparse[0]}, {"a": normal(), "x": sparse[1]})
    assert judged.verdict is Level.NONE
    assert judged.text == "None of 2 columns drifted. One column has too few values for a verdict."


@pytest.mark.parametrize("missing", [[None] * ROWS, [float("nan")] * ROWS])
def test_a_column_without_any_value_is_broken(missing: list[Any]) -> None:
    assert of(normal(), missing).text == "1 column cannot be compared: x: every live value is missing."
    assert of(missing, normal()).verdict is Level.BROKEN
    assert of(words([0.5, 0.5]), [None] * ROWS).verdict is Level.BROKEN


def test_missing_on_both_sides_is_no_drift_and_no_verdict_either() -> None:
    judged = drift({"a": normal(), "x": [None] * ROWS}, {"a": normal(), "x": [None] * ROWS})
    assert judged.verdict is Level.NONE
    assert [one.column for one in judged.uncomputed] == ["x"]


def test_a_reference_that_is_constant() -> None:
    same = np.full(ROWS, 7.0)
    assert only(of(same, same)).found.psi == 0.0
    assert of(same, same).verdict is Level.NONE
    above = only(of(same, same + 1))
    assert (above.verdict, above.found.psi, above.found.wasserstein_normalised) == (Level.ALERT, 0.0, None)
    assert above.found.notes == ("the reference is constant, and at least 100% of live values are not that",)


def test_infinite_values_count_as_missing_and_are_named() -> None:
    live = normal()
    live[:3], live[3] = np.inf, -np.inf
    found = only(of(normal(), live)).found
    assert (found.rows_live, found.missing_live) == (ROWS - 4, 4)
    assert found.notes == ("4 values live are infinite, and count as missing",)


def test_columns_on_one_side_and_other_types_are_broken() -> None:
    judged = drift({"age": normal(), "x": normal()}, {"age_years": normal(), "x": words([0.5, 0.5])})
    assert judged.verdict is Level.BROKEN
    assert {one.found.column: one.found.broken for one in judged.columns} == {
        "age": "it is only in the reference; was it renamed? age_years is only on the other side",
        "age_years": "it is only in live rows; was it renamed? age is only on the other side",
        "x": "the type changed from number to text",
    }


def test_what_drifted_beside_broken_input_is_counted() -> None:
    judged = drift({"a": normal(), "gone": normal()}, {"a": normal(3.0)})
    assert judged.text == "1 column cannot be compared: gone: it is only in the reference. Of the others, 1 drifted."


@pytest.mark.filterwarnings("error")
def test_values_at_the_end_of_what_floats_can_hold() -> None:
    reference, live = np.repeat([-1.7e308, 0.0, 1.7e308], 300), np.repeat([-1.7e308, 0.0, 1.7e308], [700, 100, 100])
    found = only(of(reference, live)).found
    assert found.wasserstein == pytest.approx(1.1333e308, rel=1e-4)
    assert found.wasserstein_normalised is None
    assert found.ks == pytest.approx(4 / 9)
    assert found.psi is not None
    assert found.psi > 0.25


def test_a_constant_that_floats_cannot_hold_exactly_is_constant() -> None:
    """The standard deviation of a thousand times 0.1 is not zero in floats."""
    assert only(of(np.full(ROWS, 0.1), np.full(ROWS, 0.2))).verdict is Level.ALERT


def test_nothing_to_compare_is_broken() -> None:
    assert drift({}, {}).verdict is Level.TOO_FEW
    times = np.arange(ROWS).astype("datetime64[s]")
    judged = of(times, times)
    assert (judged.verdict, judged.text) == (Level.BROKEN, "There is no column that could be compared.")


def test_the_prediction_is_judged_apart_and_counts() -> None:
    judged = drift({"a": normal(), "p": normal()}, {"a": normal(), "p": normal(2.0)}, prediction="p")
    assert judged.verdict is Level.ALERT
    assert [one.found.column for one in judged.columns] == ["a"]
    assert judged.prediction is not None
    assert judged.text == f"a did not drift; the prediction drifted (PSI {judged.prediction.found.psi:.3f})."
    with pytest.raises(ValueError, match="no column q"):
        drift({"a": normal()}, {"a": normal()}, prediction="q")


def test_ignored_columns_are_not_looked_at() -> None:
    assert drift({"a": normal(), "id": normal()}, {"a": normal()}, ignore=["id"]).verdict is Level.NONE


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="of one length"):
        drift({"a": normal(), "b": normal(rows=3)}, {"a": normal()})


def test_the_same_rows_in_any_order_are_the_same() -> None:
    a, b = normal(), normal(0.2)
    names = CHANCE.choice(list("abcdef"), ROWS)
    first = drift({"n": a, "c": names}, {"n": b, "c": names})
    again = drift({"n": a[::-1], "c": names[::-1]}, {"n": CHANCE.permutation(b), "c": CHANCE.permutation(names)})
    assert first == again


def test_a_report_is_bounded_and_worst_first() -> None:
    reference = {f"c{number}": normal() for number in range(40)}
    live = {f"c{number}": normal(number / 20) for number in range(40)}
    judged = drift(reference, live)
    told = reporting.columns(judged)
    assert len(told) == MOST_COLUMNS
    assert [float(one.psi or 0) for one in told] == sorted((float(one.psi or 0) for one in told), reverse=True)
    assert all(one.q and float(one.q) >= 0 for one in told)


def test_pictures_have_ten_bins_at_most_and_whole_shares() -> None:
    names = [f"{number % 50:02}" for number in range(ROWS)]
    judged = drift({"n": normal(), "c": names, "p": normal()}, {"n": normal(1.0), "c": names[::-1], "p": normal()}, prediction="p")
    bars = {one.column: one for one in reporting.bars(judged)}
    assert next(iter(bars)) == "p"
    assert bars["n"].labels[0].startswith("< ")
    assert bars["n"].labels[-1].startswith(">= ")
    assert bars["c"].labels[-1] == REST
    for one in bars.values():
        assert len(one.labels) == 10
        assert sum(map(float, one.reference)) == pytest.approx(1, abs=0.001)
        assert sum(map(float, one.live)) == pytest.approx(1, abs=0.001)
