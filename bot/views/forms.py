"""Modals: https://docs.slack.dev/surfaces/modals. Their `callback_id` is the action that opens them; `private_metadata` is left to the bot."""

from __future__ import annotations

from typing import Any

from bot.views import facts
from bot.views.blocks import context, markup, section
from bot.views.buttons import DETAILS_FORM, REJECT_FORM, approve_confirm
from bot.views.post import Names
from bot.views.text import NO_NAMES, preformatted, safe
from bot.views.words import headline, state_of
from workers.contract.names import PromotionId
from workers.contract.outcomes import Moved

__all__ = ["BECAUSE", "LONGEST_REASON", "approve_confirm", "details", "reject"]

BECAUSE = "because"
"""`block_id` and `action_id` of the reason that is typed into a form."""
LONGEST_REASON = 1_000


def reject(promotion_id: PromotionId) -> dict[str, Any]:
    """Asks for the reason of a rejection."""
    reason = {
        "type": "plain_text_input",
        "action_id": BECAUSE,
        "multiline": True,
        "min_length": 1,
        "max_length": LONGEST_REASON,
        "placeholder": _plain("What must be different?"),
    }
    return {
        **_modal(REJECT_FORM, f"Reject {promotion_id}"),
        "submit": _plain("Reject"),
        "blocks": [
            {"type": "section", "text": markup(f"{promotion_id} ends with your rejection. Its requester and the record get your reason.")},
            {"type": "input", "block_id": BECAUSE, "label": _plain("Reason"), "element": reason},
        ],
    }


def details(moved: Moved, names: Names = NO_NAMES) -> dict[str, Any]:
    """All that is needed to decide: versions, every difference, every gate, who may decide and who has."""
    promotion = moved.promotion
    changes, gates = facts.changes(promotion), facts.gates(promotion, names)
    history = [f"• {facts.happened(one, names)}. {facts.words(one, names, 300)}" for one in facts.shown_events(promotion)]
    lines = (
        f"plan     {promotion.plan}",
        f"policy   {promotion.policy}",
        f"version  {promotion.to.digest}",
        f"commit   {promotion.to.commit}",
    )
    built = tuple(f"image    {one}" for one in promotion.to.outputs)
    live = (f"live     {promotion.live.digest}",) if promotion.live else ()
    return {
        **_modal(DETAILS_FORM, f"Details of {promotion.id}"),
        "blocks": [
            *section([f"*{safe(headline(promotion, promotion.state))}*", f"{state_of(promotion)}  ·  {promotion.kind.value}"]),
            *section([*facts.request(promotion, names), *facts.versions(promotion, promotion.state)]),
            *section(facts.reasons(promotion, names), 3_000),
            *section([facts.changes_title(promotion), *changes] if changes else ["*What changes:* nothing that is measured"], 3_000),
            *section([f"*Gates:* {facts.gates_counted(promotion)}", *gates], 3_000),
            *section([*facts.quorum(promotion, names), *facts.deadlines(promotion), *facts.votes(promotion, names)], 3_000),
            *section(["*What happened*", *history[-20:]], 3_000),
            *section([preformatted("\n".join((*lines, *live, *built)), 2_700)]),
            *context(f"record {one.seq}" for one in facts.shown_events(promotion)[-1:]),
        ],
    }


def _modal(callback_id: str, title: str) -> dict[str, Any]:
    return {"type": "modal", "callback_id": callback_id, "title": _plain(title), "close": _plain("Close")}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
