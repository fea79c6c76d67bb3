"""What a measurement says: the judgement, what was read for it, and everything that a reader must know before believing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from workers.contract import wire
from workers.contract.drift import DriftReport, Level, Realised, Window
from workers.contract.envelope import stamp
from workers.contract.names import Digest, EnvironmentName
from workers.contract.promotion import RegisteredVersion
from workers.domain.drift import reporting, truth
from workers.domain.drift.judging import Judgement
from workers.domain.drift.profile import ReferenceProfile
from workers.domain.drift.profiled import Approximation
from workers.domain.drift.statistics import Statistics
from workers.effects.windows import Seen

MOST_PROBLEMS = 20
UNREADABLE = 0.1
"""The share of files, of their bytes or of lines that may be lost before the rest says nothing any more."""
_MOST_NAMED = 3
_NOT_YET = Digest.read("sha256:" + "0" * 64)


@dataclass(frozen=True)
class Measured:
    """What was compared: `output` is the column of predictions, `found` what the profiles said of each column. `absent` are columns
    of the output that live rows do not have: not every log tells what was answered."""

    version: RegisteredVersion
    environment: EnvironmentName
    reference: ReferenceProfile
    seen: Seen
    source: str
    output: str | None
    found: Sequence[tuple[Statistics, Approximation]]
    absent: AbstractSet[str]


def report(measured: Measured, judged: Judgement, at_least: int, at: datetime) -> DriftReport:
    """The whole. With no rows, or with too many that could not be read, there is no verdict on drift.

    Metrics by labels are given of at least as many rows as a verdict needs.
    """
    version, seen = measured.version, measured.seen
    verdict, text = _verdict(measured, judged)
    found = DriftReport(
        artifact=version.artifact,
        version=version.version,
        environment=measured.environment,
        verdict=verdict,
        text=text,
        reference=Window(None, None, measured.reference.rows),
        live=Window(stamp(seen.begin), stamp(seen.end), seen.profile.rows),
        at=stamp(at),
        digest=_NOT_YET,
        columns=reporting.columns(judged),
        total=len(judged.columns),
        drifted=judged.drifted,
        prediction=reporting.column(judged.prediction) if judged.prediction else None,
        realised=tuple(_realised(measured, at_least)),
        bars=reporting.bars(judged),
        problems=tuple(_plain(one) for one in _problems(measured))[:MOST_PROBLEMS],
        remarks=tuple(_plain(one) for one in _remarks(measured))[:MOST_PROBLEMS],
        source=measured.source,
        approximate=_approximate(measured),
    )
    return replace(found, digest=_digest(found))


def _digest(found: DriftReport) -> Digest:
    """Of all that was found, and not of when: the same rows once more have the same digest."""
    whole = wire.plain(replace(found, live=Window(None, None, found.live.rows), at=""))
    return Digest.read(wire.sha256(wire.canonical(whole)))


def _verdict(measured: Measured, judged: Judgement) -> tuple[Level, str]:
    seen = measured.seen
    lost = _lost(seen)
    if _share_lost(seen) > UNREADABLE:
        return Level.BROKEN, f"{lost}; the rest says nothing for all of them."
    if not seen.profile.rows:
        return Level.TOO_FEW, _no_rows(measured)
    return judged.verdict, f"{judged.text} {lost}." if lost else judged.text


def _share_lost(seen: Seen) -> float:
    listing, unread = seen.listing, {part.name: part for part, _ in seen.listing.unread}
    there = {part.name: part for part in listing.parts} | unread
    files = len(unread) / len(there) if there else 0.0
    weight = sum(part.weight for part in unread.values()) / max(1, sum(part.weight for part in there.values()))
    return max(files, weight, listing.lost / max(1, listing.lines))


def _lost(seen: Seen) -> str:
    """What could not be read, as half a sentence; nothing when all could."""
    listing = seen.listing
    total = len({part.name for part in listing.parts} | {part.name for part, _ in seen.listing.unread})
    files = f"{len(seen.listing.unread):,} of {total:,} files of live rows could not be read" if seen.listing.unread else ""
    lines = f"{listing.lost:,} of {listing.lines:,} lines of the log could not be used" if listing.lost else ""
    return " and ".join(filter(None, (files, lines)))


def _no_rows(measured: Measured) -> str:
    seen, version = measured.seen, measured.version
    where = f"There are no live rows of {version.artifact} {version.version} from {_when(seen.begin)} to {_when(seen.end)}"
    if seen.profile.others:
        return f"{where}; {seen.profile.others:,} rows there are of other versions."
    newest = seen.listing.newest
    if newest and newest <= seen.begin:
        return f"{where}; the newest ones known are of {_when(newest)}."
    return f"{where}. Look whether {measured.source} is where they are written."


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _realised(measured: Measured, at_least: int) -> Iterator[Realised]:
    """By labels, and as the scores lead to expect; beside both what the version's own evidence says."""
    then, known = measured.version.metrics, measured.seen.profile.truth
    late = reporting.number(truth.delay_hours(known))
    for metric, value, rows in truth.metrics(known, by_distance=_is_by_distance(measured)):
        if rows >= at_least:
            yield Realised(metric, str(reporting.number(value)), rows, then.get(metric), late)
    for metric, value, rows in truth.expected(known):
        if rows >= at_least:
            yield Realised(metric, str(reporting.number(value)), rows, then.get(metric), estimated=True)


