"""What is said of columns and of the whole, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.drift import Level
from workers.domain.drift.evidence import Evidence
from workers.domain.drift.statistics import Statistics

if TYPE_CHECKING:
    from workers.domain.drift.judging import Judged, Judgement

_MOST = 3
ALL_RARE = "so many categories with so few rows each cannot be told from chance"


def sentence(judged: Judgement, rows: tuple[int, int], at_least: int) -> str:
    """Why the verdict is what it is."""
    if judged.verdict is Level.BROKEN:
        said = _broken(judged)
    elif min(rows) < max(1, at_least):
        return f"There are {rows[0]:,} rows of the reference and {rows[1]:,} live ones; a verdict needs {at_least:,} on each side."
    elif judged.verdict is Level.TOO_FEW:
        return f"No column has {at_least:,} values on each side, which a verdict needs."
    else:
        said = _drifted(judged)
    few = sum(one.verdict is Level.TOO_FEW for one in judged.columns)
    return f"{said} {_count(few)} too few values for a verdict." if few else said


def unseen_by_psi(found: Statistics) -> str:
    """A difference that is small by PSI, and large all the same."""
    if found.kind == "number":
        return f"values moved by {found.wasserstein_normalised:.2f} standard deviations"
    return f"categories changed: Cramer's V is {found.cramers_v:.2f}"


def pooled(counts: Evidence) -> tuple[str, ...]:
    """That a verdict rests on another PSI than the one that is shown."""
    return (f"judged with {counts.rare:,} rare categories as one, PSI {counts.psi:.3f}",) if counts.rare else ()


def no_longer_constant(found: Statistics) -> str:
    """The reference has one value only."""
    return f"the reference is constant, and at least {found.ks:.0%} of live values are not that"


def missing(found: Statistics) -> str:
    """Missing values came or went."""
    was = found.missing_reference / (found.rows_reference + found.missing_reference)
    now = found.missing_live / (found.rows_live + found.missing_live)
    return f"missing values: {was:.1%} before, {now:.1%} now"


def _broken(judged: Judgement) -> str:
    parts = [one for one in (*judged.columns, judged.prediction) if one and one.verdict is Level.BROKEN]
    if not parts:
        return "There is no column that could be compared."
    told = "; ".join(f"{one.found.column}: {one.found.broken}" for one in parts[:_MOST])
    more = f"; and {len(parts) - _MOST:,} more" if len(parts) > _MOST else ""
    others = f" Of the others, {judged.drifted:,} drifted." if judged.drifted else ""
    return f"{len(parts):,} {'column' if len(parts) == 1 else 'columns'} cannot be compared: {told}{more}.{others}"


def _drifted(judged: Judgement) -> str:
    number, total = judged.drifted, len(judged.columns)
    parts = []
    if number and total > 1:
        parts.append(f"{number:,} of {total:,} columns drifted, most of all {_named(judged.columns[0])}")
    elif total > 1:
        parts.append(f"none of {total:,} columns drifted")
    elif total:
        parts.append(f"{_named(judged.columns[0])} drifted" if number else f"{judged.columns[0].found.column} did not drift")
    if judged.prediction:
        parts.append(f"the prediction {_prediction(judged.prediction)}")
    said = "; ".join(parts)
    return f"{said if total == 1 else said[:1].upper() + said[1:]}."


def _prediction(one: Judged) -> str:
    if one.verdict is Level.TOO_FEW:
        return "has too few values for a verdict"
    return f"drifted ({_size(one)})" if one.is_drifted else "did not"


def _named(one: Judged) -> str:
    return f"{one.found.column} ({_size(one)})"


def _size(one: Judged) -> str:
    return f"PSI {one.found.psi:.3f}" if one.found.psi is not None else one.found.notes[-1]


def _count(number: int) -> str:
    return "One column has" if number == 1 else f"{number:,} columns have"
