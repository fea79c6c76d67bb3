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
        *section([f"*{state_of(promotion)}*  ·  {promotion.id}  ·  {promotion.kind.value}", *_now(promotion, names)]),
        *section([*facts.request(promotion, names), *facts.versions(promotion, promotion.state)]),
        *_evidence(promotion),
        *section([*facts.quorum(promotion), *facts.deadlines(promotion), *facts.votes(promotion, names)], 1_400),
        *actions(decide(promotion)),
        *context(facts.records(moved, last[0] if last else None, links)),
    ]
    return post(_fallback(promotion), blocks)


def _now(promotion: Promotion, names: Names) -> list[str]:
    """What happened last: who, when, why; and why it does not move."""
    last = facts.shown_events(promotion)[-1:]
    lines = [_happened(event, names) for event in last if event.event != "requested" or event.state is not State.WAITING]
    if promotion.step and promotion.state in (State.DEPLOYING, State.VERIFYING, State.ROLLING_BACK):
        tried = f", try {promotion.step.attempt}" if promotion.step.attempt > 1 else ""
        lines.append(f"*Step:* {safe(promotion.step.name, 60)} on {safe(promotion.step.target, 60)}{tried}")
    return lines + facts.reasons(promotion)


def _happened(event: Event, names: Names) -> str:
    why = f" Reason: {safe(event.because, 300)}" if event.because and event.event != "requested" else ""
    return f"{facts.happened(event, names)}. {told(event.text, 400)}{why}"


def _evidence(promotion: Promotion) -> list[Block]:
    if promotion.rollback:
        return []
    changes, gates = facts.changes(promotion), facts.gates(promotion)
    few = 5 if promotion.state in _BEFORE_DEPLOYMENT else 3
    return [
        *section(_few("*What changes*", changes, few)),
        *section(_few(f"*Gates:* {facts.gates_counted(promotion)}", gates, 8)),
    ]


def _few(title: str, lines: list[str], most: int) -> list[str]:
    if not lines:
        return []
    return [title, *lines[:most], *([f"… ({len(lines) - most} more)"] if len(lines) > most else [])]


def _fallback(promotion: Promotion) -> str:
    why = f" {told(promotion.reasons[0])}" if promotion.reasons else ""
    return f"{promotion.id}: {safe(headline(promotion, promotion.state))}. {state_of(promotion)}.{why}"
