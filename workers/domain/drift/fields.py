"""The columns of two tables, matched by name: which can be compared as what, and what cannot be compared at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from workers.domain.drift.categories import shown
from workers.domain.drift.statistics import Kind, Statistics

EMPTY = "nothing"
"""The type of a column in which every value is missing and whose type is not known."""
_KINDS: dict[str, Kind] = {"number": "number", "text": "category", "boolean": "category"}


@dataclass(frozen=True)
class Field:
    """A column of a table. `type` is in plain words: `number`, `text` and `boolean` can be computed, everything else is named only."""

    name: str
    type: str


@dataclass(frozen=True)
class Pair:
    """A column that both tables have, with types that fit."""

    name: str
    type: str

    @property
    def kind(self) -> Kind:
        """What it is compared as."""
        return _KINDS.get(self.type, "other")


def match(reference: Sequence[Field], live: Sequence[Field], ignore: Collection[str] = ()) -> tuple[list[Pair], list[Statistics]]:
    """The columns that can be compared, and one broken result for each that cannot, in the order of the reference."""
    of_live = {field.name: field for field in live if field.name not in ignore}
    of_reference = {field.name: field for field in reference if field.name not in ignore}
    gone = [name for name in of_reference if name not in of_live]
    new = [name for name in of_live if name not in of_reference]
    pairs, broken = [], []
    for name, field in of_reference.items():
        other = of_live.get(name)
        if other is None:
            broken.append(_alone(name, "the reference", new))
        elif field.type != other.type and EMPTY not in (field.type, other.type):
            broken.append(Statistics(name, "other", broken=f"the type changed from {field.type} to {other.type}"))
        else:
            pairs.append(Pair(name, other.type if field.type == EMPTY else field.type))
    return pairs, [*broken, *(_alone(name, "live rows", gone) for name in new)]


def twice(names: Iterable[str]) -> list[str]:
    """The names that occur more than once: nobody can say which column they mean."""
    return [name for name, number in Counter(names).items() if number > 1]


def _alone(name: str, side: str, others: Sequence[str]) -> Statistics:
    like = _like(name, others) if len(others) <= _FEW else None
    hint = f"; was it renamed? {shown(like)} is only on the other side" if like else ""
    return Statistics(name, "other", broken=f"it is only in {side}{hint}")


def _like(name: str, others: Sequence[str]) -> str | None:
    """A name that it may have been changed from or to."""
    near = [one for one in others if one.lower().startswith(name.lower()) or name.lower().startswith(one.lower())]
    return next(iter([*near, *get_close_matches(name, others, n=1)]), None)


_FEW = 20
"""Nobody renames more columns at once; then the tables are different ones, and guesses are of no use."""
