"""The measures against scipy's, which compute the same things more slowly, and against what must hold of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp, kstwo, wasserstein_distance
from scipy.stats.contingency import association

from workers.domain.drift import measures
from workers.domain.drift.distances import Floats, distances, ks, wasserstein
from workers.domain.drift.kolmogorov import survival

ROUNDING = 1e-13
"""Relative: what the order of a sum of a million terms makes of the last bits."""
finite = st.floats(-1e9, 1e9)
samples = st.lists(finite | st.integers(-3, 3).map(float), min_size=1, max_size=60).map(lambda values: np.sort(np.array(values)))
tables = st.integers(2, 30).flatmap(lambda size: st.tuples(*[st.lists(st.integers(0, 10**6), min_size=size, max_size=size)] * 2))


def pair(seed: int, *, rounded: bool) -> tuple[Floats, Floats]:
    """Two samples of any sizes, sorted; with `rounded` full of ties."""
    chance = np.random.default_rng(seed)
    sizes = chance.integers(1, 200_000, 2) if seed % 4 == 0 else chance.integers(1, 3_000, 2)
    values = [chance.normal(place, 1.2, size) for place, size in zip((0.0, 0.1), sizes, strict=True)]
    return tuple(np.sort(np.round(one, 1) if rounded else one) for one in values)  # type: ignore[return-value]


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("seed", range(24))
def test_distances_are_those_of_scipy(seed: int, rounded: bool) -> None:
    """KS to the last bit. scipy leaves Wasserstein's sum to BLAS, whose order of adding depends on the processor."""
    a, b = pair(seed, rounded=rounded)
    theirs = ks_2samp(a, b, method="asymp")
    distance, area = distances(a, b)
    assert distance == theirs.statistic == ks(a, b)
    assert area == pytest.approx(wasserstein_distance(a, b), rel=ROUNDING)
    assert measures.ks_pvalue(distance, len(a), len(b)) == pytest.approx(theirs.pvalue, abs=1e-12)
    if theirs.pvalue < 0.02 and min(len(a), len(b)) > 500:
        assert measures.ks_pvalue(distance, len(a), len(b)) == theirs.pvalue


@pytest.mark.parametrize("rounded", [False, True])
def test_wasserstein_adds_as_numpy_adds_the_whole(rounded: bool) -> None:
    """However many pieces it is computed in."""
    a, b = pair(4, rounded=rounded)
    values = np.sort(np.concatenate([a, b]))
    apart = np.searchsorted(a, values[:-1], "right") / len(a) - np.searchsorted(b, values[:-1], "right") / len(b)
    assert len(values) > 2**17
    assert wasserstein(a, b) == np.sum(np.abs(apart) * np.diff(values))


@given(samples, samples)
def test_distances_of_any_values(a: Floats, b: Floats) -> None:
    assert ks(a, b) == ks_2samp(a, b, method="asymp").statistic
    assert wasserstein(a, b) == pytest.approx(wasserstein_distance(a, b), rel=1e-12, abs=1e-12)
    assert distances(a, a) == (0.0, 0.0)
    assert ks(b, a) == ks(a, b)


@pytest.mark.parametrize("rows", [1, 2, 5, 10, 99, 140, 141, 300, 1_000, 20_000, 100_001, 400_000])
def test_the_distribution_of_kolmogorov_is_that_of_scipy(rows: int) -> None:
    for scaled in (0.01, 0.2, 0.4, 0.45, 0.6, 0.86, 0.87, 1.0, 1.2, 1.48, 1.49, 1.6, 1.9, 1.99, 2.1, 3.0, 4.0, 6.0, 15.0, 19.3):
        distance = scaled / math.sqrt(rows)
        theirs = kstwo.sf(distance, rows)
        assert survival(rows, distance) == pytest.approx(theirs, abs=1e-12, rel=2e-8), distance
        assert survival(rows, distance) == pytest.approx(theirs, abs=0, rel=1e-3), distance


@given(tables)
def test_chi_square_is_that_of_scipy(table: tuple[list[int], list[int]]) -> None:
    counts = np.array(table)
    counts = counts[:, counts.sum(axis=0) > 0]
    assume(counts.size and counts.sum(axis=1).min() > 0)
    statistic, pvalue = measures.chi2(*table)
    theirs = chi2_contingency(counts, correction=False)
    assert (statistic, pvalue) == (theirs.statistic, theirs.pvalue)
    if counts.shape[1] > 1:
        assert measures.cramers_v(*table) == pytest.approx(association(counts, method="cramer"), abs=1e-12)


@given(tables)
def test_psi_and_jensen_shannon(table: tuple[list[int], list[int]]) -> None:
    was, now = table
    assume(sum(was) and sum(now))
    shares = [(max(x / sum(was), 1e-6), max(y / sum(now), 1e-6)) for x, y in zip(was, now, strict=True)]
    assert measures.psi(was, now) == pytest.approx(sum((y - x) * math.log(y / x) for x, y in shares), rel=1e-9, abs=1e-12)
    assert measures.js_distance(was, now) == pytest.approx(jensenshannon(was, now, base=2), abs=1e-7)
    assert measures.psi(was, was) == measures.js_distance(was, was) == 0.0
    assert measures.js_distance(was, now) == measures.js_distance(now, was)


def test_bins_are_tenths_of_the_reference_closed_on_the_left() -> None:
    values = np.arange(101.0)
    inner = measures.edges(values)
    assert inner == pytest.approx(np.arange(10.0, 100.0, 10.0))
    assert measures.counts(np.arange(0.5, 100), inner).tolist() == [10] * 10
    assert measures.counts(np.array([-1e9, 9.5, 10.5, 1e9]), inner).tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert measures.counts(np.array([2.0]), np.array([1.0, 2.0, 3.0])).tolist() == [0, 0, 1, 0]


def test_edges_that_are_the_same_are_merged() -> None:
    flags = np.sort(np.repeat([0.0, 1.0], [65, 35]))
    inner = measures.edges(flags)
    assert inner.tolist() == [0.0, 1.0]
    assert measures.counts(flags, inner).tolist() == [0, 65, 35]
    assert measures.edges(np.full(50, 7.0)).tolist() == [7.0]


@given(samples, samples)
def test_every_value_has_a_bin(a: Floats, b: Floats) -> None:
    inner = measures.edges(a)
    assert len(inner) <= 9
    assert measures.counts(b, inner).sum() == len(b)
    assert measures.counts(b, inner).tolist() == np.bincount(np.searchsorted(inner, b, side="right"), minlength=len(inner) + 1).tolist()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_q_values_are_those_of_scipy(pvalues: list[float]) -> None:
    assert measures.benjamini_hochberg(pvalues) == pytest.approx(false_discovery_control(pvalues).tolist(), abs=1e-12)


def test_no_p_values_have_no_q_values() -> None:
    assert measures.benjamini_hochberg([]) == []


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([(200, 200), (10_000, 300), (500, 5_000)]), st.integers(0, 2**32 - 1))
def test_chance_exceeds_the_threshold_about_once_in_a_hundred_times(rows: tuple[int, int], seed: int) -> None:
    chance = np.random.default_rng(seed)
    bins = np.full(10, 0.1)
    threshold = measures.psi_threshold(*rows, 10)
    above = sum(measures.psi(chance.multinomial(rows[0], bins), chance.multinomial(rows[1], bins)) > threshold for _ in range(600))
    assert above < 30
    assert measures.psi_threshold(*rows, 1) == 0.0
