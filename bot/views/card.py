"""The one card of a promotion: everything that is needed to decide, then what was decided, then what came of it."""

from __future__ import annotations

from bot.views import facts
from bot.views.blocks import actions, context, header, post, section
from bot.views.buttons import decide
from bot.views.post import Block, Links, Names, Post
from bot.views.text import NO_NAMES, safe, told
from bot.views.words import headline, state_of
from workers.contract.outcomes import Moved
from workers.contract.promotion import Event, Promotion, State

_BEFORE_DEPLOYMENT = (State.CHECKING, State.WAITING, State.QUEUED)


def card(moved: Moved, links: Links, names: Names = NO_NAMES) -> Post:
    """The card as it must look now. `names` are display names by user id; who is not among them is mentioned."""
    promotion = moved.promotion
    last = facts.shown_events(promotion)[-1:]
    blocks: list[Block] = [
        header(headline(promotion, promotion.state)),
        *section([_state(promotion, names), *_now(promotion, names)]),
        *section([*facts.request(promotion, names), *facts.versions(promotion, promotion.state)]),
        *_evidence(promotion, names),
        *section([*facts.quorum(promotion, names), *facts.deadlines(promotion), *facts.votes(promotion, names)], 1_400),
        *actions(decide(promotion)),
        *context(facts.records(moved, last[0] if last else None, links)),
    ]
    return post(_fallback(promotion, names), blocks)


def _state(promotion: Promotion, names: Names) -> str:
    """The state; with who brought it about and when, if that is what happened last."""
    last = facts.shown_events(promotion)[-1:]
    caused = "".join(facts.caused(event, names) for event in last if event.event == promotion.state.value)
    return f"*{state_of(promotion)}*{caused}  ·  {promotion.id}  ·  {promotion.kind.value}"


def _now(promotion: Promotion, names: Names) -> list[str]:
    """What happened last, unless the card says it further down: who, when, why; and why it does not move."""
    told_below = ("requested", "checked", "emergency", "approved", "reminded") if promotion.state is State.WAITING else ()
    last = facts.shown_events(promotion)[-1:]
    lines = [_happened(event, promotion, names) for event in last if event.event not in told_below]
    if promotion.step and promotion.state in (State.DEPLOYING, State.VERIFYING, State.ROLLING_BACK):
        tried = f", try {promotion.step.attempt}" if promotion.step.attempt > 1 else ""
        lines.append(f"*Step:* {safe(promotion.step.name, 60)} on {safe(promotion.step.target, 60)}{tried}")
    return lines + facts.reasons(promotion, names)


def _happened(event: Event, promotion: Promotion, names: Names) -> str:
    """The last event's words, where they say more than the state does."""
    is_state = event.event == promotion.state.value
    words = [
        "" if is_state else f"{facts.happened(event, names)}.",
        facts.words(event, names, 400),
        f"Reason: {safe(event.because, 300)}" if event.because and event.because != promotion.because else "",
    ]
    return " ".join(word for word in words if word)


def _evidence(promotion: Promotion, names: Names) -> list[Block]:
    if promotion.rollback:
        return []
    changes, gates = facts.changes(promotion), facts.gates_besides_reasons(promotion, names)
    few = 5 if promotion.state in _BEFORE_DEPLOYMENT else 3
    return [
        *section(_few(facts.changes_title(promotion), changes, few)),
        *section(_few(f"*Gates:* {facts.gates_counted(promotion)}", gates, 8)),
    ]


def _few(title: str, lines: list[str], most: int) -> list[str]:
    """The title with at most so many lines, one more rather than a line that says `1 more`."""
    if len(lines) <= most + 1:
        return [title, *lines] if lines else []
    return [title, *lines[:most], f"… ({len(lines) - most} more)"]


def _fallback(promotion: Promotion, names: Names) -> str:
    why = f" {told(promotion.reasons[0], 300, names)}" if promotion.reasons else ""
    return f"{promotion.id}: {safe(headline(promotion, promotion.state))}. {state_of(promotion)}.{why}"
