"""Two files of rows, compared column by column: one column of both is in memory at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.app.drifting.files import Table, Unreadable, opened, told
from workers.app.drifting.performance import Meaning, performance
from workers.contract.drift import Realised
from workers.domain.drift import categories, numbers
from workers.domain.drift.categories import shown
from workers.domain.drift.fields import EMPTY, Field, Pair, match
from workers.domain.drift.judging import Judgement, Limits, judge
from workers.domain.drift.statistics import Statistics


@dataclass(frozen=True)
class Asked:
    """What is to be measured: two files, limits, and what columns mean."""

    reference: Path
    current: Path
    limits: Limits
    meaning: Meaning
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Measured:
    """What was found: the rows of both sides, what they amount to, and the names that only one side has."""

    rows: tuple[int, int]
    judged: Judgement
    realised: tuple[Realised, ...]
    only: tuple[tuple[str, ...], tuple[str, ...]]


def measure(asked: Asked) -> Measured:
    """Compare the files. Raises Unreadable, also when a column that was named is in neither."""
    reference, current = opened(asked.reference), opened(asked.current)
    meaning = asked.meaning
    _there(reference, current, [*meaning.names, *asked.ignore])
    apart = {name for name in (*asked.ignore, *meaning.names) if name != meaning.output}
    pairs, broken = match(reference.fields, current.fields, apart)
    found = [*broken, *_compared(reference, current, pairs)]
    output = next((one for one in found if one.column == meaning.output), None)
    rows = reference.rows, current.rows
    judged = judge([one for one in found if one is not output], rows, asked.limits, output)
    return Measured(rows, judged, performance(reference, current, meaning), _only(reference.fields, current.fields, apart))


def _compared(reference: Table, current: Table, pairs: Iterable[Pair]) -> Iterator[Statistics]:
    from workers.app.drifting import arrays  # noqa: PLC0415  # asks for pyarrow

    for pair in pairs:
        was, now = reference.column(pair.name), current.column(pair.name)
        with told(f"column {shown(pair.name)}"):
            if pair.kind == "number":
                found = numbers.compare(pair.name, *arrays.numbers(was, now))
            elif pair.kind == "category":
                found = categories.compare(pair.name, *arrays.categories(was, now))
            else:
                gone = arrays.missing(was), arrays.missing(now)
                why = "every value is missing on both sides" if pair.type == EMPTY else f"{pair.type}: not computed"
                found = Statistics(pair.name, "other", reference.rows - gone[0], current.rows - gone[1], gone[0], gone[1], notes=(why,))
        yield found


def _there(reference: Table, current: Table, names: Iterable[str]) -> None:
    known = {field.name for table in (reference, current) for field in table.fields}
    if lacking := [name for name in names if name not in known]:
        raise Unreadable(f"there is no column {', '.join(lacking)} in either file")


def _only(reference: Sequence[Field], current: Sequence[Field], apart: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    was, now = ([field.name for field in fields if field.name not in apart] for fields in (reference, current))
    return (*(name for name in was if name not in {*now}),), (*(name for name in now if name not in {*was}),)
