"""A judgement in the words of the contract: numbers as text, worst first, and not more than is of use."""

from __future__ import annotations

from workers.contract.drift import MOST_COLUMNS, Bars, ColumnDrift
from workers.domain.drift.judging import Judged, Judgement
from workers.domain.drift.statistics import REST, Bins

MOST_BARS = 5
MOST_BINS = 10
MOST_NOTES = 5


def columns(judged: Judgement) -> tuple[ColumnDrift, ...]:
    """The worst columns, worst first."""
    return tuple(column(one) for one in judged.columns[:MOST_COLUMNS])


def column(one: Judged) -> ColumnDrift:
    """One column."""
    found = one.found
    broken = (found.broken,) if found.broken else ()
    return ColumnDrift(
        found.column,
        found.kind,
        one.verdict,
        psi=size(found.psi),
        ks=size(found.ks),
        ks_pvalue=small(found.ks_pvalue),
        wasserstein=number(found.wasserstein),
        wasserstein_normalised=size(found.wasserstein_normalised),
        js=size(found.js),
        chi2=number(found.chi2),
        chi2_pvalue=small(found.chi2_pvalue),
        cramers_v=size(found.cramers_v),
        missing_change=size(found.missing_change),
        q=small(one.q),
        threshold=size(one.threshold),
        notes=(*broken, *found.notes)[:MOST_NOTES],
    )


def bars(judged: Judgement) -> tuple[Bars, ...]:
    """Pictures' numbers: of the prediction, and of the worst columns that have bins."""
    first = [judged.prediction] if judged.prediction else []
    with_bins = [(one.found.column, one.found.bins) for one in (*first, *judged.columns) if one.found.bins]
    return tuple(_bars(name, bins) for name, bins in with_bins[:MOST_BARS])


def size(value: float | None) -> str | None:
    """Four digits after the point: of measures that lie around one, whatever the unit of the column."""
    return None if value is None else f"{value:.4f}"


def number(value: float | None) -> str | None:
    """Four digits that count: of what has a unit, or any size."""
    return None if value is None else f"{value:.4g}"


def small(value: float | None) -> str | None:
    """A probability, to three digits that count."""
    return None if value is None else f"{value:.3g}"


def _bars(name: str, bins: Bins) -> Bars:
    shown = _most(bins)
    shares = [tuple(f"{count / max(1, sum(side)):.4f}" for count in side) for side in (shown.reference, shown.live)]
    return Bars(name, shown.labels, *shares)


def _most(bins: Bins) -> Bins:
    """The ten bins that hold most of either side, in their order; the others are one."""
    size = len(bins.labels)
    if size <= MOST_BINS:
        return bins
    totals = [max(1, sum(side)) for side in (bins.reference, bins.live)]
    share = [max(was / totals[0], now / totals[1]) for was, now in zip(bins.reference, bins.live, strict=True)]
    kept = sorted(sorted(range(size), key=lambda place: (-share[place], place))[: MOST_BINS - 1])
    sides = [[side[place] for place in kept] for side in (bins.reference, bins.live)]
    rests = [sum(side) - sum(part) for side, part in zip((bins.reference, bins.live), sides, strict=True)]
    labels = (*(bins.labels[place] for place in kept), REST)
    return Bins(labels, (*sides[0], rests[0]), (*sides[1], rests[1]))
