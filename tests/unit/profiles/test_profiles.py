"""Profiles say what the rows say: exactly where bins are exact, within a stated bound elsewhere, and in whatever order stretches are added."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.domain.drift import measures, profile, profiled, stored
from workers.domain.drift.counting import Count
from workers.domain.drift.distances import distances
from workers.domain.drift.grid import Floats
from workers.domain.drift.profile import ReferenceProfile, WindowProfile, merge
from workers.domain.drift.statistics import REST

from .rows import counted, referred

VALUES = st.lists(
    st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6), st.floats(allow_nan=False, allow_infinity=False, width=32)),
    min_size=1, max_size=300,
)  # fmt: skip


def exact(a: Floats, b: Floats) -> tuple[float, float]:
    return distances(np.sort(a), np.sort(b))


@settings(max_examples=80, deadline=None)
@given(VALUES, VALUES)
def test_few_different_values_are_compared_exactly_but_for_where_lines_cross(was: list[float], now: list[float]) -> None:
    reference = referred({"x": np.array(was)})
    ((found, bound),) = profiled.statistics(reference, counted(reference, {"x": np.array(now)}))
    ks, wasserstein = exact(np.array(was), np.array(now))
    assert found.ks == pytest.approx(ks, abs=1e-12)
    assert found.wasserstein is not None and bound.ks == 0
    tiny = 1e-9 * max(map(abs, (*was, *now)))
    assert found.wasserstein - tiny <= wasserstein <= found.wasserstein + bound.wasserstein + tiny


@pytest.mark.parametrize("shape", ["normal", "heavy", "mixed", "shifted", "far", "rounded"])
@pytest.mark.parametrize("rows", [300, 5000, 100_000])
def test_many_values_are_compared_within_the_bound(shape: str, rows: int) -> None:
    chance = np.random.default_rng(7)
    was = chance.normal(size=50_000)
    shapes: dict[str, Callable[[], Floats]] = {
        "normal": lambda: chance.normal(size=rows),
        "heavy": lambda: chance.standard_cauchy(rows),
        "mixed": lambda: np.where(chance.random(rows) < 0.4, 0.0, chance.normal(size=rows)),
        "shifted": lambda: chance.normal(0.3, 1.2, rows),
        "far": lambda: np.append(chance.normal(size=rows - 1), 1e9),
        "rounded": lambda: np.round(chance.normal(size=rows), 1),
    }
    now = shapes[shape]()
    reference = referred({"x": was})
    ((found, bound),) = profiled.statistics(reference, counted(reference, {"x": now}, pieces=3))
    ks, wasserstein = exact(was, now)
    assert found.ks is not None and found.wasserstein is not None
    assert abs(found.ks - ks) <= bound.ks + 1e-12
    assert bound.ks <= 0.0012
    assert found.wasserstein - 1e-9 * wasserstein <= wasserstein <= found.wasserstein + bound.wasserstein + 1e-9 * wasserstein
    assert bound.wasserstein <= 0.02
    inner = measures.edges(np.sort(was))
    tenths = [measures.counts(np.sort(side), inner) for side in (was, now)]
    assert found.bins is not None
    assert [found.bins.reference, found.bins.live] == [tuple(counts) for counts in tenths]
    assert found.psi == measures.psi(*tenths) and found.js == measures.js_distance(*tenths)


def test_a_reference_with_a_frequent_value_keeps_it_apart() -> None:
    chance = np.random.default_rng(3)
    was = np.where(chance.random(40_000) < 0.3, 0.0, chance.normal(size=40_000))
    now = np.where(chance.random(9_000) < 0.3, 1e-9, chance.normal(size=9_000))
    reference = referred({"x": was})
    ((found, bound),) = profiled.statistics(reference, counted(reference, {"x": now}))
    assert found.ks == pytest.approx(exact(was, now)[0], abs=bound.ks + 1e-12)
    assert found.ks is not None and found.ks > 0.25


def test_one_value_against_another_is_as_far_as_can_be() -> None:
    reference = referred({"x": np.ones(500)})
    ((found, _),) = profiled.statistics(reference, counted(reference, {"x": np.full(300, 0.5)}))
    assert (found.ks, found.wasserstein, found.wasserstein_normalised) == (1.0, 0.5, None)


def test_values_that_no_sum_can_hold_are_told_and_not_measured() -> None:
    reference = referred({"x": np.array([0.0, 1.0])})
    ((found, _),) = profiled.statistics(reference, counted(reference, {"x": np.array([1.7e308, 1.7e308, 0.5])}))
    assert found.wasserstein is None and found.ks is not None
    assert "too large" in found.notes[0]


CATEGORIES = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(1, 50), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(CATEGORIES, CATEGORIES)
def test_categories_are_compared_exactly(was: dict[str, int], now: dict[str, int]) -> None:
    reference = referred({"c": was})
    ((found, bound),) = profiled.statistics(reference, counted(reference, {"c": now}))
    both = sorted({*was, *now})
    table = [[side.get(one, 0) for one in both] for side in (was, now)]
    assert (found.chi2, found.chi2_pvalue) == pytest.approx(measures.chi2(*table), rel=1e-9, abs=1e-12)
    assert found.psi == pytest.approx(measures.psi(*table), rel=1e-9, abs=1e-12)
    assert found.js == pytest.approx(measures.js_distance(*table), abs=1e-7)
    assert any("new categories" in note for note in found.notes) is bool({*now} - {*was})
    assert bound == profiled.Approximation()


def test_any_number_of_new_categories_needs_little_room_and_loses_no_row() -> None:
    reference = referred({"c": {"a": 5, "b": 5}})
    window = counted(reference, {"c": {f"id-{i}": 1 for i in range(10_000)} | {"a": 7}}, pieces=50)
    assert len(window.new[0]) == profile.MOST_NEW
    assert (int(window.counts.sum()), window.rows) == (10_007, 10_007)
    ((found, _),) = profiled.statistics(reference, window)
    assert found.bins is not None and sum(found.bins.live) == 10_007


def test_more_categories_than_are_listed_share_one_cell() -> None:
    was = {f"c{i:05}": 1 for i in range(3000)} | {"common": 100}
    reference = referred({"c": was})
    ((found, _),) = profiled.statistics(reference, counted(reference, {"c": was}))
    assert found.psi == pytest.approx(0.0, abs=1e-12)
    assert found.bins is not None and found.bins.labels[-1] == REST
    assert not any("new categories" in note for note in found.notes)


REFERENCE = referred({"x": np.array([0.0, 1.0, 2.0, 5.0]), "c": {"a": 2, "b": 1}, "empty": {}})


@st.composite
def windows(draw: st.DrawFn) -> WindowProfile:
    count = Count(REFERENCE)
    values = np.array(draw(st.lists(st.integers(-8, 8).map(float), max_size=8)))
    count.numbers(0, values, draw(st.integers(0, 3)))
    new = draw(st.dictionaries(st.text("xyz", min_size=1, max_size=5), st.integers(1, 9), max_size=90))
    count.categories(1, np.array(draw(st.lists(st.integers(0, 9), min_size=2, max_size=2))), new, draw(st.integers(0, 3)))
    count.absent(2, draw(st.integers(0, 3)))
    count.unfit(0, draw(st.integers(0, 3)))
    count.rows(draw(st.integers(0, 99)), draw(st.integers(0, 9)))
    if draw(st.booleans()):
        count.span(*sorted((draw(st.integers(0, 10**15)), draw(st.integers(0, 10**15)))))
    return count.finished()


def said(window: WindowProfile) -> bytes:
    return stored.window_to_bytes(window, REFERENCE)


@settings(max_examples=60, deadline=None)
@given(windows(), windows(), windows())
def test_merging_is_associative_and_commutative(a: WindowProfile, b: WindowProfile, c: WindowProfile) -> None:
    assert said(merge(a, b)) == said(merge(b, a))
    one, other = merge(merge(a, b), c), merge(a, merge(b, c))
    assert said(replace(one, sums=a.sums)) == said(replace(other, sums=a.sums))
    assert np.allclose(one.sums, other.sums, rtol=1e-12, atol=1e-12)
    assert said(merge(a, profile.empty(REFERENCE))) == said(a)


@settings(max_examples=40, deadline=None)
@given(windows())
def test_a_stored_window_is_read_back_as_it_was(window: WindowProfile) -> None:
    assert said(stored.read_window(said(window), REFERENCE)) == said(window)


def test_a_stored_reference_is_read_back_as_it_was() -> None:
    content = stored.reference_to_bytes(REFERENCE)
    again = stored.read_reference(content)
    assert stored.reference_to_bytes(again) == content
    assert again.names == ("x", "c", "empty")


def resealed(mark: bytes, rest: bytes) -> bytes:
    return mark + hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def hostile(content: bytes) -> list[bytes]:
    first, _, rest = content.partition(b"\n")
    mark = first[: first.rindex(b" ") + 1]
    header, _, body = rest.partition(b"\n")
    bomb = zlib.compress(bytes(50_000_000), 9)
    return [
        b"", b"\n", content[:-1], content + b"x", content.replace(b"profile", b"pickle", 1),
        resealed(mark, b""), resealed(mark, b"[]\n" + body), resealed(mark, b"[" * 100_000 + b"\n" + body),
        resealed(mark, header + b"\n" + bomb), resealed(mark, header + b"\n" + body[:-3]), resealed(mark, header + b"\n"),
        resealed(mark, header.replace(b'"rows":', b'"rows":-') + b"\n" + body),
        resealed(mark, header.replace(b'"rows":', b'"rows":1e400,"r":') + b"\n" + body),
        resealed(mark, header.replace(b'"columns":', b'"columns":9e9,"c":').replace(b'"layout":', b'"layout":9,"l":') + b"\n" + body),
        resealed(mark, header + b"\n" + zlib.compress(b"\xff" * len(zlib.decompress(body)))),
    ]  # fmt: skip


def test_bytes_that_are_no_profile_are_refused() -> None:
    count = Count(REFERENCE)
    count.rows(3)
    for content in hostile(said(count.finished())):
        with pytest.raises(stored.BadProfile):
            stored.read_window(content, REFERENCE)
    for content in hostile(stored.reference_to_bytes(REFERENCE)):
        with pytest.raises(stored.BadProfile):
            stored.read_reference(content)


def test_a_window_in_another_references_cells_is_refused() -> None:
    other = referred({"x": np.array([0.0, 1.0, 2.0, 6.0, 7.0]), "c": {"a": 2}, "empty": {}})
    with pytest.raises(stored.BadProfile):
        stored.read_window(stored.window_to_bytes(counted(other, {"x": np.array([1.0])}), other), REFERENCE)


def test_columns_that_cannot_be_compared_say_why() -> None:
    reference = referred({"x": np.arange(50.0), "y": np.arange(50.0), "z": np.arange(50.0), "n": {}})
    count = Count(reference)
    count.rows(100)
    count.absent(0, 100)
    count.unfit(1, 40)
    count.numbers(1, np.arange(60.0), 0)
    count.numbers(2, np.array([]), 100)
    x, y, z, n = (found for found, _ in profiled.statistics(reference, count.finished()))
    assert (x.broken, z.broken, n.broken) == ("no live row has this column", "no live row has a value here", None)
    assert y.broken == "40 of 100 live rows have another type here than the reference, whose values are numbers"
    assert (x.psi, y.psi, z.psi, n.kind) == (None, None, None, "other")


def test_a_reference_of_one_row_has_a_profile() -> None:
    reference = ReferenceProfile("d", 1, (profile.number("x", np.array([3.0]), 0),))
    ((found, _),) = profiled.statistics(reference, counted(reference, {"x": np.array([3.0])}))
    assert (found.ks, found.psi, found.wasserstein) == (0.0, 0.0, 0.0)
