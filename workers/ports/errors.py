"""How a broken world is told: every exception knows whether trying again can help.

WorldError
  Unreachable      nobody answered; nothing is known to have changed; try again
  Unclear          the answer to a change was lost; look before doing anything else
  NotSigned        whoever holds a key does not sign just now; nothing has changed; try again
  RefusedByHost    it answered no (rules of a branch, a hook, rights); trying again will not help
  Untrusted        what is there is not what we wrote or may trust; stop and tell a person
  BadContent       what lies in the repository cannot be used; the reasons are for people
"""

from __future__ import annotations


class WorldError(Exception):
    """Something outside of Towpath is not as it must be. `str()` names what was being done and what came back, and never a secret."""

    retry = False


class Unreachable(WorldError):
    """Nobody answered in time. Nothing is known to have changed."""

    retry = True


class Unclear(WorldError):
    """A change was asked for and the answer was lost: it may or may not have happened."""

    retry = True


class NotSigned(WorldError):
    """Whoever holds a key (an SSH agent) does not answer or does not sign. Nothing has changed."""

    retry = True


class RefusedByHost(WorldError):
    """The other side answered, and said no."""


class Untrusted(WorldError):
    """A history, a key or a head is not the one that we know. Writes stop until an operator decides."""


class BadContent(WorldError):
    """Files of the repository that cannot be used: `reasons` say why, each a sentence for people."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reasons))
