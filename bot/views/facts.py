"""The parts of a promotion that its card, its thread and its details share: lines of markup."""

from __future__ import annotations

from collections.abc import Iterator

from bot.views.post import Links, Names
from bot.views.text import cut, escaped, link, person, safe, told, when
from bot.views.versions import images
from bot.views.words import ENDED, GATES, LABELS, STATES
from workers.contract import quorums
from workers.contract.names import CommitId, PromotionId
from workers.contract.outcomes import Moved
from workers.contract.promotion import Event, GateResult, Placed, Promotion, Quorum, Result, State, Vote
from workers.contract.signatures import BadKey, fingerprint

_EXCLUDED = {"requester": "the requester", "author": "the author"}


def request(promotion: Promotion, names: Names) -> Iterator[str]:
    """Who asked, when, and why."""
    yield f"*Asked by:* {person(promotion.requester, names)}, {when(promotion.requested_at)}"
    if promotion.because or promotion.state is State.WAITING:
        yield f"*Reason:* {safe(promotion.because or 'none given', 500)}"
    if promotion.retraining:
        yield f"*Trained by:* {promotion.retraining}"
    if promotion.skipped:
        debt = "".join(f"; opened debt D-{event.seq}" for event in promotion.events[:1])
        yield f"🚨 *Emergency:* passes over {', '.join(safe(name, 60) for name in promotion.skipped[:10])}{debt}"


def versions(promotion: Promotion, state: State) -> Iterator[str]:
    """What goes live against what runs now, where, and what a rollback would bring back, as one says it in this state."""
    if promotion.members:
        yield from _together(promotion)
        return
    comes, goes = _TENSES.get(state, ("Goes live", "Runs now"))
    yield f"*{comes}:* {_placed(promotion, promotion.to)}"
    yield f"*{goes}:* {_placed(promotion, promotion.live)}, since {when(promotion.live.since)}" if promotion.live else f"*{goes}:* nothing"
    if found := targets(promotion):
        yield f"*Where:* {safe(promotion.environment)}{found}"
    if state not in ENDED and state is not State.ROLLING_BACK and not promotion.rollback:
        back = safe(promotion.live.version) if promotion.live else "nothing: no version has run here yet"
        yield f"*A rollback would restore:* {back}"


def _together(promotion: Promotion) -> Iterator[str]:
    """Each of a bundle with what runs in its place, and how far it is."""
    yield f"*All or nothing, in {safe(promotion.environment)}:*"
    for one in promotion.members[:_FEW]:
        now = f"{safe(one.live.version)} (`{one.live.digest.short}`)" if one.live else "nothing"
        what = f"{safe(one.artifact)} {safe(one.to.version)}, digest `{one.to.digest.short}`{images(one.to.outputs)}"
        yield f"• {one.id}: {what}, in place of {now}: {' '.join(STATES[one.state])}"
    if (left := len(promotion.members) - _FEW) > 0:
        yield f"… ({left} more)"


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


def approvals(promotion: Promotion) -> tuple[int, int]:
    """How many places of the quorums are filled, and how many there are."""
    return sum(map(len, quorums.filled(promotion))), sum(one.count for one in promotion.quorums)


def quorum(promotion: Promotion, names: Names) -> Iterator[str]:
    """How many approvals there are, how many are needed and of whom, and whose does not count; each quorum by itself when there are several."""
    have, needed = approvals(promotion)
    waits = promotion.state is State.WAITING
    if promotion.bundle and promotion.bundle[0] != promotion.id:
        yield f"*Approvals:* together with {promotion.bundle[0]}"
    elif not promotion.quorums:
        yield "*Approvals:* none needed"
    elif not waits and not have and promotion.state in ENDED:
        return
    elif len(promotion.quorums) == 1:
        (only,) = promotion.quorums
        yield f"*Approvals:* {have} of {needed}" + (f": needs {_wanted(only, needed - have)}" if waits else "")
    else:
        yield f"*Approvals:* {have} of {needed}, of different people"
        yield from _each(promotion, names)


def _each(promotion: Promotion, names: Names) -> Iterator[str]:
    for one, votes in list(zip(promotion.quorums, quorums.filled(promotion), strict=True))[:_FEW]:
        who = f" ({', '.join(person(vote.actor, names) for vote in votes)})" if votes else ""
        is_open = promotion.state is State.WAITING and len(votes) < one.count
        lacks = f": needs {_wanted(one, one.count - len(votes))}" if is_open else f" by {_roles(one)}"
        yield f"• {len(votes)} of {one.count}{who}{lacks}"
    if (left := len(promotion.quorums) - _FEW) > 0:
        yield f"… ({left} more)"


_FEW = 8


def _wanted(wanted: Quorum, count: int) -> str:
    signed = ", signed with their own key" if wanted.signed else ""
    return f"{'one' if count <= 1 else count} of {_roles(wanted)} (not {_excluded(wanted)}){signed}"


def _roles(wanted: Quorum) -> str:
    return ", ".join(f"@{safe(role, 60)}" for role in wanted.roles[:8]) or "the people whom the policy names"


def _excluded(wanted: Quorum) -> str:
    return " or ".join(_EXCLUDED.get(who, safe(who, 60)) for who in dict.fromkeys(("requester", *wanted.exclude)))


def votes(promotion: Promotion, names: Names) -> list[str]:
    """One line for each vote: who, in which role, when, why, and whether it still counts."""
    return [_vote(one, promotion, names) for one in promotion.votes]


def _vote(one: Vote, promotion: Promotion, names: Names) -> str:
    why = f": {safe(one.because, 300)}" if one.because else ""
    signed = f", signed with `{escaped(print_of(one))}`" if one.key else ""
    return f"• {safe(one.decision, 20)} by {person(one.actor, names)} for {safe(one.role, 60)}, {when(one.time)}{signed}{why}{_lost(one, promotion)}"


def _lost(one: Vote, promotion: Promotion) -> str:
    """Why a vote counts no more, if so."""
    if one.plan != promotion.plan:
        return " (stale: the plan has changed since)"
    return "" if not promotion.quorums or one in quorums.counting(promotion) else " (does not count any more)"


def print_of(vote: Vote) -> str:
    """The fingerprint of the key that a vote was signed with, as `ssh-keygen -l` shows it."""
    try:
        return fingerprint(vote.key or "")
    except BadKey:
        return "a key that cannot be read"


def deadlines(promotion: Promotion) -> Iterator[str]:
    """What time alone will change."""
    if promotion.paused:
        why = f": {safe(promotion.paused.because, 300)}" if promotion.paused.because else ""
        yield f"*Paused:* since {when(promotion.paused.since)}{why}. To let it go on: `continue {promotion.id}`"
    if promotion.start_at and promotion.state is State.WAITING:
        yield f"*Begins:* {when(promotion.start_at)}, or as soon as it is approved after that"
    if promotion.evidence_by and promotion.state in (State.CHECKING, State.QUEUED):
        yield f"*Looked at until:* {when(promotion.evidence_by)}, then it is judged by what there is"
    if promotion.expires_at and promotion.state is State.WAITING:
        yield f"*Expires:* {when(promotion.expires_at)}"
    if promotion.look_at and promotion.state is State.QUEUED:
        yield f"*Starts at the earliest:* {when(promotion.look_at)}"


def reasons(promotion: Promotion, names: Names) -> list[str]:
    """Why it does not move, one line each."""
    title = "*Waits for:*" if promotion.state in (State.CHECKING, State.QUEUED) else "*Why:*"
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
