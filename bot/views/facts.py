"""The parts of a promotion that its card, its thread and its details share: lines of markup."""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.post import Links, Names
from bot.views.text import cut, escaped, link, person, safe, told, when
from bot.views.versions import images
from bot.views.words import ENDED, GATES, LABELS
from workers.contract.names import CommitId, PromotionId
from workers.contract.outcomes import Moved
from workers.contract.promotion import Event, GateResult, Placed, Promotion, Quorum, Result, State, Vote

_EXCLUDED = {"requester": "the requester", "author": "the author"}


def request(promotion: Promotion, names: Names) -> Iterator[str]:
    """Who asked, when, and why."""
    yield f"*Asked by:* {person(promotion.requester, names)}, {when(promotion.requested_at)}"
    if promotion.because or promotion.state is State.WAITING:
        yield f"*Reason:* {safe(promotion.because or 'none given', 500)}"
    if promotion.skipped:
        debt = "".join(f"; opened debt D-{event.seq}" for event in promotion.events[:1])
        yield f"🚨 *Emergency:* passes over {', '.join(safe(name, 60) for name in promotion.skipped[:10])}{debt}"


def versions(promotion: Promotion, state: State) -> Iterator[str]:
    """What goes live against what runs now, where, and what a rollback would bring back, as one says it in this state."""
    comes, goes = _TENSES.get(state, ("Goes live", "Runs now"))
    yield f"*{comes}:* {_placed(promotion, promotion.to)}"
    yield f"*{goes}:* {_placed(promotion, promotion.live)}, since {when(promotion.live.since)}" if promotion.live else f"*{goes}:* nothing"
    if found := targets(promotion):
        yield f"*Where:* {safe(promotion.environment)}{found}"
    if state not in ENDED and state is not State.ROLLING_BACK and not promotion.rollback:
        back = safe(promotion.live.version) if promotion.live else "nothing: no version has run here yet"
        yield f"*A rollback would restore:* {back}"


_TENSES = {
    State.SUCCEEDED: ("Runs now", "Ran before"),
    State.ROLLED_BACK: ("Taken back", "Runs again"),
    State.ROLLING_BACK: ("Is taken back", "Comes back"),
    State.NEEDS_ATTENTION: ("Was to go live", "Ran before"),
    State.DEPLOYING: ("Goes live", "Ran before"),
    State.VERIFYING: ("Is verified", "Ran before"),
    **dict.fromkeys((State.REFUSED, State.REJECTED, State.EXPIRED, State.CANCELLED, State.FAILED), ("Was to go live", "Still runs")),
    State.SUPERSEDED: ("Was to go live", "Ran before"),
}


def _placed(promotion: Promotion, placed: Placed) -> str:
    return f"{safe(promotion.artifact)} {safe(placed.version)}, digest `{placed.digest.short}`{images(placed.outputs)}"


def targets(promotion: Promotion) -> str:
    """The targets in the environment; nothing when the only one is called as the environment is."""
    count = len(promotion.targets)
    if count == 0 or promotion.targets == (promotion.environment,):
        return ""
    shown = ", ".join(safe(name, 40) for name in promotion.targets[:8])
    more = f", … ({count - 8} more)" if count > 8 else ""
    return f", on {shown}" if count == 1 else f", on {count} targets: {shown}{more}"


def changes(promotion: Promotion) -> list[str]:
    """One line for each difference between what would go live and what runs now; of a first version, what it is."""
    known = [(safe(one.what, 60), safe(one.now, 120), safe(one.then, 120)) for one in promotion.changes if one.what != "digest"]
    return [f"• {what}: {now} → {then}" if promotion.live else f"• {what}: {then}" for what, now, then in known]


def changes_title(promotion: Promotion) -> str:
    """What the lines of `changes` are."""
    return "*What changes*" if promotion.live else "*The first version here*"


def gates(promotion: Promotion, names: Names) -> list[str]:
    """One line for each gate; those that stop come first."""
    return [_gate(one, names) for one in _sorted(promotion)]


def gates_besides_reasons(promotion: Promotion, names: Names) -> list[str]:
    """The same without the gates whose words stand among the promotion's reasons already."""
    return [_gate(one, names) for one in _sorted(promotion) if one.text not in promotion.reasons]


def _sorted(promotion: Promotion) -> list[GateResult]:
    return sorted(promotion.gates, key=lambda one: _WORST.index(one.result))


_WORST = (Result.FAIL, Result.CANNOT_TELL, Result.PASSED_OVER, Result.PASS, Result.NOT_APPLICABLE)


def _gate(one: GateResult, names: Names) -> str:
    """A gate of several parts (`metrics: auc`) names the part in its words."""
    sign, word = GATES[one.result]
    said = f"{safe(one.gate.partition(':')[0], 60)}: {told(one.text, 240, names)}" if one.text else safe(one.gate, 60)
    return f"{sign} {word}  ·  {said}"


