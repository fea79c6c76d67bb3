"""The parts of a promotion that its card, its thread and its details share: lines of markup."""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.post import Links, Names
from bot.views.text import cut, escaped, link, person, safe, told, when
from bot.views.words import ENDED, GATES, LABELS
from workers.contract.names import CommitId, PromotionId
from workers.contract.outcomes import Moved
from workers.contract.promotion import Event, GateResult, Placed, Promotion, Quorum, Result, State, Vote

_EXCLUDED = {"requester": "the requester", "author": "the version's author"}


def request(promotion: Promotion, names: Names) -> Iterator[str]:
    """Who asked, when, and why."""
    yield f"*Asked by:* {person(promotion.requester, names)}, {when(promotion.requested_at)}"
    yield f"*Reason:* {safe(promotion.because, 500)}" if promotion.because else "*Reason:* none given"


def versions(promotion: Promotion, state: State) -> Iterator[str]:
    """What goes live against what runs now, where, and what a rollback would bring back, as one says it in this state."""
    comes, goes = _TENSES.get(state, ("Goes live", "Runs now"))
    yield f"*{comes}:* {_placed(promotion, promotion.to)}"
    yield f"*{goes}:* {_placed(promotion, promotion.live)}, since {when(promotion.live.since)}" if promotion.live else f"*{goes}:* nothing"
    yield f"*Where:* {safe(promotion.environment)}{_targets(promotion)}"
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
    return f"{safe(promotion.artifact)} {safe(placed.version)}, digest `{placed.digest.short}`"


def _targets(promotion: Promotion) -> str:
    if not promotion.targets:
        return ""
    count = len(promotion.targets)
    shown = ", ".join(safe(name, 40) for name in promotion.targets[:8])
    more = f", … ({count - 8} more)" if count > 8 else ""
    return f", on {count} target{'' if count == 1 else 's'}: {shown}{more}"


def changes(promotion: Promotion) -> list[str]:
    """One line for each difference between what would go live and what runs now."""
    return [f"• {safe(one.what, 60)}: {safe(one.now, 120)} → {safe(one.then, 120)}" for one in promotion.changes if one.what != "digest"]


def gates(promotion: Promotion) -> list[str]:
    """One line for each gate; those that stop come first."""
    return [_gate(one) for one in sorted(promotion.gates, key=lambda one: list(_WORST).index(one.result))]


_WORST = (Result.FAIL, Result.CANNOT_TELL, Result.PASS, Result.NOT_APPLICABLE)


def _gate(one: GateResult) -> str:
    sign, word = GATES[one.result]
    return f"{sign} {word}: {safe(one.gate, 60)}" + (f", {told(one.text, 240)}" if one.text else "")


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
        yield f"*Approvals:* {have} of {wanted.count}: needs {_wanted(wanted.count - have)} of {_roles(wanted)}"
        yield f"*May not approve:* {_excluded(wanted)}"
    else:
        yield f"*Approvals:* {have} of {wanted.count}"


def _wanted(count: int) -> str:
    return "one" if count <= 1 else f"{count}"


def _roles(wanted: Quorum) -> str:
    return ", ".join(f"@{safe(role, 60)}" for role in wanted.roles[:8]) or "the people whom the policy names"


def _excluded(wanted: Quorum) -> str:
    return ", ".join(_EXCLUDED.get(who, safe(who, 60)) for who in dict.fromkeys(("requester", *wanted.exclude)))


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


def reasons(promotion: Promotion) -> list[str]:
    """Why it does not move, one line each."""
    title = "*Waits for:*" if promotion.state is State.QUEUED else "*Why:*"
    return [title, *(f"• {told(reason, 400)}" for reason in promotion.reasons)] if promotion.reasons else []


def shown_events(promotion: Promotion) -> list[Event]:
    """The events that people see, in order."""
    return [event for event in promotion.events if event.event != "card_posted"]


def happened(event: Event, names: Names) -> str:
    """What an event is called, who caused it, and when."""
    label = LABELS.get(event.event, safe(event.event.replace("_", " ").capitalize(), 40))
    by = f" by {person(event.actor, names)}" if event.actor.is_person and event.event != "stale" else ""
    return f"*{label}*{by}, {when(event.time)}"


def records(moved: Moved, event: Event | None, links: Links) -> list[str]:
    """Small print: promotion, record, commit, audit page."""
    found = [str(moved.promotion.id)]
    if event:
        found.append(f"record {event.seq}")
        found.append(commit(moved.commits.get(str(event.seq)), links))
    return [*found, audit(moved.promotion.id, links)]


def audit(promotion_id: PromotionId, links: Links) -> str:
    """The page with a promotion's record; without one, the sentence that shows the record here."""
    return link(links.audit(promotion_id), "audit record") or f"`audit {promotion_id}`"


def commit(commit_id: CommitId | None, links: Links) -> str:
    """A ledger commit, as a link if there is a page of it."""
    if commit_id is None:
        return ""
    return link(links.commit(commit_id), f"commit {commit_id[:12]}") or f"commit `{escaped(cut(commit_id, 13)[:12])}`"
