"""A measurement cut to what the ledger keeps: whatever a column is called and however many there are, a record stays small."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any, TypeVar

from workers.contract.drift import MOST_COLUMNS, DriftReport

T = TypeVar("T")
_WORD, _SENTENCE = 200, 500
_MOST = {
    "columns": MOST_COLUMNS,
    "realised": 10,
    "bars": 5,
    "problems": 10,
    "remarks": 10,
    "notes": 5,
    "labels": 50,
    "reference": 50,
    "live": 50,
}
_SENTENCES = ("text", "problems", "remarks", "notes", "approximate")


def bounded(report: DriftReport, at: str) -> DriftReport:
    """The report with every text on one line and not too long, every list short, dated by the ledger's own clock."""
    return replace(_bounded(report), at=at)


def _bounded(document: T) -> T:
    return replace(document, **{one.name: _field(one.name, getattr(document, one.name)) for one in fields(document)})  # type: ignore[type-var,arg-type]  # dataclasses alone come here


def _field(name: str, value: Any) -> Any:
    if type(value) is str:  # names and digests are checked already
        return _line(value, _SENTENCE if name in _SENTENCES else _WORD)
    if isinstance(value, tuple):
        return tuple(_field(name, one) for one in _first(value, _MOST.get(name, MOST_COLUMNS)))
    return _bounded(value) if hasattr(value, "__dataclass_fields__") else value


def _first(values: Iterable[Any], most: int) -> list[Any]:
    return list(values)[:most]


def _line(text: str, longest: int) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text[:longest]).strip()
