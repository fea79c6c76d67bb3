"""An incident of drift: the one card that people are called with, and what its thread gets. Its buttons are sentences like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bot.grammar import write
from bot.views import facts
from bot.views.blocks import actions, button, confirm, context, header, post, section
from bot.views.post import Block, Links, Names, Post
from bot.views.text import mention, person, safe, told, when
from workers.contract import requests as ask
from workers.contract.drift import ColumnDrift, Fallen, Incident, IncidentState, Level, Realised, Window
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.outcomes import IncidentMoved
from workers.contract.stories import Told

STATES: dict[IncidentState, tuple[str, str]] = {
    IncidentState.DRIFT: ("📈", "Drift alert"),
    IncidentState.BROKEN: ("🧱", "Broken input"),
    IncidentState.FALLING: ("📉", "Falling metric"),
    IncidentState.OVER: ("✅", "Over"),
}
_HEADLINES: dict[IncidentState, str] = {
    IncidentState.DRIFT: "{what} drifts in {where}",
    IncidentState.BROKEN: "The live rows of {what} in {where} cannot be compared",
    IncidentState.FALLING: "{what} became worse in {where}",
    IncidentState.OVER: "The drift of {what} in {where} is over",
}
_EVENTS = {
    "drift_alert": "Opened", "drift_changed": "Changed", "drift_over": "Over", "drift_snoozed": "Snoozed",
    "drift_unsnoozed": "No longer snoozed", "drift_snooze_ended": "The snooze has ended", "drift_still": "Still there",
    "retraining_requested": "Retraining",
}  # fmt: skip
CALLING = ("drift_alert", "drift_still")
"""The events whose posts call the owners: once when it is opened, and once more when it was snoozed and still holds."""
_UNSHOWN = ("card_posted",)
_FEW = 5


def card(moved: IncidentMoved, links: Links, names: Names) -> Post:
    """The card as it must look now."""
    one = moved.incident
    title = _headline(one)
    last = _shown(one)[-1:]
    blocks: list[Block] = [
        header(title),
        *section([_state(one), *_snoozed(one, names), *_retrained(one), told(one.report.text, 400, names)]),
        *section([*_fell(one.fallen), *_worst(one), *_problems(one)], 2_000),
        *section(_measured(one)),
        *actions(_buttons(one)),
        *context(_records(moved, last[0] if last else None, links)),
    ]
    return post(f"{one.id}: {safe(title)}. {_word(one)}. {told(one.report.text, 300, names)}", blocks)


def thread(moved: IncidentMoved, event: Told, links: Links, names: Names) -> Post | None:
    """What the thread gets for one event. None: nothing."""
    if event.event in _UNSHOWN:
        return None
    one = moved.incident
    by = f" by {person(event.actor, names)}" if event.actor.is_person else ""
    title = f"*{_EVENTS.get(event.event, safe(event.event.replace('_', ' ').capitalize(), 40))}*{by}, {when(event.time)}"
    words = told(event.text, 1_000, names)
    because = f"*Reason:* {told(event.because, 500, names)}" if event.because else ""
    called = _called(one) if event.event in CALLING else ""
    blocks = [*section([title, words, because]), *section([called]), *context(_records(moved, event, links))]
    return post(f"{one.id}: {title.replace('*', '')}. {words} {called}".strip(), blocks)


def _called(one: Incident) -> str:
    who = " ".join(found for owner in one.owners[:10] if (found := mention(owner)))
    return f"{who} {safe(one.artifact)} is yours: press a button on the card, or answer here." if who else ""


def _headline(one: Incident) -> str:
    return _HEADLINES[one.state].format(what=f"{one.artifact} {one.version}", where=one.environment)


def _word(one: Incident) -> str:
    sign, word = STATES[one.state]
    return f"{sign} {word}"


def _state(one: Incident) -> str:
    row = f"  ·  {one.in_a_row} windows in a row" if one.in_a_row > 1 and not one.ended_at else ""
    until = f" until {when(one.ended_at)}" if one.ended_at else ""
    return f"*{_word(one)}*  ·  {one.id}  ·  since {when(one.requested_at)}{until}{row}"


def _snoozed(one: Incident, names: Names) -> Iterator[str]:
    if one.snooze and not one.ended_at:
        why = f" ({told(one.snooze.because, 200, names)})" if one.snooze.because else ""
        yield f"🔕 Snoozed until {when(one.snooze.until)} by {person(one.snooze.by, names)}{why}: nobody is called, and it is measured all the same."


def _retrained(one: Incident) -> Iterator[str]:
    if one.retraining and not one.ended_at:
        yield f"🏋️ {one.retraining} retrains it."


def _fell(fallen: Fallen | None) -> Iterator[str]:
    if fallen:
        yield (
            f"*{safe(fallen.metric, 60)}* is {safe(fallen.now, 30)} on {fallen.rows} rows since {fallen.promotion}; "
            f"it was {safe(fallen.before, 30)} with {safe(fallen.version)}. Roll back, and look at the difference afterwards."
        )


def _worst(one: Incident) -> Iterator[str]:
    report = one.report
    found = [*([report.prediction] if report.prediction else []), *report.columns]
    shown = [column for column in found if column.verdict in (Level.WARNING, Level.ALERT, Level.BROKEN)][:_FEW]
    if shown:
        yield f"*What moved most* ({report.drifted} of {report.total} columns):"
    yield from (f"• {_column(column, report.prediction)}" for column in shown)
    yield from (_realised(metric) for metric in report.realised[:3])


def _column(column: ColumnDrift, prediction: ColumnDrift | None) -> str:
    """One column in words: how much it moved, and what numbers do not say."""
    what = " (the prediction)" if column is prediction else ""
    moved = [
        f"PSI {safe(column.psi, 20)}" if column.psi else "",
        _missing(column.missing_change),
        *(safe(note, 150) for note in column.notes[:3]),
    ]
    return f"{safe(column.column, 80)}{what}: {column.verdict.value}, {', '.join(part for part in moved if part)}".rstrip(", ")


def _missing(change: str | None) -> str:
    try:
        share = float(change or 0) * 100
    except ValueError:
        return ""
    return f"{abs(share):.0f} in a hundred {'more' if share > 0 else 'fewer'} are missing" if abs(share) >= 1 else ""


def _realised(one: Realised) -> str:
    kind = "estimated without labels" if one.estimated else f"on {one.rows} rows with labels"
    then = f", {safe(one.then, 30)} at registration" if one.then else ""
    return f"• {safe(one.metric, 60)} {safe(one.now, 30)} ({kind}){then}"


def _problems(one: Incident) -> Iterator[str]:
    yield from (f"• {safe(problem, 300)}" for problem in one.report.problems[:_FEW])


def _measured(one: Incident) -> Iterator[str]:
    yield f"*Live rows:* {_window(one.report.live)}  ·  *reference:* {_window(one.report.reference)}  ·  measured {when(one.report.at)}"


def _window(window: Window) -> str:
    begin = f" since {when(window.begin)}" if window.begin else ""
    end = f" until {when(window.end)}" if window.end else ""
    return f"{window.rows} rows{begin}{end}"


def _buttons(one: Incident) -> list[dict[str, Any]]:
    """What it offers, the best in front; the words of it all, and peace for a day. When it is over, the words alone."""
    if one.state is IncidentState.OVER:
        return [_explain(one)]
    ways = [_WAYS[verb](one) for verb in one.offers if verb in _WAYS]
    if ways and one.state is IncidentState.FALLING:
        ways[0]["style"] = "primary"
    return [*ways, _explain(one), _snooze(one)]


def _explain(one: Incident) -> dict[str, Any]:
    return button("Explain", "show_drift", write(ask.ShowDrift(ArtifactName(one.artifact), EnvironmentName(one.environment))))


def _retrain(one: Incident) -> dict[str, Any]:
    text = f"The pipeline of {one.artifact} runs on today's data; what comes out is requested for promotion in your name."
    sentence = write(ask.Retrain(ArtifactName(one.artifact), f"drift in {one.environment} ({one.id})"))
    return button("Retrain", "retrain", sentence, confirm=confirm("Retrain?", text, "Retrain"))


def _roll_back(one: Incident) -> dict[str, Any]:
    why = f"{one.fallen.metric} fell ({one.id})" if one.fallen else f"drift ({one.id})"
    text = f"{one.artifact} in {one.environment} goes back to its last good version, and {one.version} is put on hold there."
    sentence = write(ask.Rollback(EnvironmentName(one.environment), ArtifactName(one.artifact), because=why))
    return button("Roll back", "rollback", sentence, confirm=confirm("Roll back?", text, "Roll back"))


_WAYS: dict[str, Callable[[Incident], dict[str, Any]]] = {"retrain": _retrain, "rollback": _roll_back}


def _snooze(one: Incident) -> dict[str, Any]:
    if one.snooze:
        return button(
            "Call again", "unsnooze_drift", write(ask.UnsnoozeDrift(ArtifactName(one.artifact), EnvironmentName(one.environment)))
        )
    return button("Snooze for a day", "snooze_drift", f"snooze drift {one.artifact} in {one.environment} for 24h")


def _records(moved: IncidentMoved, event: Told | None, links: Links) -> list[str]:
    """Small print: record and commit."""
    return [f"record {event.seq}", facts.commit(moved.commits.get(str(event.seq)), links)] if event else []


def _shown(one: Incident) -> list[Told]:
    return [event for event in one.events if event.event not in _UNSHOWN]
