"""Where a promotion's card stands in Slack is kept in the ledger, so that it is found again when everything else is lost."""

from __future__ import annotations

from workers.contract import requests as ask
from workers.contract.names import PromotionId
from workers.domain import decision as d
from workers.domain.state import World


def posted(world: World, case: d.Case, report: ask.CardPosted) -> d.Decision:
    """The card's place; a later report replaces it only if the earlier card is gone, which the bot has then seen."""
    promotion = world.promotions.get(PromotionId(report.about))
    if promotion is None or promotion.card == report.card:
        return d.NOTHING
    return d.moved(d.note(world, case, promotion, "card_posted", f"Card posted in {report.card.channel}.", card=report.card))
