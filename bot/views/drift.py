"""Drift for people: the verdict first, then what it rests on, each number beside what it means in words."""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.blocks import actions, context, post, section
from bot.views.buttons import run
from bot.views.post import Links, Names, Post
from bot.views.text import cut, link, person, safe, told, when
from workers.contract import outcomes as out
from workers.contract.drift import Bars, ColumnDrift, DriftReport, Level, Realised, Snooze, Window

LEVELS: dict[Level, tuple[str, str]] = {
    Level.NONE: ("✅", "No drift"),
    Level.WARNING: ("⚠️", "Warning"),
    Level.ALERT: ("🚨", "Alert"),
    Level.TOO_FEW: ("❔", "Too few rows to tell"),
    Level.BROKEN: ("🛠️", "Broken input"),
}
"""The sign and the word of each level. A sign never stands without its word."""

_LONG = 2_600
_FEW = 5
_NOTED = 2
_NAME = 60
_SHIFTED = 0.25
"""So many bins must live rows lie higher or lower, in the middle, to be said to."""


def shown(outcome: out.DriftShown, links: Links, names: Names) -> Post:
    """The answer to `show drift NAME`."""
    report = outcome.report
    title = headline(report)
    blocks = [
        *section([f"{title}. {told(report.text, 500, names)}", *rows(report)]),
        *section(_worst(report), _LONG),
        *section([*_apart(report, names), *_since(outcome), *_reserve(outcome, names)], _LONG),
        *actions(run(outcome.offers[:5])),
        *context([_page(report, links), *_small(report)]),
    ]
    first = next((_column(report, one, None) for one in report.columns[:1]), "")
    whole = " ".join(filter(None, [title.replace("*", "") + ".", told(report.text, 500, names), first.replace("*", "")]))
    return post(whole, blocks)


def headline(report: DriftReport) -> str:
    """The verdict, and of what, as markup."""
    sign, word = LEVELS[report.verdict]
    return f"{sign} *{word}: {_what(report)}*"


def rows(report: DriftReport) -> Iterator[str]:
    """Both sides of the comparison: how many rows, of when."""
    yield f"*Live:* {_window(report.live)}"
    yield f"*Reference:* {_window(report.reference)}, which {safe(report.version)} learned from"


def _what(report: DriftReport) -> str:
    return f"{safe(report.artifact)} {safe(report.version)} in {safe(report.environment)}"


def _window(window: Window) -> str:
    count = f"{window.rows:,} row{'' if window.rows == 1 else 's'}"
    begin = f" from {when(window.begin)}" if window.begin else ""
    end = f" to {when(window.end)}" if window.end else ""
    return f"{count}{begin}{end}"


def _worst(report: DriftReport) -> Iterator[str]:
    """The worst features, and how many there are that are not shown."""
    if not report.columns:
        return
    yield f"*Worst features* ({report.drifted} of {report.total} drifted)"
    bars = {one.column: one for one in report.bars}
    yield from (f"• {_column(report, one, bars.get(one.column))}" for one in report.columns[:_FEW])
    if (left := report.total - len(report.columns[:_FEW])) > 0:
        yield f"… ({left} more)"


def _column(report: DriftReport, one: ColumnDrift, bars: Bars | None) -> str:
    """One feature: its verdict and numbers, then what they mean."""
    word = LEVELS[one.verdict][1].lower()
    level = {Level.ALERT: (report.alert, "alert"), Level.WARNING: (report.warning, "warning")}.get(one.verdict)
    limit = f" ({level[1]} from {safe(level[0], 20)})" if level and level[0] else ""
    psi = f", PSI {_short(one.psi)}{limit}" if one.psi is not None else ""
    meaning = "; ".join([*meanings(one, bars), *(safe(note, 160) for note in one.notes[:_NOTED])])
    return f"*{safe(one.column, _NAME)}*: {word}{psi}{f': {meaning}' if meaning else ''}"


