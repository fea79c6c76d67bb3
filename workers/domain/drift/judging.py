"""What the statistics of columns amount to: a verdict for each, and one for all. docs/drift.md has the rule and its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.contract.drift import Level
from workers.domain.drift import wording
from workers.domain.drift.evidence import Evidence, evidence
from workers.domain.drift.measures import benjamini_hochberg, chi2
from workers.domain.drift.statistics import Statistics


@dataclass(frozen=True)
class Limits:
    """From which PSI on a column is a warning or an alert, how many rows each side must have for a verdict, and below which q-value a
    difference is no chance."""

    warning: float = 0.1
    alert: float = 0.25
    at_least: int = 200
    q: float = 0.01


MOVED = 0.25
"""A warning whatever PSI says: the mean way of a value, in standard deviations of the reference. PSI is 0.089 for a shift of 0.3."""
TIED = 0.15
"""The same for categories: Cramer's V."""
MISSING_WARNING, MISSING_ALERT = 0.05, 0.25
"""The change of the share of missing values, up or down."""
STRANGE_WARNING, STRANGE_ALERT = 0.05, 0.25
"""The share of live rows with a category that the reference lacks, beyond what is to be expected of a column with many rare ones."""
GRAVITY = (Level.NONE, Level.TOO_FEW, Level.WARNING, Level.ALERT, Level.BROKEN)
"""From good to bad."""


@dataclass(frozen=True)
class Judged:
    """One column with its verdict. `q` is its p-value after Benjamini and Hochberg, `threshold` the PSI that chance alone exceeds once in a
    hundred times with so many rows and bins; None where it was not computed."""

    found: Statistics
    verdict: Level
    q: float | None = None
    threshold: float | None = None

    @property
    def is_drifted(self) -> bool:
        """At least a warning."""
        return self.verdict in (Level.WARNING, Level.ALERT)

    @property
    def is_uncomputed(self) -> bool:
        """Nothing is known of it, good or bad."""
        return self.found.kind == "other" and self.verdict is Level.NONE


@dataclass(frozen=True)
class Judgement:
    """The verdict, a sentence that says why, and every judged column, worst first. `prediction` is apart from them, and counts.

    `uncomputed` are columns of which nothing can be computed, such as times and lists: they are no part of any verdict.
    """

    verdict: Level
    text: str
    columns: tuple[Judged, ...]
    prediction: Judged | None = None
    uncomputed: tuple[Statistics, ...] = ()

    @property
    def drifted(self) -> int:
        """How many columns are at least a warning."""
        return sum(one.is_drifted for one in self.columns)


def judge(
    found: Sequence[Statistics], rows: tuple[int, int], limits: Limits | None = None, prediction: Statistics | None = None
) -> Judgement:
    """Judge what was found of each column. `rows` are those of the reference and of live, as a whole.

    The prediction is judged by its own p-value: it is one question, asked on its own.
    """
    limits = limits or Limits()
    judged = _judged(found, limits)
    uncomputed = tuple(one.found for one in judged if one.is_uncomputed)
    columns = tuple(sorted((one for one in judged if not one.is_uncomputed), key=_worst_first))
    alone = next(iter(_judged([prediction], limits)), None) if prediction else None
    verdict = _overall([*columns, *([alone] if alone else [])], rows, limits)
    judgement = Judgement(verdict, "", columns, alone, uncomputed)
    return replace(judgement, text=wording.sentence(judgement, rows, limits.at_least))


def _judged(found: Sequence[Statistics], limits: Limits) -> list[Judged]:
    told = {one.column: counts for one in found if _can_be_told(one, limits) and (counts := evidence(one))}
    qs = dict(zip(told, benjamini_hochberg([one.pvalue for one in told.values()]), strict=True))
    gone = {one.column: _missing_pvalue(one) for one in found if one.missing_change}
    missing = {column for column, q in zip(gone, benjamini_hochberg([*gone.values()]), strict=True) if q < limits.q}
    weighed = {column: _Weighed(counts, qs[column]) for column, counts in told.items()}
    return [_one(one, weighed.get(one.column), one.column in missing, limits) for one in found]


@dataclass(frozen=True)
class _Weighed:
    counts: Evidence
    q: float


