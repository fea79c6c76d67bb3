"""The one table of a promotion's states; everything else about states is derived from it."""

from __future__ import annotations

from workers.contract.promotion import State

ARROWS: dict[State, tuple[State, ...]] = {
    State.CHECKING: (State.REFUSED, State.WAITING, State.QUEUED, State.DEPLOYING, State.CANCELLED, State.SUPERSEDED),
    State.WAITING: (State.WAITING, State.REJECTED, State.EXPIRED, State.CANCELLED, State.SUPERSEDED, State.REFUSED, State.QUEUED, State.DEPLOYING),
    State.QUEUED: (State.QUEUED, State.WAITING, State.EXPIRED, State.CANCELLED, State.SUPERSEDED, State.REFUSED, State.DEPLOYING),
    State.DEPLOYING: (State.VERIFYING, State.FAILED, State.ROLLING_BACK, State.SUPERSEDED, State.NEEDS_ATTENTION),
    State.VERIFYING: (State.SUCCEEDED, State.ROLLING_BACK, State.SUPERSEDED, State.NEEDS_ATTENTION),
    State.ROLLING_BACK: (State.ROLLED_BACK, State.SUPERSEDED, State.NEEDS_ATTENTION),
    State.NEEDS_ATTENTION: (State.DEPLOYING, State.VERIFYING, State.SUPERSEDED, State.SUCCEEDED, State.FAILED),
    State.REFUSED: (), State.REJECTED: (), State.EXPIRED: (), State.CANCELLED: (), State.SUPERSEDED: (),
    State.SUCCEEDED: (), State.FAILED: (), State.ROLLED_BACK: (),
}  # fmt: skip
"""`WAITING` to itself: an approval that does not complete the quorum, and a plan that changed. `QUEUED` to itself: a plan that changed
and needs no approval any more. A running promotion is superseded by a rollback. What needs attention
ends without another deployment only when a person accepts what is live; one of a bundle then waits for the others, as one that was proved."""

TERMINAL = frozenset(state for state, to in ARROWS.items() if not to)
OPEN = frozenset(ARROWS) - TERMINAL
BEFORE_DEPLOYMENT = frozenset({State.CHECKING, State.WAITING, State.QUEUED})
IN_FLIGHT = OPEN - BEFORE_DEPLOYMENT
UNDER_WAY = IN_FLIGHT - {State.NEEDS_ATTENTION}
"""In these states an effect is running or must be started again."""


class BadMove(AssertionError):
    """A decision tried a move that the table does not have: a defect of ours."""


def check_move(old: State, new: State) -> None:
    """Raise BadMove unless the table has the arrow."""
    if new not in ARROWS[old]:
        raise BadMove(f"{old.value} -> {new.value}")
