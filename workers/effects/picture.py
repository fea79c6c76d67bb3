"""A drift report as a picture for Slack: how far each of the worst columns is from the reference, and how the worst one is spread.

Drawn to be read on a phone, where 800 pixels become 360: few words, large type. Nothing is told by colour alone. matplotlib is imported
when the first picture is drawn; its Figure is used without pyplot, which would keep every figure.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workers.contract.drift import Bars, ColumnDrift, DriftReport, Level, Window
from workers.contract.names import ArtifactName, Digest, EnvironmentName, Version

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS = 8
MOST_BINS = 10
LONGEST_NAME = 17
"""So many letters of a name fit beside the bars."""
WARNING, ALERT = 0.1, 0.25
"""The levels of a report that does not say its own."""
EXTRA = "drift"
"""The extra of the package that brings matplotlib."""

_WIDTH, _HEIGHT, _DPI = 8.0, 10.0, 100
_WHOLE = 4.0
"""The axis ends at so many times the alert level; a longer bar is cut there and says its number."""
_ROWS = 3
"""A room has place for so many bars, also when there are fewer: one alone is not to fill it."""
_COLOURS = 48
_INK, _SOFT = "#1d2b26", "#5b6963"


@dataclass(frozen=True)
class _Look:
    """How bars of one level or side are drawn; the hatch and the word tell it to who sees no colour."""

    colour: str
    hatch: str
    word: str


_REFERENCE, _LIVE = _Look("#b9c4bf", "", "reference"), _Look("#1a5f8a", "\\\\", "live")
_LOOKS = {
    Level.NONE: _Look("#8aa39a", "", ""),
    Level.WARNING: _Look("#e0a030", "..", "warning"),
    Level.ALERT: _Look("#b5362b", "//", "alert"),
    Level.TOO_FEW: _Look("#d9e0dc", "", "too few"),
    Level.BROKEN: _Look("#5b2a86", "xx", "broken"),
}


def is_possible() -> bool:
    """Whether matplotlib is here."""
    try:
        import matplotlib  # noqa: F401, PLC0415
    except ImportError:
        return False
    return True


def warm() -> None:
    """Pay once for what the first picture costs: the import and the fonts. Does nothing without matplotlib."""
    if is_possible():
        draw(_SMALLEST)


def draw(report: DriftReport) -> bytes | None:
    """The picture as PNG, 800 by 1000 pixels, the same bytes for the same report; None when the report holds no number to draw.

    Raises ModuleNotFoundError without matplotlib.
    """
    measured = _measured(report)
    if not measured:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    spread = _spread(report, measured)
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    upper, lower = _rooms(figure, len(measured), len(spread.labels) if spread else 0)
    _title(figure, report)
    _draw_measures(upper, report, measured)
    if spread and lower is not None:
        _draw_spread(lower, spread)
    return _png(canvas)


def words(report: DriftReport) -> str:
    """What the picture shows, for whoever cannot see it."""
    measured = _measured(report)
    if not measured:
        return ""
    bars = ", ".join(f"{one.column} {_number(one)} {_LOOKS[one.verdict].word}".strip() for one in measured)
    levels = f"warning from {_level(report.warning, WARNING):g}, alert from {_level(report.alert, ALERT):g}"
    said = f"Bars of PSI, {report.artifact} {report.version} in {report.environment}: {bars}; {levels}."
    spread = _spread(report, measured)
    if spread is None:
        return said
    shares = ", ".join(
        f"{label} {_percent(then)} then {_percent(now)}"
        for label, then, now in zip(spread.labels, spread.reference, spread.live, strict=True)
    )
    return f"{said} Below, shares of {spread.column}, reference then live: {shares}."[:1900]


def _measured(report: DriftReport) -> list[ColumnDrift]:
    return [one for one in report.columns if one.psi is not None][:MOST_COLUMNS]


def _spread(report: DriftReport, measured: Sequence[ColumnDrift]) -> Bars | None:
    """The bars of the worst column that has some; of many bins those that differ most, in their order."""
    order = {one.column: at for at, one in enumerate(measured)}
    known = sorted((one for one in report.bars if one.column in order and one.labels), key=lambda one: order[one.column])
    if not known:
        return None
    bars = known[0]
    rows = list(zip(bars.labels, bars.reference, bars.live, strict=True))
    far = sorted(range(len(rows)), key=lambda at: abs(float(rows[at][2]) - float(rows[at][1])), reverse=True)[:MOST_BINS]
    labels, reference, live = zip(*(rows[at] for at in sorted(far)), strict=True)
    return Bars(bars.column, labels, reference, live)


def _rooms(figure: Any, bars: int, bins: int) -> tuple[Axes, Axes | None]:
    """The two rooms of the picture, shared by how much each has to show."""
    if not bins:
        return figure.add_axes((0.34, 0.08, 0.62, 0.68)), None
    top, bottom, between = 0.785, 0.03, 0.12
    share = min(max((bars + 1.0) / (bars + 1.0 + bins * 1.15), 0.3), 0.6)
    height = (top - bottom - between) * share
    lower = top - height - between - bottom
    return figure.add_axes((0.34, top - height, 0.62, height)), figure.add_axes((0.34, bottom, 0.62, lower))


def _title(figure: Any, report: DriftReport) -> None:
    where = f"{report.artifact} {report.version} in {report.environment}"
    figure.text(0.03, 0.965, report.verdict.value.upper(), fontsize=27, fontweight="bold", color=_INK, va="center", parse_math=False)
    figure.text(0.03, 0.923, _cut(where, 46), fontsize=19, color=_INK, va="center", parse_math=False)
    rows = f"{report.reference.rows:,} reference rows, {report.live.rows:,} live rows"
    figure.text(0.03, 0.887, rows, fontsize=16, color=_SOFT, va="center", parse_math=False)


def _draw_measures(axes: Axes, report: DriftReport, measured: Sequence[ColumnDrift]) -> None:
    warning, alert = _level(report.warning, WARNING), _level(report.alert, ALERT)
    longest = max(float(one.psi or 0) for one in measured)
    whole = max(min(longest * 1.5, alert * _WHOLE), alert * 1.45)
    for at, one in enumerate(measured):
        look, length = _LOOKS[one.verdict], min(float(one.psi or 0), whole)
        _bar(axes, at, length, 0.62, look)
        said = f"{_number(one)} {look.word}".strip() + (" ▸" if float(one.psi or 0) > whole else "")
        inside = length > whole * 0.7
        box = {"facecolor": "white", "edgecolor": "none", "pad": 2.0, "alpha": 0.92}
        place, side = (length - whole * 0.012, "right") if inside else (length + whole * 0.015, "left")
        axes.text(place, at, said, fontsize=16, va="center", ha=side, color=_INK, bbox=box, parse_math=False, zorder=4)
    for level, word, line, side in ((warning, "warning", "--", "right"), (alert, "alert", "-", "left")):
        axes.axvline(level, color=_INK, linewidth=2.2, linestyle=line, zorder=3)
        axes.annotate(
            f"{word} {level:g}", (level, 1.0), (0, 6), xycoords=("data", "axes fraction"), textcoords="offset points",
            fontsize=15, ha=side, va="bottom", color=_INK,
        )  # fmt: skip
    _heading(axes, "Distance (PSI)", 30)
    _dress(axes, [one.column for one in measured], whole)


def _draw_spread(axes: Axes, spread: Bars) -> None:
    for at, (then, now) in enumerate(zip(spread.reference, spread.live, strict=True)):
        _bar(axes, at - 0.2, float(then), 0.36, _REFERENCE)
        _bar(axes, at + 0.2, float(now), 0.36, _LIVE)
    whole = max(map(float, (*spread.reference, *spread.live)), default=0.0) * 1.18 or 1.0
    _dress(axes, list(spread.labels), whole)
    most = max(range(len(spread.labels)), key=lambda at: abs(float(spread.live[at]) - float(spread.reference[at])))
    for share, offset in ((spread.reference[most], -0.2), (spread.live[most], 0.2)):
        axes.text(float(share) + whole * 0.012, most + offset, _percent(share), fontsize=14, va="center", color=_INK, parse_math=False)
    _legend(axes, spread.column)


def _legend(axes: Axes, column: str) -> None:
    """The name of the column, and which bars are which, above them."""
    from matplotlib.patches import Patch  # noqa: PLC0415

    _heading(axes, f"{_cut(column, 26)}: share of rows", 34)
    shown = [Patch(facecolor=one.colour, hatch=one.hatch, edgecolor="white", linewidth=0, label=one.word) for one in (_REFERENCE, _LIVE)]
    axes.legend(
        handles=shown, loc="lower left", bbox_to_anchor=(-0.51, 0.99), ncols=2, frameon=False, fontsize=16, borderpad=0.0, handlelength=1.6
    )


def _bar(axes: Axes, at: float, length: float, height: float, look: _Look) -> None:
    """A bar from nothing; without the counting of ticks and units that `barh` does for each."""
    from matplotlib.patches import Rectangle  # noqa: PLC0415

    place = (0.0, at - height / 2)
    axes.add_patch(Rectangle(place, length, height, facecolor=look.colour, hatch=look.hatch, edgecolor="white", linewidth=0))


def _heading(axes: Axes, text: str, above: float) -> None:
    axes.annotate(
        text, (-0.5, 1.0), (0, above), xycoords="axes fraction", textcoords="offset points", fontsize=19, fontweight="bold",
        color=_INK, va="bottom", annotation_clip=False, parse_math=False,
    )  # fmt: skip


def _dress(axes: Axes, names: Sequence[str], whole: float) -> None:
    axes.set_xlim(0, whole)
    axes.set_ylim(max(len(names), _ROWS) - 0.45, -0.55)
    axes.set_axis_off()
    axes.axvline(0, color=_INK, linewidth=1.5)
    for at, name in enumerate(names):
        axes.text(-whole * 0.015, at, _shortened(name), fontsize=17, ha="right", va="center", color=_INK, parse_math=False)


def _png(canvas: Any) -> bytes:
    """In so few colours a picture is a fifth as large, and looks the same."""
    from PIL import Image  # noqa: PLC0415  # matplotlib brings it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that the font lacks is drawn as a box; the words beside the picture hold it
        canvas.draw()
    drawn = Image.frombuffer("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()), "raw", "RGBA", 0, 1).convert("RGB")
    written = io.BytesIO()
    drawn.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(written, "PNG", compress_level=6)
    return written.getvalue()


_SMALLEST = DriftReport(
    ArtifactName("model"), Version("v1.0.0"), EnvironmentName("somewhere"), Level.NONE, "", Window(None, None, 0), Window(None, None, 0), "",
    Digest("sha256:" + "0" * 64), (ColumnDrift("column", "number", Level.ALERT, psi="1"),), bars=(Bars("column", ("a",), ("1",), ("1",)),),
)  # fmt: skip
"""What is drawn to be warm: one of everything."""


def _level(text: str | None, default: float) -> float:
    return float(text) if text else default


def _number(one: ColumnDrift) -> str:
    return f"{float(one.psi or 0):.2f}"


def _percent(share: str) -> str:
    found = float(share) * 100
    return f"{found:.0f} %" if found >= 1 or found == 0 else "< 1 %"


def _shortened(name: str) -> str:
    """A name that fits beside the bars: columns are often told apart by their ends."""
    shown = _cut(name, len(name))
    return shown if len(shown) <= LONGEST_NAME else f"{shown[:9].rstrip()}…{shown[-7:].lstrip()}"


def _cut(text: str, longest: int) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return shown if len(shown) <= longest else shown[: longest - 1].rstrip() + "…"
