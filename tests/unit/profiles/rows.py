"""Rows as tests give them: numbers as arrays, categories as how many rows each has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workers.domain.drift import profile
from workers.domain.drift.counting import Count
from workers.domain.drift.grid import Floats
from workers.domain.drift.profile import ColumnProfile, ReferenceProfile, WindowProfile

Given = Mapping[str, Floats | Mapping[str, int]]


def referred(given: Given) -> ReferenceProfile:
    """The profile of a reference."""
    rows = max(len(one) if isinstance(one, np.ndarray) else sum(one.values()) for one in given.values())
    return ReferenceProfile("digest", rows, tuple(_column(name, one) for name, one in given.items()))


def _column(name: str, given: Floats | Mapping[str, int]) -> ColumnProfile:
    if isinstance(given, np.ndarray):
        return profile.number(name, np.sort(given), 0)
    return profile.category(name, given, 0)


def counted(reference: ReferenceProfile, given: Given, pieces: int = 1) -> WindowProfile:
    """The profile of live rows of one column, from so many stretches that were counted apart."""
    ((name, values),) = given.items()
    column = reference.names.index(name)
    windows = []
    for i in range(pieces):
        count = Count(reference)
        if isinstance(values, np.ndarray):
            count.numbers(column, values[i::pieces], 0)
            count.rows(len(values[i::pieces]))
        else:
            some = dict(list(values.items())[i::pieces])
            known = reference.columns[column].known
            listed = np.array([some.get(one, 0) for one in known], np.int64)
            count.categories(column, listed, {one: rows for one, rows in some.items() if one not in known}, 0)
            count.rows(sum(some.values()))
        windows.append(count.finished())
    return profile.total(windows, reference)
