"""Forms on top of a conversation: the reason for a rejection, the details of a promotion. They decide nothing: what is submitted is a sentence."""

from __future__ import annotations

import json
from typing import Any

import structlog

from bot.grammar import write
from bot.people import People, people_in
from bot.projection import Projection
from bot.slack import Slack, SlackTrouble
from bot.views import forms
from workers.contract.actors import Conversation, Origin
from workers.contract.names import BadName, PromotionId
from workers.contract.requests import Reject

log = structlog.get_logger("bot.modals")

REJECT = "reject_form"


class Modals:
    """Opens forms and reads what was submitted."""

    def __init__(self, slack: Slack, projection: Projection, people: People) -> None:
        self._slack = slack
        self._projection = projection
        self._people = people

    async def open(self, kind: str, promotion: str, trigger: str, conversation: Conversation) -> None:
        """Open a form about a promotion. The trigger lives three seconds: what comes too late is dropped, and the person clicks again."""
        try:
            view = await self._view(kind, PromotionId.read(promotion))
            if view is None:
                return
            place = {"promotion": promotion, "channel": conversation.channel, "thread": conversation.thread}
            await self._slack.call("views.open", trigger_id=trigger, view={**view, "private_metadata": json.dumps(place)})
        except SlackTrouble as exc:
            log.warning("form_unopened", form=kind, trouble=str(exc)[:80])
        except BadName:
            log.warning("form_unopened", form=kind, trouble="no promotion's id")

    async def _view(self, kind: str, promotion: PromotionId) -> dict[str, Any] | None:
        if kind == REJECT:
            return forms.reject(promotion)
        moved = await self._projection.promotion(promotion)
        if moved is None:
            log.warning("form_without_promotion", promotion=promotion)
            return None
        return forms.details(moved, await self._people.names(people_in(moved)))

    def read(self, view: dict[str, Any]) -> tuple[str, Conversation] | None:
        """The sentence that a submitted form means, and where it was opened; None for a form that says nothing."""
        try:
            place = json.loads(view.get("private_metadata") or "{}")
            promotion = PromotionId.read(place["promotion"])
            conversation = Conversation(str(place["channel"]), Origin.FORM, place.get("thread"))
        except (ValueError, KeyError, TypeError):
            return None
        if view.get("callback_id") != REJECT:
            return None
        return write(Reject(promotion, _typed(view))), conversation


def _typed(view: dict[str, Any]) -> str | None:
    """What was typed into the form's one field."""
    fields = ((view.get("state") or {}).get("values") or {}).values()
    texts = [str(part.get("value") or "").strip() for field in fields for part in field.values()]
    return next((text[: forms.LONGEST_REASON] for text in texts if text), None)
