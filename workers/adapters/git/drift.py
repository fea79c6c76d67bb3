"""What an artifact's file says under `drift`: the rows that drift is measured against, and what some of their columns mean."""

from __future__ import annotations

from typing import Any

from workers.adapters.git.declarations import Reading
from workers.contract.drift import DriftColumns

KEY = "drift"
REFERENCES = (".parquet", ".csv")
"""How the file ends that drift is measured against."""
_ROLES = ("prediction", "score", "label", "labelled_at")
_KEYS = ("reference", *_ROLES, "positive", "ignore")
_MOST_IGNORED = 500
_LONGEST_NAME = 200


def read(reading: Reading, document: dict[str, Any], *at: str) -> tuple[str | None, DriftColumns | None]:
    """The path of the reference, and the columns that mean something; (None, None) where there is none or it is wrong."""
    if KEY not in document:
        return None, None
    part, here = document[KEY], (*at, KEY)
    if not isinstance(part, dict) or "reference" not in part:
        reading.wrong(here, "drift must hold reference, the file of rows that drift is measured against")
        return None, None
    reading.keys(part, _KEYS, here)
    path = reading.path(part, "reference", *here)
    if path and not path.lower().endswith(REFERENCES):
        reading.wrong((*here, "reference"), f"reference must be a file that ends in {' or '.join(REFERENCES)}")
    columns = DriftColumns(
        **{role: _name(reading, part, role, here) for role in _ROLES},
        positive=_positive(reading, part, here),
        ignore=_ignored(reading, part, here),
    )
    _agree(reading, columns, here)
    return path, columns if columns != DriftColumns() else None


def _name(reading: Reading, part: dict[str, Any], key: str, at: tuple[str, ...]) -> str | None:
    if key in part and not _is_name(part[key]):
        reading.wrong((*at, key), f"{key} must name a column of the reference or of the live rows")
        return None
    return part.get(key)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= _LONGEST_NAME


def _positive(reading: Reading, part: dict[str, Any], at: tuple[str, ...]) -> str | None:
    """One value of the label, as text: YAML's `1` and `true` are meant as they are written in rows."""
    value = part.get("positive")
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or _is_name(value):
        return value
    if isinstance(value, int):
        return str(value)
    reading.wrong((*at, "positive"), "positive must be one value of the label, such as 1 or fraud")
    return None


def _ignored(reading: Reading, part: dict[str, Any], at: tuple[str, ...]) -> tuple[str, ...]:
    value = part.get("ignore", [])
    if not isinstance(value, list) or len(value) > _MOST_IGNORED or not all(_is_name(one) for one in value):
        reading.wrong((*at, "ignore"), f"ignore must be a list of at most {_MOST_IGNORED} names of columns")
        return ()
    return tuple(dict.fromkeys(value))


def _agree(reading: Reading, columns: DriftColumns, at: tuple[str, ...]) -> None:
    """That no column has two meanings, and that what needs another key has it."""
    named = [(role, name) for role in _ROLES if (name := getattr(columns, role)) is not None]
    for i, (role, name) in enumerate(named):
        if other := next((earlier for earlier, same in named[:i] if same == name), None):
            reading.wrong((*at, role), f"{role} names the column {name[:60]!r}, which is the {other} already")
        if name in columns.ignore:
            reading.wrong((*at, "ignore"), f"ignore names the column {name[:60]!r}, which is the {role}")
    if columns.score and columns.positive is None:
        reading.wrong((*at, "score"), "score needs positive: the value of the label whose probability it is")
    if columns.labelled_at and columns.label is None:
        reading.wrong((*at, "labelled_at"), "labelled_at needs label: the column that it tells the time of")
