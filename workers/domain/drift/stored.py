"""Profiles as bytes: a line of JSON and compressed numbers below it, checked by a hash, and read with suspicion. Nothing in it can be executed.

towpath reference profile 1 <sha256 of all that follows the line break>
{"digest": ..., "rows": ..., ...}
<zlib of little-endian numbers of 8 bytes>
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.domain.drift import grid as cells
from workers.domain.drift.profile import MOST_CATEGORIES, MOST_NEW, ColumnProfile, ReferenceProfile, WindowProfile
from workers.domain.drift.truth import Truth

_REFERENCE, _WINDOW = b"towpath reference profile 1 ", b"towpath window profile 1 "
_LONGEST_HEADER = 64 << 20
_MOST_NUMBERS = 1 << 25
MOST_COLUMNS = 5000
_TRUTH = 3 + 2 + Truth().scores.size + Truth().delays.size


class BadProfile(ValueError):
    """These bytes are no profile, or one of something else. Whoever has them makes it again from the rows."""


def reference_to_bytes(profile: ReferenceProfile) -> bytes:
    """The reference's profile, the same bytes for the same profile."""
    columns = [
        {
            "name": one.name, "kind": one.kind, "missing": one.missing, "cells": len(one.counts), "edges": len(one.edges),
            "categories": one.categories, "once": one.once, "mean": one.mean, "deviation": one.deviation,
        }
        for one in profile.columns
    ]  # fmt: skip
    header = {"digest": profile.digest, "rows": profile.rows, "columns": columns}
    arrays = [array for one in profile.columns for array in (one.counts, one.points, one.edges, one.sums)]
    return _packed(_REFERENCE, header, arrays)


def read_reference(content: bytes) -> ReferenceProfile:
    """Raises BadProfile."""
    header, body = _unpacked(_REFERENCE, content)
    with _suspicious():
        columns = header["columns"]
        _must(isinstance(columns, list) and len(columns) <= MOST_COLUMNS)
        numbers = _Numbers(body, sum(_length(one) for one in columns))
        return ReferenceProfile(_text(header["digest"]), _count(header["rows"]), tuple(_column(one, numbers) for one in columns))


def window_to_bytes(profile: WindowProfile, reference: ReferenceProfile) -> bytes:
    """A window's profile in the cells of this reference."""
    header = {
        "rows": profile.rows, "others": profile.others, "first": profile.first, "last": profile.last, "layout": reference.layout,
        "new": [[column, sorted(found.items())] for column, found in sorted(profile.new.items()) if found],
    }  # fmt: skip
    truth = profile.truth
    known = np.array([truth.labelled, truth.right, truth.measured], np.int64)
    errors = np.array([truth.absolute, truth.squared])
    counts = [profile.counts, profile.missing, profile.absent, profile.unfit, known, truth.scores.ravel(), truth.delays]
    return _packed(_WINDOW, header, [*counts, profile.sums, errors])


def read_window(content: bytes, reference: ReferenceProfile) -> WindowProfile:
    """A window's profile in the cells of this reference. Raises BadProfile."""
    header, body = _unpacked(_WINDOW, content)
    with _suspicious():
        columns, size = len(reference.columns), reference.size
        _must(header["layout"] == reference.layout)
        numbers = _Numbers(body, 2 * size + 3 * columns + _TRUTH)
        counts, missing, absent, unfit = (numbers.counts(length) for length in (size, columns, columns, columns))
        known, scores, delays = numbers.counts(3), numbers.counts(Truth().scores.size), numbers.counts(Truth().delays.size)
        sums, errors = numbers.floats(size), numbers.floats(2)
        _must(bool(np.isfinite(errors).all()))
        (labelled, right, measured), (absolute, squared) = known.tolist(), errors.tolist()
        truth = Truth(labelled, right, measured, absolute, squared, scores.reshape(Truth().scores.shape), delays)
        _must(bool(np.isfinite(sums).all()) and len(header["new"]) <= columns)
        new = {_index(column, columns): {_text(name): _count(rows) for name, rows in found} for column, found in header["new"]}
        _must(all(len(found) <= MOST_NEW for found in new.values()))
        first, last = _instant(header["first"]), _instant(header["last"])
        rows, others = _count(header["rows"]), _count(header["others"])
        return WindowProfile(counts, sums, missing, absent, unfit, rows, others, first, last, new, truth)


