"""The shape of a version: rows and columns of a dataset, what a model takes and gives; and how two versions differ in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from workers.contract.promotion import Change, Column, RegisteredVersion, Table

_SHOWN = 5


def in_short(version: RegisteredVersion) -> RegisteredVersion:
    """The same version without the names of its columns, its card and what was found in its files, which a list of versions does not show."""
    tables = tuple(replace(table, columns=()) for table in version.tables)
    return replace(version, tables=tables, signature=None, card=None, safety=None)


def changes(then: RegisteredVersion, now: RegisteredVersion | None) -> Iterator[Change]:
    """Lines about rows, columns, inputs and outputs that differ."""
    for name, old, new in _pairs(then.tables, now.tables if now else ()):
        of = f" of {name}" if name else ""
        yield from _rows(f"rows{of}", old, new)
        yield from _columns(f"columns{of}", old.columns if old else (), new.columns if new else (), _total(old), _total(new))
    was, is_ = (now.signature if now else None), then.signature
    for what in ("inputs", "outputs"):
        old_, new_ = (getattr(one, what) if one else () for one in (was, is_))
        yield from _columns(what, old_, new_, len(old_) if was else None, len(new_) if is_ else None)


def _pairs(then: tuple[Table, ...], now: tuple[Table, ...]) -> Iterator[tuple[str, Table | None, Table | None]]:
    """Tables that belong together: the only ones, else those of one name."""
    if len(then) <= 1 and len(now) <= 1:
        if then or now:
            yield "", now[0] if now else None, then[0] if then else None
        return
    old, new = ({table.name: table for table in tables} for tables in (now, then))
    for name in sorted({*old, *new}):
        yield name, old.get(name), new.get(name)


def _total(table: Table | None) -> int | None:
    return table.total if table else None


def _rows(what: str, old: Table | None, new: Table | None) -> Iterator[Change]:
    was, is_ = old.rows if old else None, new.rows if new else None
    if was != is_:
        delta = f" ({is_ - was:+,})" if was is not None and is_ is not None else ""
        yield Change(what, _count(was), f"{_count(is_)}{delta}")


def _columns(what: str, old: tuple[Column, ...], new: tuple[Column, ...], was: int | None, is_: int | None) -> Iterator[Change]:
    """How many there are and, of those that are known by name, which came, went, or have another type."""
    if (old, was) == (new, is_):
        return
    said = list(_differences(old, new)) if was is not None and is_ is not None else [_listed(new)]
    told = "; ".join(one for one in said if one)
    yield Change(what, _count(was), _count(is_) + (f": {told}" if told else ""))


def _differences(old: tuple[Column, ...], new: tuple[Column, ...]) -> Iterator[str]:
    before, after = ({one.name: one.type for one in columns} for columns in (old, new))
    if added := [name for name in after if name not in before]:
        yield f"added {_few(added)}"
    if gone := [name for name in before if name not in after]:
        yield f"without {_few(gone)}"
    if other := [f"{name} {before[name]} → {kind}" for name, kind in after.items() if before.get(name, kind) != kind]:
        yield _few(other)
    if not (added or gone or other):
        yield "in another order" if before else ""


def _listed(columns: tuple[Column, ...]) -> str:
    return _few([f"{one.name} {one.type}".strip() for one in columns]) if columns else ""


def _few(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_SHOWN]) + (f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else "")


def _count(number: int | None) -> str:
    return "nothing" if number is None else f"{number:,}"
