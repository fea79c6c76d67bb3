"""Answers to questions about the rules and about what would happen: `show policy`, `plan`, `can i`, `why not`."""

from __future__ import annotations

from bot.views import facts
from bot.views.blocks import actions, context, post, section
from bot.views.buttons import run
from bot.views.post import Block, Links, Names, Post
from bot.views.text import code, fitting, person, preformatted, safe, told, when
from workers.contract import outcomes as out
from workers.contract.promotion import Promotion

_LONG = 2_900
UNCHANGED = "Nothing was changed."


def policy(outcome: out.PolicyShown, links: Links, names: Names) -> Post:
    """What is in force, in words, and since when."""
    whom = f" for {safe(outcome.artifact)}" if outcome.artifact else ""
    title = f"📜 *The rules in force{whom}*"
    note = [f"_{told(outcome.note, 200)}_"] if outcome.note else []
    lanes = [_lane(one, outcome, names) for one in outcome.lanes]
    blocks: list[Block] = [
        *section([title, *note]),
        *(block for lines in lanes[:20] for block in section(lines, _LONG)),
        *context([_adopted(outcome, names), f"digest `{outcome.digest.short}`", facts.commit(outcome.commit, links)]),
    ]
    spoken = [line for lines in lanes for line in lines]
    return post("\n".join([title.replace("*", ""), *note, *fitting(spoken, 3_000)]), blocks)


def _lane(one: out.LaneRules, outcome: out.PolicyShown, names: Names) -> list[str]:
    others = outcome.refinements.get(str(one.environment), ())
    more = [f"• _other rules for:_ {', '.join(safe(other, 60) for other in others[:20])}"] if others else []
    return [f"*{safe(one.environment, 40)}*", *(_rule(rule, names) for rule in one.rules), *more]


def _rule(one: out.Rule, names: Names) -> str:
    only = f" _(for {safe(one.refined, 100)} only)_" if one.refined else ""
    return f"• {safe(one.topic, 30)}: {told(one.text, 600, names)}{only}"


def _adopted(outcome: out.PolicyShown, names: Names) -> str:
    if outcome.by is None:
        return "in force since the ledger began"
    return f"adopted by {person(outcome.by, names)}, {when(outcome.at)} (record {outcome.record})"


def planned(outcome: out.Planned, links: Links, names: Names) -> Post:
    """What would happen."""
    title = f"🔭 *If you said* {code(outcome.what, 300)}"
    would = told(outcome.would, 500, names)
    notes = [f"• {told(one, 400, names)}" for one in outcome.notes]
    about = _promotion(outcome.promotion, names) if outcome.promotion else []
    conditions = _listed("*What is in its way*", outcome.conditions, names)
    diff: list[Block] = [{"type": "section", "text": {"type": "mrkdwn", "text": preformatted(outcome.diff, 2_000)}}] if outcome.diff else []
    blocks = [
        *section([title, would, *notes], _LONG), *section(about, _LONG), *section(conditions, _LONG), *diff,
        *context([UNCHANGED]), *actions(run([outcome.what])),
    ]  # fmt: skip
    return post(" ".join([title.replace("*", ""), would, *fitting([*notes, *conditions], 2_000), UNCHANGED]), blocks)


def _promotion(one: Promotion, names: Names) -> list[str]:
    """What would go live in place of what, and all that is to be known before."""
    before = f"{safe(one.live.version)} `{one.live.digest.short}`" if one.live else "nothing"
    lines = [
        f"*{safe(one.artifact)} in {safe(one.environment)}:* {before} → {safe(one.to.version)} `{one.to.digest.short}`{facts.targets(one)}",
        *([facts.changes_title(one), *facts.changes(one)[:10]] if facts.changes(one) else []),
        *(["*Gates*", *facts.gates(one, names)] if one.gates else []),
    ]
    needed = [f"{quorum.count} of {', '.join(safe(role, 60) for role in quorum.roles)}" for quorum in one.quorums]
    onwards = [f"*Then:* to {safe(one.then_to, 40)}"] if one.then_to else []
    return [*lines, f"*Approvals:* {' and '.join(needed) or 'none needed'}", *onwards]


def able(outcome: out.Able, links: Links, names: Names) -> Post:
    """Whether the reader's rights are enough."""
    said = {
        "yes": f"✅ *Yes*, your rights are enough for {code(outcome.what, 300)}.",
        "no": f"⛔ *No*, you may not: {code(outcome.what, 300)}.",
    }.get(outcome.answer, f"❔ *Cannot tell:* {code(outcome.what, 300)} fails before anybody's rights matter.")
    title = "*It would still be refused now:*" if outcome.answer == "yes" else ""
    reasons = _listed(title, outcome.reasons, names)
    further = run([f"why not {outcome.what}"]) if outcome.reasons else []
    return post(" ".join([said.replace("*", ""), *reasons]), [*section([said, *reasons], _LONG), *context([UNCHANGED]), *actions(further)])


def unmet(outcome: out.Unmet, links: Links, names: Names) -> Post:
    """Every condition that is not met."""
    title = f"*Why not* {told(outcome.what, 300, names)}" if outcome.promotion else f"*Why not* {code(outcome.what, 300)}"
    stands = told(outcome.stands, 300, names) if outcome.stands else ""
    count = len(outcome.conditions)
    said = f"{count} condition{' is' if count == 1 else 's are'} not met:" if count else "Nothing is in its way."
    conditions = _listed("", outcome.conditions, names)
    notes = [f"_{told(one, 400, names)}_" for one in outcome.notes]
    small = [UNCHANGED, facts.audit(outcome.promotion, links) if outcome.promotion else ""]
    blocks = [*section([title, stands, said]), *section([*conditions, *notes], _LONG), *context(small)]
    return post(" ".join([title.replace("*", ""), stands, said, *fitting([*conditions, *notes], 2_500)]), blocks)


def _listed(title: str, reasons: tuple[out.Reason, ...], names: Names) -> list[str]:
    if not reasons:
        return []
    return [title, *(_reason(one, names) for one in reasons)] if title else [_reason(one, names) for one in reasons]


def _reason(one: out.Reason, names: Names) -> str:
    clears = f"\n\u2003↳ _cleared by:_ {told(one.clears.removeprefix('may: '), 400, names)}" if one.clears else ""
    return f"• *{safe(one.code.removeprefix('right-').replace('-', ' '), 40)}*: {told(one.text, 500, names)}{clears}"
