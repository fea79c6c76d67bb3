"""Answers to questions: status, versions, pending, history, audit, help, whoami."""

from __future__ import annotations

from collections.abc import Iterable

from bot.views import facts, lineage
from bot.views.blocks import actions, context, header, post, section, sections
from bot.views.buttons import run
from bot.views.post import Block, Links, Names, Post
from bot.views.stopped import held
from bot.views.text import code, person, safe, told, when
from bot.views.versions import deprecated, images
from bot.views.words import headline, state_of
from workers.contract import outcomes as out
from workers.contract.commands import COMMANDS
from workers.contract.promotion import Hold, Promotion, RegisteredVersion, Release

_LONG = 2_900
_FEW = 15
"""So many commands stand in one section."""


def status(outcome: out.Status, links: Links, names: Names) -> Post:
    """What is where."""
    lines = [_release(one) for one in outcome.releases]
    holds = [_hold(one, names) for one in outcome.holds]
    where = ", ".join(safe(name, 40) for name in outcome.environments[:8])
    empty = f"Nothing runs in {where or 'any environment'} yet."
    left = outcome.total - len(outcome.releases)
    lines += [f"… and {left:,} more; name an artifact to see it: {code('show status NAME')}"] if left > 0 else []
    blocks = [
        *section([*_note(outcome.note), "*What is where*", *(lines or [empty])], _LONG),
        *section(["*On hold*", *holds] if holds else [], _LONG),
        *_as_of(outcome, links),
    ]
    return post(_spoken("What is where", lines or [empty], outcome.note), blocks)


def _release(one: Release) -> str:
    what = f"• {safe(one.artifact)} in {safe(one.environment)}:"
    runs = (
        f" *{safe(one.live.version)}* since {when(one.live.since)} ({one.live.promotion or 'external'})"
        if one.live
        else " nothing runs yet"
    )
    coming = ""
    if one.in_flight:
        coming = f"; {safe(one.desired.version)} is on its way ({one.in_flight})" if one.desired else f"; {one.in_flight} is on its way"
    return f"{what}{runs}{coming}"


def _hold(one: Hold, names: Names) -> str:
    by = f"by {person(one.by, names)}, {when(one.since)}"
    return f"• {safe(one.artifact)} {safe(one.version)} in {safe(one.environment)}, {by}: {told(one.because, 200, names)}"


def _as_of(outcome: out.Status, links: Links) -> list[Block]:
    at = f"as of {when(outcome.as_of)}" if outcome.as_of else ""
    return context([at, facts.commit(outcome.head, links)])


def versions(outcome: out.Versions, links: Links, names: Names) -> Post:
    """The registered versions, newest first."""
    lines = [_version(one, _live_in(one, outcome), names) + _known(one, outcome) for one in outcome.versions]
    title = f"*Versions of {safe(outcome.artifact)}*" if outcome.artifact else "*Versions*"
    left = outcome.total - len(outcome.versions)
    more = [f"… ({left} more)"] if left > 0 else []
    shown = [*_note(outcome.note), title, *(lines or ["None is registered yet."]), *more]
    return post(_spoken(title.strip("*"), lines or ["None is registered yet."], outcome.note), section(shown, _LONG))


def _live_in(one: RegisteredVersion, outcome: out.Versions) -> tuple[str, ...]:
    return tuple(
        outcome.live_in.get(f"{one.artifact} {one.version}") or (outcome.live_in.get(str(one.version), ()) if outcome.artifact else ())
    )


def _version(one: RegisteredVersion, live_in: tuple[str, ...], names: Names) -> str:
    metrics = ", ".join(f"{safe(name, 40)} {safe(value, 40)}" for name, value in list(one.metrics.items())[:4])
    live = f", *live in {', '.join(safe(name, 40) for name in live_in)}*" if live_in else ""
    what = f"• {safe(one.artifact)} *{safe(one.version)}* `{one.digest.short}`{live}, registered {when(one.registered_at)}{images(one.outputs)}"
    return "\n\u2003".join(line for line in (what, metrics, deprecated(one, names)) if line)


def _known(one: RegisteredVersion, outcome: out.Versions) -> str:
    """Its rows and columns, or inputs and outputs, and of a dataset how many models were trained on it."""
    models = outcome.trained.get(f"{one.artifact} {one.version}", 0)
    trained = f"{models} model version{'' if models == 1 else 's'} trained on it: `lineage {one.artifact} {one.version}`" if models else ""
    said = "; ".join(part for part in (lineage.shape(one), trained) if part)
    return f"\n\u2003{said}" if said else ""


def pending(outcome: out.Pending, links: Links, names: Names) -> Post:
    """Promotions that have not ended, and what each waits for."""
    lines = [_waiting(one, names) for one in outcome.promotions]
    shown = lines or ["Nothing is pending."]
    return post(_spoken("Pending", shown, outcome.note), section([*_note(outcome.note), "*Pending*", *shown], _LONG))