def _one(found: Statistics, weighed: _Weighed | None, missing_differs: bool, limits: Limits) -> Judged:  # noqa: FBT001  # what was found
    if broken := _broken(found, limits):
        return Judged(replace(found, broken=broken), Level.BROKEN)
    gone, told = _of_missing(found, limits) if missing_differs else (Level.NONE, ())
    if found.kind == "other":
        return Judged(replace(found, notes=(*found.notes, *told)), gone)
    strange = _of_strange(found)
    if weighed is None:
        few = (wording.ALL_RARE,) if _can_be_told(found, limits) else ()
        return Judged(replace(found, notes=(*found.notes, *few, *told)), max(gone, strange, Level.TOO_FEW, key=GRAVITY.index))
    level, why = _of_values(found, weighed.counts, limits) if weighed.q < limits.q else (Level.NONE, ())
    notes = (*found.notes, *wording.pooled(weighed.counts), *why, *told)
    return Judged(replace(found, notes=notes), max(gone, level, strange, key=GRAVITY.index), weighed.q, weighed.counts.threshold)


def _of_values(found: Statistics, counts: Evidence, limits: Limits) -> tuple[Level, tuple[str, ...]]:
    if counts.psi >= max(limits.alert, counts.threshold):
        return Level.ALERT, ()
    if counts.psi >= max(limits.warning, counts.threshold):
        return Level.WARNING, ()
    if (found.wasserstein_normalised or 0.0) >= MOVED or (counts.cramers_v or 0.0) >= TIED:
        return Level.WARNING, (wording.unseen_by_psi(found),)
    if found.kind == "number" and found.wasserstein_normalised is None and (found.ks or 0.0) >= limits.warning:
        level = Level.ALERT if (found.ks or 0.0) >= limits.alert else Level.WARNING
        return level, (wording.no_longer_constant(found),)
    return Level.NONE, ()


def _of_strange(found: Statistics) -> Level:
    share = found.unexpected or 0.0
    return Level.ALERT if share >= STRANGE_ALERT else Level.WARNING if share >= STRANGE_WARNING else Level.NONE


def _of_missing(found: Statistics, limits: Limits) -> tuple[Level, tuple[str, ...]]:
    change = abs(found.missing_change or 0.0)
    sides = (found.rows_reference + found.missing_reference, found.rows_live + found.missing_live)
    if change < MISSING_WARNING or min(sides) < limits.at_least:
        return Level.NONE, ()
    return (Level.ALERT if change >= MISSING_ALERT else Level.WARNING), (wording.missing(found),)


def _broken(found: Statistics, limits: Limits) -> str | None:
    """Why nothing can be told, if so. That a few values are all missing says nothing yet."""
    if found.broken is not None:
        return found.broken
    if not found.rows_reference and not found.rows_live:
        return None
    if not found.rows_live and found.missing_live >= limits.at_least:
        return "every live value is missing"
    if not found.rows_reference and found.missing_reference >= limits.at_least:
        return "every value of the reference is missing"
    return None


def _can_be_told(found: Statistics, limits: Limits) -> bool:
    return found.kind != "other" and found.broken is None and min(found.rows_reference, found.rows_live) >= max(1, limits.at_least)


def _missing_pvalue(found: Statistics) -> float:
    return chi2((found.rows_reference, found.missing_reference), (found.rows_live, found.missing_live))[1]


def _overall(judged: Sequence[Judged], rows: tuple[int, int], limits: Limits) -> Level:
    verdicts = {one.verdict for one in judged}
    if Level.BROKEN in verdicts:
        return Level.BROKEN
    if min(rows) < max(1, limits.at_least):
        return Level.TOO_FEW
    told = verdicts - {Level.TOO_FEW}
    if not told:
        return Level.TOO_FEW if verdicts else Level.BROKEN
    return max(told, key=GRAVITY.index)


def _worst_first(one: Judged) -> tuple[int, float, float, str]:
    found = one.found
    strength = max(found.wasserstein_normalised or 0.0, found.cramers_v or 0.0)
    return -GRAVITY.index(one.verdict), -(found.psi or 0.0), -strength, found.column