def gates_counted(promotion: Promotion) -> str:
    """How many gates pass, in a few words."""
    counted = [one for one in promotion.gates if one.result is not Result.NOT_APPLICABLE]
    passed = sum(one.result is Result.PASS for one in counted)
    return f"{passed} of {len(counted)} pass" if counted else "none apply"


def counting(promotion: Promotion) -> list[Vote]:
    """The votes for the plan as it is now."""
    return [vote for vote in promotion.votes if vote.plan == promotion.plan]


def quorum(promotion: Promotion) -> Iterator[str]:
    """How many approvals there are, how many are needed and of whom, and whose does not count."""
    wanted = promotion.quorum
    if wanted is None:
        yield "*Approvals:* none needed"
        return
    have = sum(vote.decision == "approved" for vote in counting(promotion))
    if promotion.state is State.WAITING:
        yield f"*Approvals:* {have} of {wanted.count}: needs {_wanted(wanted.count - have)} of {_roles(wanted)} (not {_excluded(wanted)})"
    elif have or promotion.state not in ENDED:
        yield f"*Approvals:* {have} of {wanted.count}"


def _wanted(count: int) -> str:
    return "one" if count <= 1 else f"{count}"


def _roles(wanted: Quorum) -> str:
    return ", ".join(f"@{safe(role, 60)}" for role in wanted.roles[:8]) or "the people whom the policy names"


def _excluded(wanted: Quorum) -> str:
    return " or ".join(_EXCLUDED.get(who, safe(who, 60)) for who in dict.fromkeys(("requester", *wanted.exclude)))


def votes(promotion: Promotion, names: Names) -> list[str]:
    """One line for each vote: who, in which role, when, why, and whether it still counts."""
    return [_vote(one, promotion, names) for one in promotion.votes]


def _vote(one: Vote, promotion: Promotion, names: Names) -> str:
    why = f": {safe(one.because, 300)}" if one.because else ""
    stale = "" if one.plan == promotion.plan else " (stale: the plan has changed since)"
    return f"• {safe(one.decision, 20)} by {person(one.actor, names)} for {safe(one.role, 60)}, {when(one.time)}{why}{stale}"


def deadlines(promotion: Promotion) -> Iterator[str]:
    """What time alone will change."""
    if promotion.expires_at and promotion.state is State.WAITING:
        yield f"*Expires:* {when(promotion.expires_at)}"
    if promotion.look_at and promotion.state is State.QUEUED:
        yield f"*Starts at the earliest:* {when(promotion.look_at)}"


def reasons(promotion: Promotion, names: Names) -> list[str]:
    """Why it does not move, one line each."""
    title = "*Waits for:*" if promotion.state is State.QUEUED else "*Why:*"
    return [title, *(f"• {told(reason, 400, names)}" for reason in promotion.reasons)] if promotion.reasons else []


def shown_events(promotion: Promotion) -> list[Event]:
    """The events that people see, in order."""
    return [event for event in promotion.events if event.event != "card_posted"]


def happened(event: Event, names: Names) -> str:
    """What an event is called, who caused it, and when."""
    label = LABELS.get(event.event, safe(event.event.replace("_", " ").capitalize(), 40))
    return f"*{label}*{caused(event, names)}"


def words(event: Event, names: Names, longest: int) -> str:
    """An event's words, if they say more than its name does."""
    return "" if event.text == f"{LABELS.get(event.event)}." else told(event.text, longest, names)


def caused(event: Event, names: Names) -> str:
    """Who caused an event, if that was somebody's will, and when."""
    by = f" by {person(event.actor, names)}" if event.actor.is_person and event.event not in _BY_THE_RULES else ""
    return f"{by}, {when(event.time)}"


_BY_THE_RULES = ("refused", "stale", "expired")
"""Somebody's sentence brought these to light; it is not they who wanted them."""


def records(moved: Moved, event: Event | None, links: Links) -> list[str]:
    """Small print: record, commit, audit page."""
    found = [f"record {event.seq}", commit(moved.commits.get(str(event.seq)), links)] if event else []
    return [*found, audit(moved.promotion.id, links)]


def audit(promotion_id: PromotionId, links: Links) -> str:
    """The page with a promotion's record; without one, the sentence that shows the record here."""
    return link(links.audit(promotion_id), "audit record") or f"`audit {promotion_id}`"


def commit(commit_id: CommitId | None, links: Links) -> str:
    """A ledger commit, as a link if there is a page of it."""
    if commit_id is None:
        return ""
    return link(links.commit(commit_id), f"commit {commit_id[:12]}") or f"commit `{escaped(cut(commit_id, 13)[:12])}`"