def _waiting(one: Promotion, names: Names) -> str:
    what = f"• {one.id}: {safe(one.artifact)} {safe(one.to.version)} to {safe(one.environment)}, {state_of(one)}"
    why = f", {told(one.reasons[0], 200, names)}" if one.reasons else ""
    need = ""
    if one.quorum and one.state.value == "waiting":
        need = ", {} of {} approvals".format(*facts.approvals(one))
    return f"{what}{need}{why}, asked by {person(one.requester, names)}"


def changes(outcome: out.Changes, links: Links, names: Names) -> Post:
    """How and when something was last changed, newest first."""
    lines = [_line(one, links, names) for one in outcome.lines]
    left = outcome.total - len(outcome.lines)
    more = [f"… ({left} more)"] if left > 0 else []
    shown = lines or ["Nothing was changed yet."]
    return post(_spoken("History", shown, outcome.note), section([*_note(outcome.note), "*History*", *shown, *more], _LONG))


def _line(one: out.HistoryLine, links: Links, names: Names) -> str:
    before = f" in place of {safe(one.before)}" if one.before else ""
    approved = f", approved by {', '.join(person(actor, names) for actor in one.approvers[:5])}" if one.approvers else ""
    what = f"{safe(one.artifact)} {safe(one.version)} in {safe(one.environment)}{before}: {safe(one.outcome, 40)}"
    commit = facts.commit(one.commit, links)
    return (
        f"• {when(one.time)}: {what} ({one.promotion}, asked by {person(one.requester, names)}{approved}{f', {commit}' if commit else ''})"
    )


def page(moved: out.Moved, links: Links, names: Names) -> Post:
    """The record of one promotion in short, and where the whole of it stands."""
    promotion = moved.promotion
    happened = [
        f"• {facts.happened(one, names)}. {facts.words(one, names, 160)} (record {one.seq}{_at(moved, str(one.seq), links)})"
        for one in facts.shown_events(promotion)
    ]
    title = f"{promotion.id}: {headline(promotion, promotion.state)}"
    blocks = [
        header(title),
        *section([*facts.request(promotion, names), *facts.versions(promotion, promotion.state)]),
        *section(["*On hold*", held(moved.held, names)] if moved.held else []),
        *section(["*Records*", *happened[-25:]], _LONG),
        *context([facts.audit(promotion.id, links), _verified(moved), facts.commit(moved.head, links)]),
    ]
    return post(f"{safe(title)}. {len(happened)} records.", blocks)


def _at(moved: out.Moved, seq: str, links: Links) -> str:
    commit = facts.commit(moved.commits.get(seq), links)
    return f", {commit}" if commit else ""


def _verified(moved: out.Moved) -> str:
    return {True: "signatures hold", False: "🚨 *signatures do not hold*", None: ""}[moved.verified]


def commands(outcome: out.Commands, links: Links, names: Names) -> Post:
    """What the caller may say."""
    rows = [row for row in COMMANDS if row.verb in outcome.phrases or row.phrase in outcome.phrases]
    if outcome.verb and len(rows) == 1:
        row = rows[0]
        also = [f"*Also:* {', '.join(code(word) for word in row.synonyms)}"] if row.synonyms else []
        lines = [f"*{row.verb}*", row.sentence, f"*Form:* {code(row.phrase)}", *also, f"*For example:* {code(row.example)}"]
        return post(f"{row.phrase}: {row.sentence} For example: {row.example}", section(lines))
    if outcome.verb and rows:
        return post(f"{outcome.verb}: {rows[0].sentence}", section([f"{code(row.phrase)}\n{row.sentence}" for row in rows], _LONG))
    lines = [f"• {code(row.phrase)}" for row in rows]
    note = [f"There is no command {code(outcome.verb)}."] if outcome.verb and not rows else []
    title = "*What you may say*, here, by mention, or in a promotion's thread"
    more = "_What one of them does, and an example:_ `help promote`"
    text = _spoken("What you may say", [row.phrase for row in rows], None)
    return post(text, [*sections([*note, title, more, *lines]), *actions(run(["whoami", "show status", "show pending"]))])


def whoami(outcome: out.Person, links: Links, names: Names) -> Post:
    """What is known of the caller."""
    roles = ", ".join(safe(role, 60) for role in outcome.roles) or "none"
    rights = [f"• {safe(name, 40)}: {', '.join(safe(right, 20) for right in held) or 'nothing'}" for name, held in outcome.rights.items()]
    known = f"You are {person(outcome.actor, names)} ({code(outcome.actor)}), {safe(outcome.standing, 30)}. Roles: {roles}."
    lines = [known, *(["*You may:*", *rights] if rights else ["You may ask questions only."])]
    return post(" ".join([known, *rights]), section(lines, _LONG))


def _note(note: str | None) -> list[str]:
    return [f"_{told(note, 200)}_"] if note else []


def _spoken(title: str, lines: Iterable[str], note: str | None) -> str:
    """The same for notifications and screen readers."""
    return "\n".join([f"{title}:", *_note(note), *lines])


__all__ = ["changes", "commands", "page", "pending", "status", "versions", "whoami"]
