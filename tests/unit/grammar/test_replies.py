from __future__ import annotations

import pytest

from bot.grammar import read_reply
from workers.contract import requests as ask
from workers.contract.names import ArtifactName, EnvironmentName, PromotionId

from .known import KNOWN

P3 = PromotionId("P-3")
SAID: dict[str, ask.Request] = {
    "show drift": ask.ShowDrift(),
    "show drift biopsy in prod": ask.ShowDrift(ArtifactName("biopsy"), EnvironmentName("prod")),
    "approve": ask.Approve(),
    "Approve": ask.Approve(),
    "Approve.": ask.Approve(),
    " approve! ": ask.Approve(),
    "*approve*": ask.Approve(),
    "approve P-3": ask.Approve(P3),
    "Approve p-3.": ask.Approve(P3),
    "approve because the metrics hold": ask.Approve(because="the metrics hold"),
    "approve `P-3`": ask.Approve(P3),
    "approve because `auc` is fine": ask.Approve(because="`auc` is fine"),
    "approve because I don't see a risk": ask.Approve(because="I don't see a risk"),
    "approve\nbecause it holds": ask.Approve(because="it holds"),
    "reject because the card names no limits": ask.Reject(because="the card names no limits"),
    "cancel": ask.Cancel(),
    "withdraw": ask.Withdraw(),
    "dispute because it leaks": ask.Dispute("it leaks"),
    "retry because it is back": ask.Retry(because="it is back"),
    "audit": ask.Audit(),
    "show status biopsy": ask.ShowStatus(ArtifactName("biopsy")),
    "status of biopsy in prod": ask.ShowStatus(ArtifactName("biopsy"), EnvironmentName("prod")),
    "help": ask.Help(),
}
SILENCE = (
    "", "approve?", "Approve ?", "approve? because why not", "approve because of what?", "not approved", "approved", "don't approve",
    "do not approve", "approve not", "approve but later", "lgtm approve", "lgtm", "I approve", "we approve this", "approve this",
    "approve it", "please approve", "Please approve P-3", "approve please", "approve now", "approve for me", "approve the promotion",
    "shall I approve", "can you approve", "yes", "+1", ":+1:", "👍", "ok approve", "approve and cancel", "approve P-3 P-4",
    "promote biopsy v3 and checkout v41 to prod",
    "approve everything", "approve biopsy", "<@U0ANA> approve", "approve <@U0ANA>", "approve <!here>", "&gt; approve", "> approve",
    "&gt;&gt;&gt; approve", "```approve```", "```\napprove\n```", "`approve`", '"approve"', "“approve”", "'approve'", "«approve»",
    "~approve~", "~approve~ reject", "approve\nreject", "thanks\napprove", "approve\nP-3", "aprove", "aproved", "stauts",
    "promote biopsy v3 to prod", "rollback biopsy in prod", "register biopsy v4.0.0", "unhold biopsy v3 in prod", "adopt policy",
    "status of everything", "status?", "help me understand this", "where is the coffee", "who approved this", "P-3 approve",
    "approve because", "аpprove", "approve \u202e", "history repeats itself", "pending review", "audit is tomorrow",
    "why not", "Why not.", "why not P-3", "why not approve", "plan approve", "plan promote biopsy v3 to prod", "can i approve", "can I approve P-3",
    "cancel the meeting", "withdraw your question", "dispute", "I dispute that", "retry tomorrow", "reject, I would say", "a promise: approve",
    "x" * 5_000,
)  # fmt: skip


@pytest.mark.parametrize(("text", "request_"), SAID.items())
def test_a_reply_of_which_every_word_is_understood_is_acted_on(text: str, request_: ask.Request) -> None:
    sentence = read_reply(text, KNOWN)
    assert sentence is not None
    assert sentence.request == request_
    assert sentence.guessed is None


@pytest.mark.parametrize("text", SILENCE)
def test_everything_else_that_people_say_to_each_other_is_met_with_silence(text: str) -> None:
    assert read_reply(text, KNOWN) is None