def _is_by_distance(measured: Measured) -> bool:
    """Whether predictions are quantities: of more different ones than a few, equality says nothing."""
    said = measured.version.drift_columns
    column = next((one for one in measured.reference.columns if said and one.name == said.prediction), None)
    return column is not None and column.kind == "number" and int((column.counts > 0).sum()) > _CLASSES


_CLASSES = 20


def _problems(measured: Measured) -> Iterator[str]:
    seen = measured.seen
    for part, why in seen.listing.unread[:_MOST_NAMED]:
        yield f"{part.name} could not be read: {why}."
    if len(seen.listing.unread) > _MOST_NAMED:
        yield f"{len(seen.listing.unread) - _MOST_NAMED:,} more files could not be read."
    yield from seen.listing.remarks
    if measured.output and measured.output not in measured.reference.names:
        yield f"The reference has no column {measured.output}, so predictions are not compared."
    for name in sorted(measured.absent):
        yield f"Live rows have no column {name}, so it is not compared."
    yield from _columns(measured)


def _remarks(measured: Measured) -> Iterator[str]:
    seen = measured.seen
    if seen.profile.others and seen.profile.rows:
        yield f"{seen.profile.others:,} rows of other versions were left out."


def _columns(measured: Measured) -> Iterator[str]:
    """Columns that only a part of the rows has, or has in another type: files whose schema has changed."""
    profile, rows = measured.seen.profile, measured.seen.profile.rows
    for name, absent, unfit in zip(measured.reference.names, profile.absent, profile.unfit, strict=True):
        if 0 < absent < rows:
            yield f"{int(absent):,} of {rows:,} rows come from files without the column {name}; it counts as missing there."
        if unfit > 0:
            yield f"{int(unfit):,} of {rows:,} rows have another type in {name}; they count as missing."


def _approximate(measured: Measured) -> str | None:
    """By how much at most; None when nothing is approximate."""
    deviations = {column.name: column.deviation for column in measured.reference.columns}
    ks = max((bound.ks for _, bound in measured.found), default=0.0)
    moved = [bound.wasserstein / deviation for found, bound in measured.found if (deviation := deviations[found.column])]
    if not ks and not max(moved, default=0.0):
        return None
    return (
        f"Compared through stored counts: Kolmogorov-Smirnov is off by at most {ks:.2g}, Wasserstein is at most "
        f"{max(moved, default=0.0):.2g} standard deviations too small. PSI, Jensen-Shannon and chi-square are exact."
    )


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:500]
