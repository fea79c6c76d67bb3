"""Buttons: each is a typed sentence, and the same rules apply to it as to one that is typed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bot.grammar import Moment, NotUnderstood, Sentence, Vocabulary, read, write
from bot.views.blocks import button, confirm, option
from bot.views.text import escaped, plain
from bot.views.words import moves
from workers.contract import requests as ask
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.promotion import Member, Promotion, State
from workers.contract.requests import LOOKS, READS

REJECT_FORM = "reject_form"
DETAILS_FORM = "details_form"
CHOOSE = "choose"
MORE = "more"

_LONGEST = 2_000
_ROOM = 7_000
"""The most characters of all the buttons of suggestions together; each takes `_AROUND` besides its sentence."""
_AROUND = 650
_EARLY = Moment(datetime(2001, 1, 1, tzinfo=UTC))
_PLAN_DIGITS = slice(7, 19)


def decide(promotion: Promotion) -> list[dict[str, Any]]:
    """Approve, Reject and the rest, while somebody may still decide; what a person may do, when one must; nothing afterwards."""
    if promotion.state is State.WAITING:
        return [
            _approve(promotion),
            _reject(promotion),
            _more(_details(promotion), _pause(promotion), *_withdraw(promotion), _cancel(promotion)),
        ]
    if promotion.state in (State.QUEUED, State.CHECKING):
        return [_more(_details(promotion), _pause(promotion), *_withdraw(promotion), _cancel(promotion))]
    if promotion.state in (State.DEPLOYING, State.VERIFYING) and not promotion.rollback:
        return [*_retries(promotion), _abort(promotion)]
    if promotion.state is State.NEEDS_ATTENTION:
        return [_retry(promotion), *roll_back(promotion), _accept(promotion)]
    return _retries(promotion)


def _retries(promotion: Promotion) -> list[dict[str, Any]]:
    return [_retry_of(one) for one in promotion.members if one.id != promotion.id and one.state is State.NEEDS_ATTENTION][:4]


def _retry_of(one: Member) -> dict[str, Any]:
    """One of a bundle that a person must look at, while its leader is well."""
    again = confirm(f"Retry {one.id}?", f"{one.artifact} {one.to.version} is deployed again.", "Retry")
    return button(f"Retry {one.artifact}", f"retry.{one.id.number}", write(ask.Retry(one.id)), confirm=again)


def _approve(promotion: Promotion) -> dict[str, Any]:
    sentence = write(ask.Approve(promotion.id, promotion.plan[_PLAN_DIGITS]))
    return button("Approve", "approve", sentence, style="primary", confirm=approve_confirm(promotion))


def approve_confirm(promotion: Promotion) -> dict[str, Any]:
    """The dialog between the button and the approval."""
    instead = f"in place of {promotion.live.version}" if promotion.live else "where nothing runs yet"
    places = [name for name in promotion.targets if name != promotion.environment]
    where = f" ({plain(', '.join(places), 80)})" if places else ""
    text = f"{promotion.artifact} {promotion.to.version} goes live in {promotion.environment}{where}, {instead}."
    if promotion.members:
        text = f"{plain(moves(promotion), 200)} go live in {promotion.environment}, all or nothing."
    return confirm(f"Approve {promotion.id}?", text, "Approve")


def _reject(promotion: Promotion) -> dict[str, Any]:
    return button("Reject", REJECT_FORM, str(promotion.id))


def _details(promotion: Promotion) -> tuple[str, str]:
    return "Details", f"{DETAILS_FORM} {promotion.id}"


def _pause(promotion: Promotion) -> tuple[str, str]:
    if promotion.paused:
        return "Continue", write(ask.Continue(promotion.id))
    return "Pause", write(ask.Pause(promotion.id))


def _cancel(promotion: Promotion) -> tuple[str, str]:
    return "Cancel the request", write(ask.Cancel(promotion.id))


def _withdraw(promotion: Promotion) -> list[tuple[str, str]]:
    """Only where there is an approval; whose it is, the core says."""
    return [("Withdraw my approval", write(ask.Withdraw(promotion.id)))] if promotion.votes else []


def _more(*entries: tuple[str, str]) -> dict[str, Any]:
    return {"type": "overflow", "action_id": MORE, "options": [option(label, value) for label, value in entries]}


def _retry(promotion: Promotion) -> dict[str, Any]:
    text = f"{promotion.artifact} {promotion.to.version} is deployed to {promotion.environment} again."
    return button(
        "Retry", "retry", write(ask.Retry(promotion.id)), style="primary", confirm=confirm(f"Retry {promotion.id}?", text, "Retry")
    )


def _abort(promotion: Promotion) -> dict[str, Any]:
    back = f"{promotion.live.version} comes back" if promotion.live else "nothing serves there then, as before"
    text = f"The deployment of {promotion.artifact} {promotion.to.version} to {promotion.environment} is stopped: {back}."
    asks_again = confirm(f"Abort {promotion.id}?", text, "Abort")
    return button("Abort", "abort", write(ask.Abort(promotion.id)), style="danger", confirm=asks_again)


def _accept(promotion: Promotion) -> dict[str, Any]:
    text = (
        f"The targets in {promotion.environment} are asked what they run. Where all run {promotion.to.version}, it has succeeded without "
        "its golden proof; where all run what ran before, it has failed."
    )
    asks_again = confirm("Accept what is live?", text, "Accept live")
    return button("Accept live", "accept_live", write(ask.AcceptLive(promotion.id)), confirm=asks_again)


def roll_back(promotion: Promotion) -> list[dict[str, Any]]:
    """The way back to the last good version of the promotion's lane."""
    sentence = write(ask.Rollback(EnvironmentName(promotion.environment), ArtifactName(promotion.artifact)))
    text = f"{promotion.artifact} in {promotion.environment} goes back to its last good version."
    return [button("Roll back", "rollback", sentence, confirm=confirm("Roll back?", text, "Roll back"))]


def run(sentences: Iterable[str]) -> list[dict[str, Any]]:
    """A button for each sentence that would be understood: reads run at once, writes ask once more. Told apart by numbers when a verb comes twice."""
    found: list[dict[str, Any]] = []
    room = _ROOM
    for sentence in sentences:
        understood = _understood(sentence)
        room -= len(escaped(sentence)) + _AROUND
        if isinstance(understood, Sentence) and not understood.guessed and room > 0 and len(escaped(sentence)) <= _LONGEST:
            verb = understood.command.verb.replace(" ", "_")
            again = sum(str(other["action_id"]).partition(".")[0] == verb for other in found)
            found.append(_run(sentence, f"{verb}.{again + 1}" if again else verb, understood))
    return found[:25]


def _understood(sentence: str) -> Sentence | NotUnderstood:
    """What it would be if it were said: at which instant decides what a time in it means, and only whether it is one matters here."""
    found = [read(escaped(sentence), known) for known in (Vocabulary(), Vocabulary(moment=_EARLY))]
    return next((one for one in found if isinstance(one, Sentence)), found[0])


def _run(sentence: str, action_id: str, understood: Sentence) -> dict[str, Any]:
    asks_again = {} if understood.command.request in (*READS, *LOOKS) else {"confirm": confirm("Say this?", plain(sentence, 300), "Say it")}
    return button(plain(sentence, 75), action_id, escaped(sentence), **asks_again)
