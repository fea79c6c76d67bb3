"""The answer to `audit verify`: the verdict as a word, what is wrong or missing, and what it was held against."""

from __future__ import annotations

from bot.views import facts
from bot.views.blocks import context, post, section
from bot.views.post import Links, Names, Post
from bot.views.text import fitting, safe, told
from workers.contract.verified import Verdict, Verification

_TITLES = {
    Verdict.SOUND: "✅ *Sound:* the record is as it was written",
    Verdict.TAMPERED: "⛔ *Tampered:* the record is not as it was written",
    Verdict.CANNOT_TELL: "❔ *Cannot tell* whether the record is as it was written",
}
_DO = {
    Verdict.TAMPERED: "Stop and find out who did it: an operator runs `towpath audit verify --full`. Nothing was changed by looking.",
    Verdict.CANNOT_TELL: "That is neither good news nor bad: what is missing to tell stands above. Give it, and ask again.",
}


def view(outcome: Verification, links: Links, names: Names) -> Post:
    """One message for the person who asked."""
    title = _TITLES[outcome.verdict] + (f" ({outcome.records} records)." if outcome.records else ".")
    first = [f"*First bad commit:* `{safe(outcome.first_bad, 40)}`"] if outcome.first_bad else []
    reasons = [f"• {safe(one.code, 30)}: {told(one.text, 400, names)}" for one in (*outcome.findings, *outcome.lacking)]
    small = [f"{outcome.checked} commits checked now", facts.commit(outcome.head, links)] if outcome.head else []
    compared = [f"compared with {safe(one, 120)}" for one in outcome.compared[:4]]
    notes = [told(note, 200, names) for note in outcome.notes[:4]]
    do = [_DO[outcome.verdict]] if outcome.verdict in _DO else []
    blocks = [*section([title, *first, *reasons, *do], 2_900), *context([*small, *compared]), *context(notes)]
    return post(" ".join([title.replace("*", ""), *fitting([*first, *reasons], 2_000)]), blocks)