def meanings(one: ColumnDrift, bars: Bars | None) -> Iterator[str]:
    """What a column's numbers mean, in words; the direction from its bars."""
    if bars and (direction := _direction(one, bars)):
        yield direction
    if one.wasserstein_normalised is not None and one.verdict in (Level.WARNING, Level.ALERT):
        yield f"moved by {_short(one.wasserstein_normalised)} standard deviations on average"
    if one.cramers_v is not None and one.verdict in (Level.WARNING, Level.ALERT):
        yield f"Cramér's V {_short(one.cramers_v)}"
    if one.missing_change is not None and abs(change := _number(one.missing_change)) >= 0.005:
        yield f"{abs(change) * 100:.1f} in 100 {'more' if change > 0 else 'fewer'} values are missing"


def _direction(one: ColumnDrift, bars: Bars) -> str | None:
    """Where live rows lie, of a number; what there is more of, of a category."""
    reference, live = [_number(share) for share in bars.reference], [_number(share) for share in bars.live]
    if one.verdict not in (Level.WARNING, Level.ALERT) or not bars.labels or not len(bars.labels) == len(reference) == len(live):
        return None
    if one.kind == "number":
        moved = sum(at * (now - then) for at, (then, now) in enumerate(zip(reference, live, strict=True)))
        way = "lie higher" if moved > _SHIFTED else "lie lower" if moved < -_SHIFTED else "are spread otherwise"
        return f"live rows {way}"
    most = max(range(len(live)), key=lambda at: abs(live[at] - reference[at]))
    more = "more" if live[most] > reference[most] else "less"
    return f"{more} of “{safe(bars.labels[most], 40)}” ({reference[most]:.0%} before, {live[most]:.0%} now)"


def _apart(report: DriftReport, names: Names) -> Iterator[str]:
    """What counts apart from the inputs: predictions, metrics."""
    if report.prediction:
        bars = next((one for one in report.bars if one.column == report.prediction.column), None)
        yield f"*Predictions:* {_column(report, report.prediction, bars)}"
    yield from (_realised(one) for one in report.realised[:4])


def _realised(one: Realised) -> str:
    then = f", {_metric(one.then)} at registration" if one.then is not None else ""
    what = (
        f"*{safe(one.metric, 40)} {'(estimated)' if one.estimated else '(realised)'}:* {_metric(one.now)} now{then}, on {one.rows:,} rows"
    )
    if one.estimated:
        return f"{what}; computed without labels from calibrated scores, so it cannot see that the world itself has changed"
    late = f"; labels come {_hours(one.delay_hours)} late (median)" if one.delay_hours is not None else ""
    return what + late


def _hours(text: str) -> str:
    hours = _number(text)
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"


def _since(outcome: out.DriftShown) -> Iterator[str]:
    """What has changed since the last report that was kept."""
    before, report = outcome.before, outcome.report
    if before is None:
        yield "*Since the last report:* this is the first."
    elif before.version != report.version:
        yield f"*Since the last report:* that was of {safe(before.version)}, {when(before.at)}: {LEVELS[before.verdict][1].lower()}."
    elif before.digest == report.digest:
        yield f"*Since the last report*, {when(before.at)}: nothing."
    else:
        yield f"*Since the last report*, {when(before.at)}: {'; '.join(_changes(before, report))}."


def _changes(before: DriftReport, report: DriftReport) -> Iterator[str]:
    said = [LEVELS[one.verdict][1].lower() for one in (before, report)]
    yield f"{said[0]} then, {said[1]} now" if said[0] != said[1] else f"{said[1]} as before"
    then, now = _drifted(before), _drifted(report)
    if new := [name for name in now if name not in then]:
        yield f"drifted since: {_names(new)}"
    if well := [name for name in then if name not in now]:
        yield f"no longer: {_names(well)}"
    if (worst := next(iter(report.columns), None)) and worst.psi is not None:
        earlier = next((one.psi for one in before.columns if one.column == worst.column and one.psi is not None), None)
        if earlier is not None and _short(earlier) != _short(worst.psi):
            yield f"{safe(worst.column, _NAME)} PSI {_short(earlier)} then, {_short(worst.psi)} now"
    if before.live.rows != report.live.rows:
        yield f"{before.live.rows:,} live rows then, {report.live.rows:,} now"


