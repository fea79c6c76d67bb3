"""The words and signs for states, gates and events. A sign never stands without its word."""

from __future__ import annotations

from workers.contract.promotion import Promotion, Result, State

STATES: dict[State, tuple[str, str]] = {
    State.CHECKING: ("🔎", "Checking"),
    State.REFUSED: ("⛔", "Refused"),
    State.WAITING: ("✋", "Waiting for approval"),
    State.REJECTED: ("👎", "Rejected"),
    State.EXPIRED: ("⌛", "Expired"),
    State.QUEUED: ("⏳", "Queued"),
    State.CANCELLED: ("🚫", "Cancelled"),
    State.SUPERSEDED: ("⏭️", "Superseded"),
    State.DEPLOYING: ("🚚", "Deploying"),
    State.VERIFYING: ("🔬", "Verifying"),
    State.SUCCEEDED: ("✅", "Succeeded"),
    State.FAILED: ("❌", "Failed"),
    State.ROLLING_BACK: ("⏪", "Rolling back"),
    State.ROLLED_BACK: ("↩️", "Rolled back"),
    State.NEEDS_ATTENTION: ("🚨", "Needs attention"),
}

GATES: dict[Result, tuple[str, str]] = {
    Result.PASS: ("✔", "pass"),
    Result.FAIL: ("✖", "fail"),
    Result.CANNOT_TELL: ("?", "cannot tell"),
    Result.NOT_APPLICABLE: ("–", "not applicable"),
    Result.PASSED_OVER: ("🚨", "passed over"),
}

_HEADLINES: dict[State, str] = {
    State.CHECKING: "{what} was requested for {where}",
    State.REFUSED: "{what} was refused for {where}",
    State.WAITING: "{what} was requested for {where}",
    State.REJECTED: "{what} was rejected for {where}",
    State.EXPIRED: "The request for {what} in {where} expired",
    State.QUEUED: "{what} was queued for {where}",
    State.CANCELLED: "The request for {what} in {where} was cancelled",
    State.SUPERSEDED: "The promotion of {what} to {where} was superseded",
    State.DEPLOYING: "Deployment of {what} to {where} has begun",
    State.VERIFYING: "{what} was deployed to {where} and is being verified",
    State.SUCCEEDED: "{what} went live in {where}",
    State.FAILED: "{what} did not go live in {where}",
    State.ROLLING_BACK: "{what} is being taken back from {where}",
    State.ROLLED_BACK: "{what} was taken back from {where}",
    State.NEEDS_ATTENTION: "{what} stopped on its way to {where}: a person must decide",
}
_BACK: dict[State, str] = {
    State.CHECKING: "A return to {what} was requested for {where}",
    State.QUEUED: "The return to {what} in {where} was queued",
    State.DEPLOYING: "The return to {what} in {where} has begun",
    State.VERIFYING: "The return to {what} in {where} is being verified",
    State.SUCCEEDED: "{where} went back to {what}",
    State.FAILED: "{where} did not go back to {what}",
    State.NEEDS_ATTENTION: "The return to {what} in {where} stopped: a person must decide",
}

LABELS: dict[str, str] = {
    "requested": "Requested", "approved": "Approved", "stale": "Plan changed", "retried": "Tried again", "registered": "Registered",
    "emergency": "Emergency",
    "checked": "Checked", "waited_for": "Waited for", "checking": "Being looked at",
    "paused": "Paused", "continued": "Continued", "aborted": "Aborted",
    "bundle_moved": "Of the bundle", "bundle_ended": "The bundle has ended", "proved": "Proved",
    "withdrawn": "Approval withdrawn", "reminded": "Reminder", "disputed": "Disputed", "disputed_late": "Disputed",
    **{state.value: word for state, (_, word) in STATES.items() if state not in (State.CHECKING, State.WAITING)},
}  # fmt: skip
"""What an event is called."""

ENDED = frozenset({
    State.REFUSED, State.REJECTED, State.EXPIRED, State.CANCELLED, State.SUPERSEDED, State.SUCCEEDED, State.FAILED, State.ROLLED_BACK,
})  # fmt: skip


def headline(promotion: Promotion, state: State) -> str:
    """What had become of the promotion when it came to this state, in one sentence of plain text."""
    template = _BACK.get(state) if promotion.rollback else None
    sentence = template or _HEADLINES[state]
    return sentence.format(what=moves(promotion), where=promotion.environment)


def moves(promotion: Promotion) -> str:
    """What is promoted: a version, or all that move together."""
    return " and ".join(f"{one.artifact} {one.to.version}" for one in promotion.members or (promotion,))


def state_of(promotion: Promotion) -> str:
    """The state as a sign and a word."""
    sign, word = STATES[promotion.state]
    return f"{sign} {word}"
