"""Arrow's columns as the measures take them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute as pc
from pyarrow import types

from workers.app.drifting.words import named
from workers.domain.drift.categories import MOST, NAMED, Categories, Strange, sides
from workers.domain.drift.fields import EMPTY
from workers.domain.drift.numbers import Numbers

_EXACT = 1 << 53
"""Beyond it a float of 64 bits does not hold every integer."""
_FEW = 20_000
Pieces = Sequence[pa.Array]


def numbers(reference: Pieces, live: Pieces) -> tuple[Numbers, Numbers]:
    """Both sides of a column of numbers."""
    origin = _origin([*reference, *live])
    return Numbers.of(*_floats(reference, origin)), Numbers.of(*_floats(live, origin))


def _origin(pieces: Pieces) -> int:
    """What to take from large integers so that floats hold them exactly: their minimum. Zero where it is not needed."""
    if not all(types.is_integer(piece.type) for piece in pieces if not types.is_null(piece.type)):
        return 0
    spans = [pc.min_max(piece).as_py() for piece in pieces if len(piece) > piece.null_count and piece.type.bit_width == 64]
    low, high = min((span["min"] for span in spans), default=0), max((span["max"] for span in spans), default=0)
    return int(low) if max(-low, high) > _EXACT and high - low < 1 << 64 else 0


def _floats(pieces: Pieces, origin: int) -> tuple[NDArray[np.float64], int, float]:
    """The values in one array, how many are null beside them, and the origin."""
    present = [_present(piece, origin) for piece in pieces]
    total = sum(len(piece) for piece in pieces)
    values = np.concatenate([np.empty(0), *present])
    return values, total - len(values), float(origin)


def _present(piece: pa.Array, origin: int) -> NDArray[Any]:
    plain = piece.dictionary_decode() if types.is_dictionary(piece.type) else piece
    if types.is_null(plain.type):
        return np.empty(0)
    if types.is_decimal(plain.type):
        plain = plain.cast(pa.float64())
    values: NDArray[Any] = plain.drop_null().to_numpy(zero_copy_only=False) if plain.null_count else plain.to_numpy(zero_copy_only=False)
    if not origin:
        return values
    # Modulo 2^64, so that neither sign nor size of the integers matters: no value is below the origin.
    return values.astype(np.uint64) - np.uint64(origin % (1 << 64))


def categories(reference: Pieces, live: Pieces) -> tuple[Categories, Categories]:
    """Both sides of a column of text or of truth values."""
    gone = missing(reference), missing(live)
    was, now = _counted(reference), _counted(live)
    if max(len(was), len(now)) <= _FEW:
        return sides(_listed(was), _listed(now), gone)
    return _pooled(was, now, gone)


def _counted(pieces: Pieces) -> pa.Table:
    """How many rows each category has, under `name` and `rows`."""
    present = [piece.drop_null().cast(pa.string()) for piece in pieces if not types.is_null(piece.type)]
    names, rows = pa.chunked_array(present, pa.string()).value_counts().flatten()
    return pa.table({"name": names, "rows": rows})


def _listed(counts: pa.Table) -> dict[str, int]:
    """What is no UTF-8 is shown as it can be."""
    found: Counter[str] = Counter()
    for name, rows in zip(counts["name"].cast(pa.binary()).to_pylist(), counts["rows"].to_pylist(), strict=True):
        found[name.decode("utf-8", "replace")] += rows
    return found


def _pooled(was: pa.Table, now: pa.Table, gone: tuple[int, int]) -> tuple[Categories, Categories]:
    """As `sides`, without an object for each of a million categories."""
    both = pa.concat_tables([was, now]).group_by("name").aggregate([("rows", "sum")]).rename_columns(["name", "rows"])
    kept = _most(both, MOST)["name"]
    return _side(was, now, kept, gone[0]), _side(now, was, kept, gone[1])


def _side(counts: pa.Table, others: pa.Table, kept: pa.ChunkedArray, gone: int) -> Categories:
    own = counts.filter(pc.is_in(counts["name"], value_set=kept))
    strange = counts.filter(pc.invert(pc.is_in(counts["name"], value_set=others["name"])))
    examples = (*_listed(_most(strange, NAMED)),)
    once = pc.sum(pc.equal(counts["rows"], 1)).as_py() or 0
    return Categories(_listed(own), gone, _rows(counts) - _rows(own), once, Strange(len(strange), _rows(strange), examples))


def _most(counts: pa.Table, number: int) -> pa.Table:
    order = [("rows", "descending"), ("name", "ascending")]
    return counts.take(pc.select_k_unstable(counts, k=min(number, len(counts)), sort_keys=order))


def _rows(counts: pa.Table) -> int:
    return pc.sum(counts["rows"]).as_py() or 0


def missing(pieces: Pieces) -> int:
    """How many values are null."""
    return sum(piece.null_count for piece in pieces)


def plain(pieces: Pieces) -> NDArray[Any]:
    """The values in the order of rows: numbers as floats with NaN for null, others as text with None for null."""
    numeric = all(named(piece.type) in ("number", EMPTY) for piece in pieces)
    kind = pa.float64() if numeric else pa.string()
    decoded = [piece.dictionary_decode() if types.is_dictionary(piece.type) else piece for piece in pieces]
    return np.concatenate(
        [np.empty(0, np.float64 if numeric else object), *(one.cast(kind).to_numpy(zero_copy_only=False) for one in decoded)]
    )
