"""A retraining: its one card, and what its thread gets. Its buttons are sentences like any other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.grammar import write
from bot.views import facts
from bot.views.blocks import actions, button, confirm, context, header, post, preformatted_section, section
from bot.views.post import Block, Links, Names, Post
from bot.views.text import code, link, mention, person, safe, told, when
from workers.contract import requests as ask
from workers.contract.outcomes import RetrainingMoved
from workers.contract.retraining import Compared, How, Recipe, Retraining, Stage
from workers.contract.stories import Told

STAGES: dict[Stage, tuple[str, str]] = {
    Stage.RUNNING: ("🏋️", "Training"),
    Stage.PUSHED: ("🏷️", "Being registered"),
    Stage.REGISTERED: ("✅", "Registered"),
    Stage.PROMOTED: ("✅", "Promotion requested"),
    Stage.FAILED: ("❌", "Failed"),
    Stage.STOPPED: ("🚫", "Stopped"),
}
_HEADLINES: dict[Stage, str] = {
    Stage.RUNNING: "{what} is being retrained",
    Stage.PUSHED: "{what} was retrained",
    Stage.REGISTERED: "{what} was retrained: {version}",
    Stage.PROMOTED: "{what} was retrained: {version}",
    Stage.FAILED: "The retraining of {what} failed",
    Stage.STOPPED: "The retraining of {what} was stopped",
}
_EVENTS = {"begun": "Begun", "runs": "Progress", "pushed": "Trained", "promoted": "Promotion requested"}
_OF_PEOPLE = ("begun", "stopped")
"""What somebody did just then; the rest follows from it."""
_ENDS = ("promoted", "registered", "failed")
_UNSHOWN = ("card_posted",)
_FEW = 8
_LONGEST_LOG = 2_400


def card(moved: RetrainingMoved, links: Links, names: Names) -> Post:
    """The card as it must look now."""
    one = moved.retraining
    title, last = _headline(one), _shown(one)[-1:]
    blocks: list[Block] = [
        header(title),
        *section([_state(one, links), *_now(one, names)]),
        *section([*_asked(one, names), f"*Pipeline:* {recipe(one.recipe)}", _begun_at(one)]),
        *section(compared(one)),
        *(preformatted_section(one.log, _LONGEST_LOG) if one.log and one.stage is Stage.FAILED else []),
        *actions(_buttons(one)),
        *context(_records(moved, last[0] if last else None, links)),
    ]
    said = told(last[0].text, 300, names) if last else ""
    return post(f"{one.id}: {safe(title)}. {_word(one.stage)}. {said}", blocks)


def thread(moved: RetrainingMoved, event: Told, links: Links, names: Names) -> Post | None:
    """What the thread gets for one event. None: nothing."""
    if event.event in _UNSHOWN:
        return None
    one = moved.retraining
    by = f" by {person(event.actor, names)}" if event.event in _OF_PEOPLE and event.actor.is_person else ""
    title = f"*{_EVENTS.get(event.event, safe(event.event.capitalize(), 40))}*{by}, {when(event.time)}"
    words = told(event.text, 1_500, names)
    because = f"*Reason:* {safe(event.because, 500)}" if event.because and event.event in _OF_PEOPLE else ""
    ended = event.event in _ENDS
    called = f"{mention(one.requester.user)} {safe(_headline(one))}." if ended else ""
    failed = event.event == "failed"
    blocks: list[Block] = [
        *section([title, words, because, *(_reasons(one, names) if ended else [])], 2_500),
        *(section(compared(one)) if ended and not failed else []),
        *(preformatted_section(one.log, _LONGEST_LOG) if one.log and failed else []),
        *section([called]),
        *context(_records(moved, event, links)),
    ]
    return post(f"{one.id}: {title.replace('*', '')}. {words} {called}".strip(), blocks)


def recipe(said: Recipe) -> str:
    """What runs, in a few words."""
    runs = {
        How.COMMAND: code(" ".join(said.command), 300),
        How.DVC: code(f"dvc repro {said.target}"),
        How.GITHUB: f"{code(said.workflow or '')} of GitHub Actions",
        How.GITLAB: "GitLab CI",
    }[said.how]
    given = ", ".join(f"{safe(name, 60)} {safe(value, 60)}" for name, value in list(said.parameters.items())[:_FEW])
    return f"{runs}{f', with {given}' if given else ''}, at most {said.minutes} min"


def compared(one: Retraining) -> list[str]:
    """The live version and the new one by each metric, on the same rows."""
    if not one.compared:
        return []
    live = f"{safe(one.live)} (live)" if one.live else "live"
    new = safe(one.version) if one.version else "new"
    return [f"*On the same data:* {live} → {new}", *(_metric(metric) for metric in one.compared[:_FEW])]


def _metric(one: Compared) -> str:
    return f"• {safe(one.metric, 60)}: {safe(one.live or 'not measured', 40)} → {safe(one.new or 'not measured', 40)}"


def _headline(one: Retraining) -> str:
    return _HEADLINES[one.stage].format(what=one.artifact, version=one.version)


def _word(stage: Stage) -> str:
    sign, word = STAGES[stage]
    return f"{sign} {word}"


def _state(one: Retraining, links: Links) -> str:
    """The state, and the promotion that came of it."""
    came = f"  ·  {one.promotion} to {safe(one.environment)}: {facts.audit(one.promotion, links)}" if one.promotion else ""
    return f"*{_word(one.stage)}*  ·  {one.id}{came}"


def _now(one: Retraining, names: Names) -> Iterator[str]:
    if one.progress and one.stage is Stage.RUNNING:
        yield f"*Now:* {told(one.progress, 300, names)}"
    last = _shown(one)[-1:]
    yield from (told(event.text, 600, names) for event in last if event.event != "runs")
    yield from _reasons(one, names)


def _reasons(one: Retraining, names: Names) -> list[str]:
    return ["*Why:*", *(f"• {told(reason, 400, names)}" for reason in one.reasons[:_FEW])] if one.reasons else []


def _asked(one: Retraining, names: Names) -> Iterator[str]:
    answers = f", because of {one.incident}" if one.incident else ""
    yield f"*Asked by:* {person(one.requester, names)}, {when(one.requested_at)}{answers}"
    if one.because:
        yield f"*Reason:* {safe(one.because, 500)}"


def _begun_at(one: Retraining) -> str:
    page = link(one.ran.get("page"), "its run")
    branch = f", its result on {code(one.branch)}" if one.branch else ""
    return f"*From:* commit `{one.base[:12]}` of the source branch{branch}{f', {page}' if page else ''}"


def _shown(one: Retraining) -> list[Told]:
    return [event for event in one.events if event.event not in _UNSHOWN]


def _records(moved: RetrainingMoved, event: Told | None, links: Links) -> list[str]:
    found = [f"record {event.seq}", facts.commit(moved.commits.get(str(event.seq)), links)] if event else []
    return [*found, f"`show lineage {moved.retraining.artifact}`" if moved.retraining.version else ""]


def _buttons(one: Retraining) -> list[dict[str, Any]]:
    """Stop while it runs; ask for another one when it brought nothing."""
    if one.stage is Stage.RUNNING:
        asks_again = confirm(f"Stop {one.id}?", f"The retraining of {one.artifact} ends, and nothing of it is kept.", "Stop")
        return [button("Stop", "stop_retraining", write(ask.StopRetraining(one.artifact)), style="danger", confirm=asks_again)]
    if one.stage in (Stage.FAILED, Stage.STOPPED):
        text = f"The pipeline of {one.artifact} runs anew, at the source branch as it is now, in your name."
        asks_again = confirm(f"Retrain {one.artifact}?", text, "Retrain")
        return [button("Retrain again", "retrain", write(ask.Retrain(one.artifact, one.because)), confirm=asks_again)]
    return []
