"""Answers for one person's eyes: one function for each outcome there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bot.grammar import NotUnderstood
from bot.views import drift, facts, foreseen, incident, lineage, queries, retraining, stopped, verification
from bot.views.blocks import actions, context, markup, option, post, preformatted_section, section
from bot.views.buttons import CHOOSE, run
from bot.views.card import card
from bot.views.externals import externals
from bot.views.post import Block, Links, Names, Post
from bot.views.text import NO_NAMES, code, escaped, fitting, person, plain, safe, told
from bot.views.versions import deprecated, images
from workers.contract import outcomes as out
from workers.contract.promotion import RegisteredVersion
from workers.contract.stopped import Debts, Freezes, Holds, Locks, Queue
from workers.contract.verified import Verification

NOT_UNDERSTOOD = "not-understood"

_LONGEST_VALUE = 150


def answer(outcome: out.Outcome, links: Links, names: Names = NO_NAMES) -> Post:
    """What the person who asked is shown. A post without text means: show nothing. Raises KeyError for what is no outcome."""
    view: Callable[[Any, Links, Names], Post] = VIEWS[type(outcome)]
    return view(outcome, links, names)


def not_understood(found: NotUnderstood) -> out.Refused:
    """A text that was not understood, as the refusal that it is shown as."""
    return out.Refused(found.text, tuple(out.Reason(NOT_UNDERSTOOD, reason) for reason in found.reasons), found.suggestions)


def read_as(shown: Post, sentence: str) -> Post:
    """The answer to a misspelt question, with the sentence that it was read as (`Sentence.guessed`) above it."""
    note = f"Read as {code(sentence)}."
    return post(f"{note} {shown.text}", [*context([note]), *shown.blocks])


def _refused(outcome: out.Refused, links: Links, names: Names) -> Post:
    is_typing = any(reason.code == NOT_UNDERSTOOD for reason in outcome.reasons)
    title = f"I did not understand {code(outcome.what, 200)}." if is_typing else f"⛔ *Refused:* {code(outcome.what, 200)}"
    reasons = [_reason(one, names) for one in outcome.reasons]
    unchanged = "Nothing was changed."
    blocks: list[Block] = [
        *section([title, *reasons, unchanged], 2_900),
        *_suggested(outcome.suggestions),
        *context([f"record {outcome.record}" if outcome.record else ""]),
    ]
    whole = " ".join([title.replace("*", ""), *fitting(reasons, 2_000), unchanged])
    return post(whole, blocks)


def _reason(one: out.Reason, names: Names) -> str:
    who = "Who " if one.code.startswith("right-") else ""
    clears = f" _{who}{told(one.clears, 200, names)}_" if one.clears else ""
    return f"• {told(one.text, 500, names)}{clears}"


def _suggested(sentences: tuple[str, ...]) -> list[Block]:
    if not sentences:
        return []
    return [*section(["Did you mean:", *(f"• {code(one, 300)}" for one in sentences[:5])]), *actions(run(sentences[:5]))]


def _moved(outcome: out.Moved, links: Links, names: Names) -> Post:
    return card(outcome, links, names)


def _receipt(outcome: out.Receipt, links: Links, names: Names) -> Post:
    text = told(outcome.text, 1_000, names) or "Your request was taken."
    small = [str(outcome.promotion), facts.audit(outcome.promotion, links)] if outcome.promotion else []
    return post(text, [*section([text]), *actions(run(outcome.offers[:5])), *context(small)])


def _choose(outcome: out.Choose, links: Links, names: Names) -> Post:
    question = told(outcome.question, 300) or "Which one?"
    options = outcome.options[:100]
    more = f"… ({len(outcome.options) - 100} more: say it in full)" if len(outcome.options) > 100 else ""
    if not options or any(len(escaped(one.sentence)) > _LONGEST_VALUE for one in options):
        sentences = [one.sentence for one in options]
        return post(question, [*section([question, *(f"• {code(one)}" for one in sentences[:10]), more]), *actions(run(sentences[:10]))])
    menu = {
        "type": "static_select",
        "action_id": CHOOSE,
        "placeholder": {"type": "plain_text", "text": "Pick one"},
        "options": [option(plain(one.label, 75) or "…", escaped(one.sentence)) for one in options],
    }
    block: Block = {"type": "section", "text": markup(question), "accessory": menu}
    listed = "; ".join(safe(one.label, 75) for one in options[:10])
    return post(f"{question} {listed}", [block, *context([more, "Nothing was changed yet."])])


def _registered(outcome: out.Registered, links: Links, names: Names) -> Post:
    version = outcome.version
    files = f"{version.files} file{'' if version.files == 1 else 's'}"
    title = f"🏷️ *{safe(version.artifact)} {safe(version.version)}* was registered: digest `{version.digest.short}`, {files}{images(version.outputs)}."
    would = [f"• {safe(name, 40)}: {_would(reasons, names)}" for name, reasons in outcome.environments.items()]
    metrics = ", ".join(f"{safe(name, 40)} {safe(value, 40)}" for name, value in list(version.metrics.items())[:8])
    known = [*_described(version), deprecated(version, names), f"*Metrics:* {metrics}" if metrics else ""]
    notes = [told(one, 400, names) for one in outcome.notes]
    lines = [title, *known, *notes, *(["*Today its gates would say:*", *would] if would else [])]
    return post(title.replace("*", ""), [*section(lines, 2_500), *context([facts.commit(outcome.commit, links)])])


def _described(version: RegisteredVersion) -> Iterator[str]:
    """What its files say of it, how it was declared, and which facts are missing."""
    if version.description:
        yield safe(version.description, 300)
    if version.declared_in:
        yield f"*Declared in:* {safe(version.declared_in, 200)}"
    if version.labels:
        yield f"*Labels:* {', '.join(safe(one, 40) for one in version.labels[:8])}"
    if version.trained:
        yield f"*Trained on:* {', '.join(safe(one, 100) for one in version.trained[:8])}"
    if found := lineage.shape(version):
        yield f"*Shape:* {found}"
    for one in version.unread[:3]:
        yield f"*Not known:* {safe(one, 300)}"


def _would(reasons: tuple[str, ...], names: Names) -> str:
    if not reasons:
        return "nothing stops it"
    more = f" … ({len(reasons) - 3} more)" if len(reasons) > 3 else ""
    return f"stopped: {'; '.join(told(reason, 160, names) for reason in reasons[:3])}{more}"


def _policy_waits(outcome: out.PolicyWaits, links: Links, names: Names) -> Post:
    if outcome.errors:
        title = f"⛔ *The policy on the source branch is not valid* (commit `{outcome.commit[:12]}`); the one in force stays in force."
        lines = [f"• {told(error, 300)}" for error in outcome.errors]
        return post(title.replace("*", ""), section([title, *lines, "Nothing was changed. Correct it on the source branch."], 2_900))
    who = f" May adopt it: {', '.join(safe(role, 60) for role in outcome.adopters[:8])}." if outcome.adopters else ""
    title = f"📜 *The source branch proposes another policy* (commit `{outcome.commit[:12]}`). It is not in force yet.{who}"
    blocks = [*section([title]), *_diff(outcome.diff), *actions(run([f"adopt policy {outcome.commit[:12]}"]))]
    return post(title.replace("*", ""), blocks)


def _policy_adopted(outcome: out.PolicyAdopted, links: Links, names: Names) -> Post:
    title = f"📜 *A policy took force* (commit `{outcome.commit[:12]}`), adopted by {person(outcome.by, names)}."
    return post(title.replace("*", ""), [*section([title]), *_diff(outcome.diff)])


def _diff(diff: str) -> list[Block]:
    return preformatted_section(diff, 2_800) if diff.strip() else []


def _page(outcome: out.Page, links: Links, names: Names) -> Post:
    return queries.page(outcome.moved, links, names)


def _late(outcome: out.Late, links: Links, names: Names) -> Post:
    minutes = f"{outcome.minutes} minute{'' if outcome.minutes == 1 else 's'}"
    title = f"⌛ *Too late:* {code(outcome.sentence, 400)} could be judged only {minutes} after it was asked, so it was not performed."
    lines = [title, "Nothing was changed. Ask again if it is still wanted."]
    again = run([outcome.sentence])
    buttons = [{**again[0], "text": {"type": "plain_text", "text": "Ask again"}}] if again else []
    return post(title.replace("*", ""), [*section(lines), *actions(buttons)])


def _trouble(outcome: out.Trouble, links: Links, names: Names) -> Post:
    kept = "Your request is kept and will be tried again." if outcome.kept else "Your request was not kept: ask again later."
    title = f"⚠️ *I could not decide now:* {told(outcome.what, 400)}."
    return post(f"{title.replace('*', '')} Nothing was changed. {kept}", section([title, f"Nothing was changed. {kept}"]))


def _notice(outcome: out.Notice, links: Links, names: Names) -> Post:
    text = f"⚠️ {told(outcome.text, 2_000)}"
    return post(text, section([text], 2_900))


def _silence(outcome: out.Silence, links: Links, names: Names) -> Post:
    return Post("")


VIEWS: dict[type[out.Outcome], Callable[[Any, Links, Names], Post]] = {
    out.Refused: _refused, out.Moved: _moved, out.Receipt: _receipt, out.Choose: _choose, out.Registered: _registered,
    out.PolicyWaits: _policy_waits, out.PolicyAdopted: _policy_adopted, out.Status: queries.status, out.Versions: queries.versions,
    out.Lineage: lineage.lineage, out.Pending: queries.pending, out.Changes: queries.changes, out.Page: _page,
    out.Commands: queries.commands, out.Person: queries.whoami,
    out.Late: _late, out.Trouble: _trouble, out.Notice: _notice, out.Silence: _silence, Verification: verification.view,
    out.PolicyShown: foreseen.policy, out.Planned: foreseen.planned, out.Able: foreseen.able,
    out.Unmet: foreseen.unmet, out.IncidentMoved: incident.card, out.RetrainingMoved: retraining.card,
    out.Externals: externals, out.Announcement: stopped.announcement, Queue: stopped.queue, Locks: stopped.locks,
    Freezes: stopped.freezes, Holds: stopped.holds, Debts: stopped.debts, out.DriftShown: drift.shown, out.DriftTable: drift.table,
}  # fmt: skip
