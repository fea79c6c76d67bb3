"""Counting live rows into the cells of the reference, batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from workers.domain.drift import grid as cells
from workers.domain.drift import profile as profiles
from workers.domain.drift.grid import Floats, Ints
from workers.domain.drift.profile import ReferenceProfile, WindowProfile
from workers.domain.drift.truth import Truth, merge


class Count:
    """The profile of one stretch while it grows. Columns go by their number in the reference."""

    def __init__(self, reference: ReferenceProfile) -> None:
        self._reference = reference
        self._profile = profiles.empty(reference)
        self._rows = self._others = 0
        self._span: tuple[int, int] | None = None
        self._new: dict[int, Counter[str]] = {}
        self._truth = Truth()

    def rows(self, rows: int, others: int = 0) -> None:
        """So many more rows, and so many that were left out as they are other versions'."""
        self._rows += rows
        self._others += others

    def span(self, first: int, last: int) -> None:
        """When the earliest and the latest of some rows were seen."""
        self._span = (min(first, self._span[0]), max(last, self._span[1])) if self._span else (first, last)

    def numbers(self, column: int, values: Floats, missing: int) -> None:
        """Finite values in any order, and how many rows have none."""
        place = self._reference.cells[column]
        counts, sums = cells.counted(np.sort(values), self._reference.columns[column].points)
        self._profile.counts[place] += counts
        self._profile.sums[place] += sums
        self._profile.missing[column] += missing

    def categories(self, column: int, known: Ints, new: Mapping[str, int], missing: int) -> None:
        """Rows of each category of the reference in its order, rows of each category that it does not list, and how many rows have none."""
        place = self._reference.cells[column]
        self._profile.counts[place][:-1] += known
        self._profile.counts[place.stop - 1] += sum(new.values())
        self._profile.missing[column] += missing
        if new:
            found = self._new.setdefault(column, Counter())
            found.update(new)
            self._new[column] = Counter(profiles.kept(found))

    def absent(self, column: int, rows: int) -> None:
        """Rows of a file that has no such column."""
        self._profile.missing[column] += rows
        self._profile.absent[column] += rows

    def unfit(self, column: int, rows: int) -> None:
        """Rows whose values are of another type than the reference's."""
        self._profile.missing[column] += rows
        self._profile.unfit[column] += rows

    def truth(self, found: Truth) -> None:
        """What the labels and scores of some rows say."""
        self._truth = merge(self._truth, found)

    def finished(self) -> WindowProfile:
        """What was counted. Sums that no number can hold any more are cut, and tell nothing then."""
        first, last = self._span or (None, None)
        found = self._profile
        sums = np.nan_to_num(found.sums, nan=0.0, posinf=np.finfo(float).max, neginf=np.finfo(float).min)
        new = {column: dict(counter) for column, counter in self._new.items()}
        return WindowProfile(
            found.counts, sums, found.missing, found.absent, found.unfit, self._rows, self._others, first, last, new, self._truth
        )
