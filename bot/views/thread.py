"""What a promotion's thread gets for each of its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.views import facts
from bot.views.blocks import actions, context, post, section
from bot.views.buttons import decide, roll_back
from bot.views.post import Block, Links, Names, Post
from bot.views.text import NO_NAMES, mention, safe, told
from bot.views.words import STATES, headline, moves
from workers.contract import quorums
from workers.contract.outcomes import Moved
from workers.contract.promotion import Event, Promotion, State

_LOUD = ("failed", "rolled_back", "needs_attention", "disputed", "disputed_late")
_BREAKS_GLASS = "emergency"
_ASKS = ("requested", "checked", "emergency", "stale", "reminded")
_DECISIONS = ("approved", "rejected", "refused", "cancelled", "expired", "superseded")
_ENDS = ("succeeded", *_LOUD)


def broadcast(event: Event) -> bool:
    """Whether the event's post also goes to the channel: failures at the end, what an approver disputes, and break-glass."""
    return event.event in _LOUD or event.event == _BREAKS_GLASS


def thread(moved: Moved, event: Event, links: Links, names: Names = NO_NAMES) -> Post | None:
    """The post for one event. None for what is never shown. An event of a kind that we do not know is told in its own words."""
    if event.event == "card_posted":
        return None
    promotion = moved.promotion
    title = f"{_SIGNS.get(event.event, STATES[event.state][0])} {facts.happened(event, names)}"
    words = facts.words(event, names, 1_000)
    lines = [title, words, *_why(event)]
    called = _called(promotion, event)
    blocks: list[Block] = [
        *section([line for line in lines if line]),
        *_more(moved, event, names),
        *section([called]),
        *_buttons(promotion, event),
        *context([str(promotion.id) if broadcast(event) else "", *facts.records(moved, event, links)]),
    ]
    text = f"{promotion.id}: {title.replace('*', '')}. {words} {called}".strip()
    return post(text, blocks)


_SIGNS = {
    "requested": "📣", "checked": "🔎", "emergency": "🚨", "approved": "👍", "stale": "🔁", "retried": "🔁", "registered": "🏷️", "paused": "⏸️", "continued": "▶️",
    "withdrawn": "✊", "reminded": "⏰", "disputed": "⚖️", "disputed_late": "⚖️",
}  # fmt: skip


def _why(event: Event) -> Iterator[str]:
    if event.because:
        yield f"*Reason:* {safe(event.because, 500)}"


def _called(promotion: Promotion, event: Event) -> str:
    """Who is notified: approvers when they are asked, the requester at the decision and at the end; never who acted."""
    if event.state is State.WAITING and (event.event in _ASKS or _waits_again(promotion, event)):
        return _approvers(promotion, event)
    if promotion.concerns and _is_first(promotion, event):
        return f"{' '.join(mention(one.user) for one in promotion.concerns)} This passes over your lock."
    if event.event == "paused" and not event.actor.is_person and promotion.requester.is_person:
        return f"{mention(promotion.requester.user)} It needs your word, or that of somebody who may run {safe(promotion.environment)}."
    is_decision = event.event in _DECISIONS and event.state is not State.WAITING
    if promotion.requester == event.actor or not (is_decision or event.event in _ENDS):
        return ""
    return f"{mention(promotion.requester.user)} {safe(headline(promotion, event.state))}."


def _waits_again(promotion: Promotion, event: Event) -> bool:
    """Whether an approval was withdrawn from what had enough of them."""
    before = [one.state for one in promotion.events if one.seq < event.seq]
    return event.event == "withdrawn" and State.QUEUED in before[-1:]


def _approvers(promotion: Promotion, event: Event) -> str:
    """Who could still fill a place that was empty then; whoever had decided is left in peace."""
    then = replace(promotion, votes=tuple(vote for vote in promotion.votes if vote.time <= event.time))
    lacking = quorums.lacking(then)
    absent = {event.actor.user, *(vote.actor.user for vote in quorums.counting(then))}
    users = (user for one, _ in lacking for user in one.users if user not in absent and not quorums.is_excluded(user, one, then))
    everyone = [mention(one) for one in (*(group for one, _ in lacking for group in one.groups), *users)]
    shown = " ".join(list(dict.fromkeys(one for one in everyone if one))[:20])
    count = sum(needed for _, needed in lacking)
    asked = "Your approval is needed" if count == 1 else f"{count} approvals are needed"
    how = ": press *Approve* on the card, or answer `approve` here."
    if all(one.signed for one, _ in lacking):
        how = f", signed with your own key: `towpath approve {promotion.id} --sign` at a terminal."
    return f"{shown} {asked}{how}" if shown else ""


def _more(moved: Moved, event: Event, names: Names) -> list[Block]:
    """What an event shows besides its own words."""
    promotion = moved.promotion
    first = _is_first(promotion, event)
    blocks = [*_plan(promotion, names)] if first or event.event in ("checked", "stale") else []
    if event.state in (State.CHECKING, State.QUEUED, State.REFUSED, State.NEEDS_ATTENTION) and event == facts.shown_events(promotion)[-1]:
        blocks += section(facts.reasons(promotion, names))
    told_next = _NEXT.get(event.event)
    blocks += section(told_next(promotion)) if told_next else []
    return blocks + (actions(roll_back(promotion)) if event.event == "disputed" else [])


def _buttons(promotion: Promotion, event: Event) -> list[Block]:
    """The card's buttons beside the words that ask a person to decide, unless somebody has decided meanwhile."""
    is_asked = event.event == "needs_attention" and event == facts.shown_events(promotion)[-1]
    return actions(decide(promotion)) if is_asked else []


