"""What was measured, as a table and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from workers.app.drifting.measuring import Measured
from workers.app.reading.tables import cell, table
from workers.contract.drift import Level, Realised
from workers.domain.drift.judging import Judged
from workers.domain.drift.reporting import size, small
from workers.domain.drift.statistics import Statistics

STATUS = {Level.NONE: 0, Level.WARNING: 1, Level.ALERT: 1, Level.TOO_FEW: 2, Level.BROKEN: 2}
"""What the command ends with."""
MOST = 30
_HEAD = ("VERDICT", "COLUMN", "KIND", "PSI", "KS", "W/SD", "V", "MISSING", "Q", "NOTES")
_FIELDS = ("psi", "ks", "ks_pvalue", "wasserstein", "wasserstein_normalised", "js", "chi2", "chi2_pvalue", "cramers_v", "missing_change")


def plain(measured: Measured) -> str:
    """The worst columns, worst first, and the verdict in a sentence at the end."""
    judged = measured.judged
    rows = [_row(one) for one in judged.columns[:MOST]]
    lines = [table(_HEAD, rows)] if rows else []
    if len(judged.columns) > MOST:
        lines.append(f"and {len(judged.columns) - MOST:,} more columns, none of them worse")
    if judged.prediction:
        lines += ["", table(("PREDICTION", *_HEAD[1:]), [_row(judged.prediction)])]
    lines += [*_performance(measured.realised), *_named(measured)]
    counted = f"{measured.rows[0]:,} rows of the reference, {measured.rows[1]:,} current ones"
    return "\n".join([*lines, "", cell(f"{judged.verdict.value}: {judged.text} ({counted})", 2000)])


def as_json(measured: Measured) -> str:
    """Everything, numbers as they were computed."""
    judged = measured.judged
    columns = [*map(_column, judged.columns), *({**_statistics(one), "verdict": None} for one in judged.uncomputed)]
    said: dict[str, Any] = {
        "rows": {"reference": measured.rows[0], "current": measured.rows[1]},
        "columns": columns,
        "prediction": _column(judged.prediction) if judged.prediction else None,
        "performance": [asdict(one) for one in measured.realised],
        "verdict": judged.verdict.value,
        "text": judged.text,
    }
    return json.dumps(said, indent=2, allow_nan=False)


def _column(one: Judged) -> dict[str, Any]:
    return {**_statistics(one.found), "verdict": one.verdict.value, "q": one.q, "threshold": one.threshold}


def _statistics(found: Statistics) -> dict[str, Any]:
    measures = {name: getattr(found, name) for name in _FIELDS}
    return {"column": found.column, "kind": found.kind, **measures, "notes": [found.broken] if found.broken else [*found.notes]}


def _row(judged: Judged) -> tuple[str, ...]:
    found = judged.found
    sizes = (found.psi, found.ks, found.wasserstein_normalised, found.cramers_v, found.missing_change)
    notes = "; ".join([found.broken] if found.broken else found.notes)
    return judged.verdict.value, found.column, found.kind, *(size(one) or "-" for one in sizes), small(judged.q) or "-", notes


def _performance(realised: tuple[Realised, ...]) -> Iterator[str]:
    if realised:
        yield ""
    for one in realised:
        kind = "estimated, without labels" if one.estimated else "measured"
        before = f", {one.then} on the reference" if one.then else ""
        yield f"{one.metric} {one.now} ({kind}, {one.rows:,} rows{before})"


def _named(measured: Measured) -> Iterator[str]:
    uncomputed = measured.judged.uncomputed
    if uncomputed:
        named = ", ".join(f"{one.column} ({one.notes[0].removesuffix(': not computed')})" for one in uncomputed[:MOST])
        more = f" and {len(uncomputed) - MOST:,} more" if len(uncomputed) > MOST else ""
        yield from ("", cell(f"not computed: {named}{more}", 2000))
    sides = zip(("only in reference", "only in current"), measured.only, strict=True)
    if told := "; ".join(f"{where}: {', '.join(names[:MOST])}" for where, names in sides if names):
        yield from ("", cell(told, 2000))
