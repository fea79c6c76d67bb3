"""Who counts for which quorum: every quorum needs people of its own, and the order in which they decided does not matter.

Votes and the places of the quorums are matched so that as many places as possible are filled (Kuhn's augmenting paths). A vote that has found a place
keeps one: later votes may only move it to another that it fits.
"""

from __future__ import annotations

from collections.abc import Sequence

from workers.contract.promotion import Promotion, Quorum, Vote

Filled = tuple[tuple[Vote, ...], ...]
"""For each quorum, in order, the votes that fill it."""


def fits(vote: Vote, quorum: Quorum, promotion: Promotion) -> bool:
    """Whether a vote could count for a quorum: its plan, its person, the role, and the signature where one is needed."""
    user = vote.actor.user
    if vote.decision != "approved" or vote.plan != promotion.plan or (quorum.signed and vote.signature is None):
        return False
    return not is_excluded(user, quorum, promotion) and holds(vote, quorum)


def is_excluded(user: str, quorum: Quorum, promotion: Promotion) -> bool:
    """Whether a person may never decide there: the requester, and the version's authors where the quorum says so."""
    return user == promotion.requester.user or ("author" in quorum.exclude and user in promotion.authors)


def holds(vote: Vote, quorum: Quorum) -> bool:
    """Whether the quorum names the voter, or a group in which Slack had them at the click. Of an older vote only its role is known."""
    if vote.groups is None:
        return vote.actor.user in quorum.users or (vote.role in quorum.roles and bool(quorum.groups))
    return vote.actor.user in quorum.users or not set(vote.groups).isdisjoint(quorum.groups)


def counting(promotion: Promotion) -> tuple[Vote, ...]:
    """The votes that could count for a quorum, in their order, one for each person."""
    found: dict[str, Vote] = {}
    for vote in promotion.votes:
        if any(fits(vote, quorum, promotion) for quorum in promotion.quorums):
            found.setdefault(vote.actor.user, vote)
    return tuple(found.values())


def filled(promotion: Promotion) -> Filled:
    """The votes that fill each quorum; never more than it needs."""
    quorums = promotion.quorums
    places = [at for at, quorum in enumerate(quorums) for _ in range(quorum.count)]
    votes = counting(promotion)
    open_to = [[place for place, at in enumerate(places) if fits(vote, quorums[at], promotion)] for vote in votes]
    taken: dict[int, int] = {}
    for number in range(len(votes)):
        _seat(number, open_to, taken, set())
    return tuple(tuple(votes[taken[place]] for place, of in enumerate(places) if of == at and place in taken) for at in range(len(quorums)))


def _seat(number: int, open_to: Sequence[Sequence[int]], taken: dict[int, int], tried: set[int]) -> bool:
    """Find a place for a vote, if need be by moving others to places that they fit as well."""
    for place in open_to[number]:
        if place not in tried:
            tried.add(place)
            if place not in taken or _seat(taken[place], open_to, taken, tried):
                taken[place] = number
                return True
    return False


def is_met(promotion: Promotion) -> bool:
    """Whether every quorum is filled."""
    return all(len(votes) == quorum.count for votes, quorum in zip(filled(promotion), promotion.quorums, strict=True))


def lacking(promotion: Promotion) -> tuple[tuple[Quorum, int], ...]:
    """The quorums that are not filled yet, each with how many people it still needs."""
    pairs = zip(promotion.quorums, filled(promotion), strict=True)
    return tuple((quorum, quorum.count - len(votes)) for quorum, votes in pairs if len(votes) < quorum.count)