def _is_first(promotion: Promotion, event: Event) -> bool:
    return event == next(iter(facts.shown_events(promotion)), None)


def _plan(promotion: Promotion, names: Names) -> list[Block]:
    """The plan: what goes live against what runs now, all differences, all gates."""
    changes, gates = facts.changes(promotion), facts.gates(promotion, names)
    return [
        *section([f"*Plan* `{promotion.plan.short}`", *facts.versions(promotion, State.WAITING)]),
        *section([facts.changes_title(promotion), *changes] if changes else [], 2_500),
        *section([f"*Gates:* {facts.gates_counted(promotion)}", *gates] if gates else [], 2_500),
    ]


def _after_success(promotion: Promotion) -> Iterator[str]:
    if promotion.members:
        yield f"*To go back,* each by itself: {', '.join(f'`rollback {one.artifact} in {promotion.environment}`' for one in promotion.members[:8])}"
    elif promotion.live and not promotion.rollback:
        yield f"*To go back:* `rollback {promotion.artifact} in {promotion.environment}`"
    yield f"*Should Towpath be away:* {_by_hand(promotion)}"


def _by_hand(promotion: Promotion) -> str:
    where = ", ".join(safe(name, 40) for name in promotion.targets[:8]) or safe(promotion.environment)
    folder = f"environments/{promotion.environment}/{promotion.artifact}"
    back = ""
    if promotion.live and not promotion.rollback:
        tag = f"{promotion.artifact}@{promotion.live.version}"
        back = f" To go back by hand, put the files of tag `{tag}` (commit `{promotion.live.commit[:12]}`) on {where}."
    return f"`git log towpath -- {folder}` shows this change.{back}"


def _after_refusal(promotion: Promotion) -> Iterator[str]:
    yield f"Nothing was changed in {safe(promotion.environment)}. Clear every reason, then ask again: {_again(promotion)}"


def _after_no(promotion: Promotion) -> Iterator[str]:
    yield f"Nothing was changed in {safe(promotion.environment)}. To ask again: {_again(promotion)}"


def _after_failure(promotion: Promotion) -> Iterator[str]:
    if promotion.members:
        yield f"What else of the bundle was deployed is taken back. To try again: {_again(promotion)}"
        return
    runs = f"{safe(promotion.live.version)} still runs" if promotion.live else "Nothing runs there, as before"
    yield f"Nothing live was changed: {runs}. To try again: {_again(promotion)}"


def _after_return(promotion: Promotion) -> Iterator[str]:
    runs = f"{safe(promotion.artifact)} {safe(promotion.live.version)} serves again" if promotion.live else "Nothing serves, as before"
    if _was_aborted(promotion):
        yield f"{runs} in {safe(promotion.environment)}. To ask again: {_again(promotion)}"
        return
    if promotion.taken_back_with:
        yield f"{runs} in {safe(promotion.environment)}. {safe(promotion.to.version)} is not to blame and not on hold. To try again: {_again(promotion)}"
        return
    if not promotion.was_disproved:
        free = f"{safe(promotion.to.version)} is not on hold: it was not proved wrong"
        yield f"{runs} in {safe(promotion.environment)}. {free}. To try again: {_again(promotion)}"
        return
    lift = f"`unhold {promotion.artifact} {promotion.to.version} in {promotion.environment} because …`"
    yield f"{runs} in {safe(promotion.environment)}. {safe(promotion.to.version)} is on hold there; to lift the hold: {lift}"


def _was_aborted(promotion: Promotion) -> bool:
    """Whether a person took it back, which puts no hold on it."""
    return next((event.event == "aborted" for event in reversed(promotion.events) if event.event in ("aborted", "rolling_back")), False)


def _needs_attention(promotion: Promotion) -> Iterator[str]:
    version, where = safe(promotion.to.version), safe(promotion.environment)
    yield f"*Known:* {_known(promotion)}"
    yield f"*A person must decide,* here or with the buttons; until then nothing else begins in {where}:"
    yield f"• `retry`: {version} is deployed again to every target, and proved."
    yield f"• `rollback {promotion.artifact} in {promotion.environment}`: the last good version comes back, {version} gets a hold."
    yield f"• `accept live`: the targets are asked what they run; if all run {version}, or all what ran before, that is the end of it."
    yield f"*Should Towpath be away:* {_by_hand(promotion)}"


def _known(promotion: Promotion) -> str:
    """What was seen last, and between which two versions it is open."""
    before = safe(promotion.live.version) if promotion.live else "nothing"
    step = promotion.step
    seen = f"{safe(step.name, 40)} on {safe(step.target, 80)}: {told(step.text, 300)}" if step else "no step was reported"
    return f"before it {before} ran, {safe(promotion.to.version)} was to; seen last: {seen}"


def _after_dispute(promotion: Promotion) -> Iterator[str]:
    yield f"To take it back: `rollback {promotion.artifact} in {promotion.environment}`"


def _again(promotion: Promotion) -> str:
    if promotion.rollback:
        return f"`rollback {promotion.artifact} in {promotion.environment}`"
    return f"`promote {moves(promotion)} to {promotion.environment}`"


_NEXT: dict[str, Callable[[Promotion], Iterator[str]]] = {
    "succeeded": _after_success,
    "refused": _after_refusal,
    "rejected": _after_no,
    "expired": _after_no,
    "cancelled": _after_no,
    "failed": _after_failure,
    "rolled_back": _after_return,
    "needs_attention": _needs_attention,
    "disputed": _after_dispute,
}