def _drifted(report: DriftReport) -> list[str]:
    return [one.column for one in report.columns if one.verdict in (Level.WARNING, Level.ALERT)]


def _names(columns: list[str]) -> str:
    more = f" and {len(columns) - _FEW} more" if len(columns) > _FEW else ""
    return ", ".join(safe(name, _NAME) for name in columns[:_FEW]) + more


def _reserve(outcome: out.DriftShown, names: Names) -> Iterator[str]:
    """What stands against the numbers, and what was guessed."""
    report = outcome.report
    yield from (f"*Problem:* {told(one, 300, names)}" for one in report.problems[:5])
    yield from (told(one, 300, names) for one in report.remarks[:5])
    if report.approximate:
        yield f"*Not exact:* {told(report.approximate, 300, names)}"
    if outcome.snooze:
        yield snoozed(outcome.snooze, names)
    yield from (f"_{told(note, 250, names)}_" for note in outcome.notes[:4])


def snoozed(snooze: Snooze, names: Names) -> str:
    """Who snoozed a lane's drift, and until when."""
    because = f": {safe(snooze.because, 200)}" if snooze.because else ""
    return f"*Snoozed* until {when(snooze.until)} by {person(snooze.by, names)}{because}"


def _page(report: DriftReport, links: Links) -> str:
    return link(links.drift(report.environment, report.artifact), "the whole report")


def _small(report: DriftReport) -> Iterator[str]:
    yield f"measured {when(report.at)}"
    if report.source:
        yield f"rows from {safe(report.source, 120)}"
    yield f"digest `{report.digest.short}`"


def table(outcome: out.DriftTable, links: Links, names: Names) -> Post:
    """The answer to `show drift` without a name: worst first."""
    lines = [_line(one, links, names) for one in outcome.lines] or ["No model is live yet."]
    left = outcome.total - len(outcome.lines)
    more = [f"… ({left} more; name one to see it)"] if left > 0 else []
    noted = [f"_{told(outcome.note, 200, names)}_"] if outcome.note else []
    spoken = "\n".join(["Drift of every live model, worst first:", *noted, *lines, *more])
    return post(spoken, section([*noted, "*Drift of every live model, worst first*", *lines, *more], _LONG))


def _line(one: out.DriftLine, links: Links, names: Names) -> str:
    what = f"*{safe(one.artifact)} {safe(one.version)}* in {safe(one.environment)}"
    asleep = f"; snoozed until {when(one.snooze.until)}" if one.snooze else ""
    if one.report is None:
        return f"• – {what}: {told(one.why or 'not measured yet', 250, names)}{asleep}"
    sign, word = LEVELS[one.report.verdict]
    worst = next((column for column in one.report.columns if column.psi is not None), None)
    told_worst = f", worst {safe(worst.column, _NAME)} (PSI {_short(worst.psi)})" if worst else ""
    counted = f"; {one.report.drifted} of {one.report.total} features" if one.report.total else ""
    page = link(links.drift(one.environment, one.artifact), "report")
    return f"• {sign} {word}: {what}{told_worst}{counted}, {when(one.report.at)}{f', {page}' if page else ''}{asleep}"


def _number(text: str | None) -> float:
    """The number that a text is; nothing known is nothing."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


def _metric(text: str) -> str:
    """A metric's value: 0.996 must not become 1.00."""
    try:
        return f"{float(text):.4g}"
    except ValueError:
        return safe(text, 20)


def _short(text: str | None) -> str:
    """A number for people: three digits that count."""
    try:
        found = float(text or 0)
    except ValueError:
        return safe(cut(text or "", 20))
    return f"{found:.2f}" if 0.005 <= abs(found) < 1000 or found == 0 else f"{found:.2g}"
