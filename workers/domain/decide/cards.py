"""Where the card of a promotion, an incident or a retraining stands, as the bot reports it."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.drift import Incident
from workers.contract.names import IncidentId, PromotionId, RetrainingId, StoryId
from workers.contract.retraining import Retraining
from workers.domain import decision as d
from workers.domain.state import World

EVENT = "card_posted"


def posted(world: World, case: d.Case, report: ask.CardPosted) -> d.Decision:
    """The card's place; a later report replaces it only if the earlier card is gone, which the bot has then seen."""
    promotion = world.promotions.get(PromotionId(report.about))
    if promotion is None:
        return _of_story(world, case, report)
    if promotion.card == report.card:
        return d.NOTHING
    return d.moved(d.note(world, case, promotion, EVENT, f"Card posted in {report.card.channel}.", card=report.card))


def _of_story(world: World, case: d.Case, report: ask.CardPosted) -> d.Decision:
    story = _story(world, report.about)
    if story is None or story.card == report.card:
        return d.NOTHING
    state = story.events[-1].state if story.events else ""
    event = d.tell(world, case, EVENT, f"Card posted in {report.card.channel}.", state)
    return d.Decision(
        event=EVENT,
        subject=f"{story.id}: card posted",
        documents=(replace(story, card=report.card, events=(*story.events, event)),),
        about=(story.artifact, None, story.environment),
    )


def _story(world: World, id_: StoryId) -> Incident | Retraining | None:
    return world.incidents.get(IncidentId(id_)) or world.retrainings.get(RetrainingId(id_))