def _length(column: dict[str, Any]) -> int:
    size = _count(column["cells"])
    points = size - 1 + size if column["kind"] == "number" else 0
    return size + points + _count(column["edges"])


def _column(said: dict[str, Any], numbers: _Numbers) -> ColumnProfile:
    kind, size = said["kind"], _count(said["cells"])
    _must(kind in ("number", "category", "other") and 1 <= size <= max(cells.MOST_POINTS, MOST_CATEGORIES) + 1)
    is_number = kind == "number"
    counts = numbers.counts(size)
    points, edges = numbers.floats(size - 1 if is_number else 0), numbers.floats(_count(said["edges"]))
    sums = numbers.floats(size if is_number else 0)
    categories = tuple(_text(one) for one in said["categories"])
    _must(len(categories) == (size - 1 if kind == "category" else 0) and len(set(categories)) == len(categories))
    if is_number:
        _must(len(points) >= 2 and bool((np.diff(points) > 0).all()) and bool(np.isin(edges, points).all()) and int(counts.sum()) > 0)
        _must(bool((np.diff(edges) > 0).all()) and len(edges) > 0)
    moments = [None if said[key] is None else _float(said[key]) for key in ("mean", "deviation")]
    return ColumnProfile(
        _text(said["name"]), kind, counts, _count(said["missing"]), points, edges, sums, categories, _count(said["once"]), *moments
    )


class _Numbers:
    """Takes arrays off the body one by one; what comes out is writable by nobody."""

    def __init__(self, body: bytes, length: int) -> None:
        _must(length <= _MOST_NUMBERS)
        opened = zlib.decompressobj()
        self._left = opened.decompress(body, length * 8 + 1)
        _must(len(self._left) == length * 8 and opened.eof and not opened.unused_data)
        self._at = 0

    def counts(self, length: int) -> NDArray[np.int64]:
        found = self._take(length, "<i8").astype(np.int64)
        _must(bool((found >= 0).all()) and bool((found < 1 << 53).all()))
        return found

    def floats(self, length: int) -> NDArray[np.float64]:
        found = self._take(length, "<f8").astype(np.float64)
        _must(not bool(np.isnan(found).any()))
        return found

    def _take(self, length: int, kind: str) -> NDArray[Any]:
        found: NDArray[Any] = np.frombuffer(self._left, kind, length, self._at)
        self._at += length * 8
        return found


def _packed(mark: bytes, header: dict[str, Any], arrays: Sequence[NDArray[Any]]) -> bytes:
    body = b"".join(array.astype("<i8" if array.dtype.kind == "i" else "<f8").tobytes() for array in arrays)
    rest = json.dumps(header, ensure_ascii=True, separators=(",", ":")).encode() + b"\n" + zlib.compress(body, 1)
    return mark + hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest


def _unpacked(mark: bytes, content: bytes) -> tuple[dict[str, Any], bytes]:
    first, _, rest = content.partition(b"\n")
    if first != mark + hashlib.sha256(rest).hexdigest().encode():
        raise BadProfile("it is no profile of this kind, or torn")
    header, _, body = rest.partition(b"\n")
    with _suspicious():
        _must(len(header) <= _LONGEST_HEADER)
        found = json.loads(header)
        _must(isinstance(found, dict))
        return found, body


def _must(sound: bool) -> None:  # noqa: FBT001  # what is asserted of bytes from a disk
    if not sound:
        raise BadProfile("its numbers do not fit together")


def _text(value: Any) -> str:
    _must(isinstance(value, str))
    return str(value)


def _count(value: Any) -> int:
    _must(type(value) is int and 0 <= value < 1 << 53)
    return int(value)


def _index(value: Any, below: int) -> int:
    _must(_count(value) < below)
    return int(value)


def _float(value: Any) -> float:
    _must(isinstance(value, int | float) and bool(np.isfinite(value)))
    return float(value)


def _instant(value: Any) -> int | None:
    _must(value is None or (type(value) is int and abs(value) < 1 << 62))
    return value if value is None else int(value)


@contextmanager
def _suspicious() -> Iterator[None]:
    try:
        yield
    except BadProfile:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError, zlib.error) as exc:
        raise BadProfile("it is no profile of this kind") from exc
