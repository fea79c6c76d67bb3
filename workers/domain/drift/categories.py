"""A column of categories: what the measures say of it, from the counts on both sides. The answer stays small whatever is in the column."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from workers.domain.drift import measures
from workers.domain.drift.statistics import REST, Bins, Statistics

MOST = 1000
"""So many categories have a bin of their own; in a column with more, those that are the most frequent ones on both sides together."""
NAMED = 3
_LENGTH = 40


@dataclass(frozen=True)
class Strange:
    """The categories of one side that the other does not have: how many, in how many rows, and the most frequent ones by name."""

    number: int = 0
    rows: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Categories:
    """One side: its rows by category. In a column with very many, `counts` are those that have a bin, and the other rows are `rest`.

    `once` of its categories have a single row. `strange` are those that the other side does not have.
    """

    counts: Mapping[str, int]
    missing: int = 0
    rest: int = 0
    once: int = 0
    strange: Strange = field(default_factory=Strange)

    @property
    def rows(self) -> int:
        """How many have a category."""
        return sum(self.counts.values()) + self.rest


def sides(reference: Mapping[str, int], live: Mapping[str, int], missing: tuple[int, int] = (0, 0)) -> tuple[Categories, Categories]:
    """Both sides of a column from all of their counts, whatever their number."""
    kept = {*_most_frequent(Counter(reference) + Counter(live), MOST)}
    return _side(reference, live, kept, missing[0]), _side(live, reference, kept, missing[1])


def compare(column: str, reference: Categories, live: Categories) -> Statistics:
    """All measures of one column; none where a side has no values."""
    rows = reference.rows, live.rows
    found = Statistics(column, "category", *rows, reference.missing, live.missing)
    if not min(rows):
        return found
    bins = _bins(reference, live)
    statistic, pvalue = measures.chi2(bins.reference, bins.live)
    return replace(
        found,
        psi=measures.psi(bins.reference, bins.live),
        js=measures.js_distance(bins.reference, bins.live),
        chi2=statistic,
        chi2_pvalue=pvalue,
        cramers_v=measures.cramers_v(bins.reference, bins.live),
        unexpected=_unexpected(reference, live),
        bins=bins,
        notes=_notes(reference, live),
    )


def _most_frequent(counts: Mapping[str, int], number: int) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))[:number]


def _side(counts: Mapping[str, int], others: Mapping[str, int], kept: set[str], missing: int) -> Categories:
    own = {name: number for name, number in counts.items() if name in kept}
    strange = {name: number for name, number in counts.items() if name not in others}
    examples = (*_most_frequent(strange, NAMED),)
    rest = sum(counts.values()) - sum(own.values())
    once = sum(number == 1 for number in counts.values())
    return Categories(own, missing, rest, once, Strange(len(strange), sum(strange.values()), examples))


def _bins(reference: Categories, live: Categories) -> Bins:
    """One for each category in the order of names, so that sums come out the same however the rows were ordered."""
    names = sorted({*reference.counts, *live.counts})
    was, now = ([side.counts.get(name, 0) for name in names] for side in (reference, live))
    if not reference.rest and not live.rest:
        return Bins((*names,), (*was,), (*now,))
    return Bins((*names, REST), (*was, reference.rest), (*now, live.rest))


def _unexpected(reference: Categories, live: Categories) -> float:
    """How many more live rows, as a share, have a category that the reference lacks than are to be expected; 0 within three deviations.

    By Good and Turing (Biometrika 40, 1953) that is the share of the reference's rows whose category occurs once: every row of an id is new.
    """
    expected, share = reference.once / reference.rows, live.strange.rows / live.rows
    deviation = math.sqrt(expected * (1 - expected) * (1 / reference.rows + 1 / live.rows))
    return share - expected if share - expected > 3 * deviation else 0.0


def _notes(reference: Categories, live: Categories) -> tuple[str, ...]:
    said = []
    if live.strange.number:
        said.append(f"new categories: {_named(live.strange, live.rows)}")
    if reference.strange.number:
        said.append(f"vanished categories: {_named(reference.strange, reference.rows)}")
    if reference.rest or live.rest:
        said.append(f"of very many categories only the {MOST:,} most frequent ones are told apart")
    return (*said,)


def _named(strange: Strange, rows: int) -> str:
    names = ", ".join(shown(name) for name in strange.examples)
    more = f" and {strange.number - len(strange.examples):,} more" if strange.number > len(strange.examples) else ""
    return f"{names}{more} ({strange.rows / rows:.1%} of rows)"


def shown(name: str) -> str:
    """A category as it is named to people: no longer than a word or two, and on one line."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name[: _LENGTH + 1])
    return f"{plain[:_LENGTH]}\N{HORIZONTAL ELLIPSIS}" if len(plain) > _LENGTH else plain
