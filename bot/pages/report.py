"""A drift report as its page shows it: every number with its name, bars as plain geometry, instants in UTC. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.links import Links
from bot.pages.record import CommitLink
from bot.views.drift import LEVELS, meanings
from bot.views.text import retold
from workers.contract.drift import Bars, ColumnDrift, DriftReport, Level, Watching, Window
from workers.contract.envelope import read_stamp
from workers.contract.names import ActorId
from workers.contract.wire import BadWire

_STYLES = {Level.NONE: "good", Level.WARNING: "warning", Level.ALERT: "bad", Level.TOO_FEW: "unknown", Level.BROKEN: "bad"}
_FULL = 100.0
MOST_BARS = 5


@dataclass(frozen=True)
class Bar:
    """One bar: its place and length in hundredths of the width, what stands beside it, and its style."""

    label: str
    length: float
    said: str
    style: str


@dataclass(frozen=True)
class Pair:
    """One bin, reference and live."""

    label: str
    reference: Bar
    live: Bar


@dataclass(frozen=True)
class Report:
    """What the template asks for beside the report itself."""

    found: Watching
    report: DriftReport
    links: Links
    names: Mapping[str, str]

    @property
    def title(self) -> str:
        """The verdict, and of what."""
        return f"{LEVELS[self.report.verdict][1]}: {self.report.artifact} {self.report.version} in {self.report.environment}"

    @property
    def head(self) -> CommitLink:
        """The ledger commit that the page shows."""
        return CommitLink(self.found.head, self.links.commit(self.found.head))

    @property
    def measures(self) -> list[Bar]:
        """PSI of each kept column, and the levels that they are judged by."""
        return [self._measure(one) for one in self.report.columns if one.psi is not None]

    @property
    def levels(self) -> list[tuple[str, float]]:
        """The lines across the bars: what each is, and where."""
        said = (("warning", self.report.warning), ("alert", self.report.alert))
        return [(f"{word} from {value}", _number(value) / self._whole * _FULL) for word, value in said if value]

    @property
    def spreads(self) -> list[tuple[str, list[Pair]]]:
        """The worst columns bin by bin, then the prediction."""
        order = [one.column for one in self.report.columns]
        known = sorted(self.report.bars, key=lambda one: order.index(one.column) if one.column in order else len(order))
        return [(one.column, list(_pairs(one))) for one in known[:MOST_BARS] if one.labels]

    @property
    def rows(self) -> list[list[str]]:
        """The table of all kept columns, by `headings`."""
        return [[*self._row(one)] for one in (*self.report.columns, *((self.report.prediction,) if self.report.prediction else ()))]

    headings = (
        "Column", "Verdict", "PSI", "KS", "KS p", "Wasserstein", "W / sd", "JS", "χ²", "χ² p", "Cramér's V", "Missing", "q", "PSI needed",
    )  # fmt: skip

    def _row(self, one: ColumnDrift) -> Iterator[str]:
        is_prediction = one is self.report.prediction
        yield f"{one.column} (prediction)" if is_prediction else one.column
        yield LEVELS[one.verdict][1]
        numbers = (
            one.psi, one.ks, one.ks_pvalue, one.wasserstein, one.wasserstein_normalised, one.js, one.chi2, one.chi2_pvalue, one.cramers_v,
            one.missing_change, one.q, one.threshold,
        )  # fmt: skip
        yield from (value if value is not None else "–" for value in numbers)

    @property
    def said(self) -> list[tuple[str, str]]:
        """What the numbers of a column mean, in words, for each that has something to say."""
        bars = {one.column: one for one in self.report.bars}
        found = [(one.column, "; ".join([*meanings(one, bars.get(one.column)), *one.notes])) for one in self.report.columns]
        return [(column, text) for column, text in found if text]

    def style(self, level: Level) -> str:
        """The class of a level in the style sheet."""
        return _STYLES[level]

    def word(self, level: Level) -> str:
        """A level in a word."""
        return LEVELS[level][1]

    def window(self, window: Window) -> str:
        """How many rows, of when."""
        span = f", {self.time(window.begin)} to {self.time(window.end)}" if window.begin and window.end else ""
        return f"{window.rows:,} rows{span}"

    def time(self, stamp: str | None) -> str:
        """An instant in UTC."""
        try:
            return f"{read_stamp(stamp):%Y-%m-%d %H:%M:%S} UTC"
        except BadWire:
            return stamp or "not known"

    def told(self, text: str) -> str:
        """Words of the core, with people by name and instants readable."""
        return retold(text, lambda user: self.names.get(user, user), self.time)

    def person(self, actor: ActorId) -> str:
        """A display name with the id that the ledger knows."""
        return f"{self.names[actor.user]} ({actor})" if actor.user in self.names else str(actor)

    @property
    def _whole(self) -> float:
        longest = max((_number(one.psi) for one in self.report.columns), default=0.0)
        return max(longest * 1.25, _number(self.report.alert) * 1.5, 0.01)

    def _measure(self, one: ColumnDrift) -> Bar:
        word = "" if one.verdict is Level.NONE else f" {LEVELS[one.verdict][1].lower()}"
        length = min(_number(one.psi) / self._whole * _FULL, _FULL)
        return Bar(one.column, length, f"{_number(one.psi):.3f}{word}", _STYLES[one.verdict])


def _pairs(bars: Bars) -> Iterator[Pair]:
    whole = max((_number(share) for share in (*bars.reference, *bars.live)), default=0.0) or 1.0
    for label, then, now in zip(bars.labels, bars.reference, bars.live, strict=False):
        yield Pair(label, _share("reference", then, whole), _share("live", now, whole))


def _share(side: str, share: str, whole: float) -> Bar:
    return Bar(side, _number(share) / whole * _FULL, f"{_number(share):.1%}", side)


def _number(text: str | None) -> float:
    """The number that a text is, of those that can be drawn; nothing known is nothing."""
    try:
        found = float(text or 0)
    except ValueError:
        return 0.0
    return found if 0 <= found < 1e9 else 0.0
