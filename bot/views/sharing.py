"""Answers that their reader may show to everybody in the conversation."""

from __future__ import annotations

from bot.views.blocks import actions, button, context, post
from bot.views.post import Names, Post
from bot.views.text import code, named
from workers.contract import outcomes as out
from workers.contract.verified import Verification

SHARE = "share"

_FOR_EVERYBODY = (
    out.Status,
    out.Versions,
    out.Pending,
    out.Changes,
    out.Page,
    Verification,
    out.PolicyShown,
    out.DriftShown,
    out.DriftTable,
)
_LONGEST_VALUE = 2_000


def can_be_shared(outcome: out.Outcome) -> bool:
    """Whether an answer says the same to everybody: not who the reader is, nor what they may do."""
    return isinstance(outcome, _FOR_EVERYBODY)


def belongs_in_the_open(outcome: out.Outcome) -> bool:
    """Whether an answer is for all who saw the question: one with a picture, which Slack shows in a thread, and never to one person alone."""
    return isinstance(outcome, out.DriftShown)


def with_share(shown: Post, question: str) -> Post:
    """The answer with a button that asks `question` (as a button's value) again, for everybody to see."""
    if len(question) > _LONGEST_VALUE:
        return shown
    return post(shown.text, [*shown.blocks, *actions([button("Share", SHARE, question)])])


def shared(shown: Post, sentence: str, user: str, names: Names) -> Post:
    """The answer as everybody sees it, with who shared it and what they asked. `names` must hold that user, or a bell rings for them."""
    note = f"Shared by {named(user, names)}: {code(sentence)}"
    return post(f"{note}\n{shown.text}", [*shown.blocks, *context([note])])
