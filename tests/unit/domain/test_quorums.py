"""Several quorums at once: each needs people of its own, and the order of clicks does not matter."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.contract import quorums, wire
from workers.contract import requests as ask
from workers.contract.names import ActorId, PromotionId
from workers.contract.promotion import Promotion, Quorum, Vote

from .worlds import ANA, BEN, CARL, DANA, MIA, OLA, POLICY, PROD, Story, refused, version_of

P2 = PromotionId.read("P-2")
LEADS = Quorum(1, ("ml-leads",), ("UBEN", "UDANA", "UMIA"), ("SLEADS",), ("requester", "author"))
OPS = Quorum(1, ("ops",), ("UOLA", "UBEN"), (), ("requester",))


def ruled(story: Story, *approve: Quorum) -> Story:
    """The story with these quorums in prod."""
    policy = story.world.policy
    rules = replace(policy.environments[PROD], approve=approve)
    story.world = replace(story.world, policy=replace(policy, environments={**policy.environments, PROD: rules}))
    return story


def asked(*approve: Quorum) -> Story:
    """P-2 asks for prod."""
    story = Story(POLICY.replace("users: [UOLA]", "users: [UOLA, UBEN]")).registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    ruled(story.later(hours=2), *approve).promotes(ANA, "v1.0.0")
    return story


@pytest.mark.parametrize("order", list(permutations((BEN, OLA))))
def test_who_could_fill_both_takes_the_place_that_is_left(order: tuple) -> None:  # type: ignore[type-arg]
    story = asked(LEADS, OPS)
    first, second = order
    story.says(first, ask.Approve(P2))
    assert story.state("P-2") == "waiting"
    assert story.says(second, ask.Approve(P2)).promotion is not None
    assert story.state("P-2") == "deploying"
    assert [[vote.actor.user for vote in votes] for votes in quorums.filled(story.promotion("P-2"))] == [["UBEN"], ["UOLA"]]


def test_one_person_does_not_fill_two_quorums() -> None:
    story = asked(LEADS, OPS)
    story.says(BEN, ask.Approve(P2))
    story.says(BEN, ask.Approve(P2))
    assert story.state("P-2") == "waiting"
    assert story.promotion("P-2").events[-1].text == "Approved: 1 of 1 by ml-leads, 0 of 1 by ops."


def test_a_vote_more_than_one_quorum_needs_does_not_stand_in_for_another() -> None:
    story = asked(LEADS, replace(OPS, users=("UOLA",)))
    for who in (MIA, BEN):
        assert story.says(who, ask.Approve(P2)).event == "approved"
    assert story.state("P-2") == "waiting"
    story.says(OLA, ask.Approve(P2))
    assert story.state("P-2") == "deploying"


def test_an_author_may_fill_the_quorum_that_does_not_exclude_authors() -> None:
    story = asked(LEADS, replace(LEADS, exclude=("requester",)))
    assert story.says(DANA, ask.Approve(P2)).event == "approved"
    assert story.promotion("P-2").events[-1].text.startswith("Approved: 0 of 1 by ml-leads, 1 of 1 by ml-leads")
    assert refused(story, story.says(ANA, ask.Approve(P2))) == ["own-request", "right-approve"]


def test_a_group_vote_keeps_the_groups_by_which_it_counted_and_nothing_else() -> None:
    story = asked(replace(LEADS, count=2))
    story.says(replace(CARL, groups=("SLEADS", "SCHESS")), ask.Approve(P2))
    (vote,) = story.promotion("P-2").votes
    assert vote.groups == ("SLEADS",)
    assert quorums.counting(story.promotion("P-2")) == (vote,)
    named_no_more = replace(story.promotion("P-2"), quorum=replace(LEADS, groups=("SOTHER",)))
    assert quorums.counting(named_no_more) == ()


def test_votes_of_older_ledgers_read_as_they_were_meant() -> None:
    story = asked(replace(LEADS, count=2))
    story.says(CARL, ask.Approve(P2))
    old = wire.plain(story.promotion("P-2"))
    del old["votes"][0]["groups"]
    read = wire.read(Promotion, old)
    assert read.votes[0].groups is None
    assert quorums.counting(read) == read.votes


USERS = [f"U{letter * 3}" for letter in "ABCDEF"]
NAMED = st.lists(st.sampled_from(USERS), unique=True, max_size=4).map(tuple)
RULES = st.lists(st.builds(lambda count, users: Quorum(count, ("role",), users), st.integers(1, 2), NAMED), min_size=1, max_size=3)


def bare(rules: list[Quorum], users: list[str]) -> Promotion:
    one = asked(LEADS).promotion("P-2") if not _BARE else _BARE[0]
    _BARE[:] = [one]
    votes = tuple(Vote(ActorId.read(f"{user}@THOME"), "approved", "2026-11-23T08:00:00.000Z", one.plan, "role", None, ()) for user in users)
    return replace(one, quorum=rules[0], also_needed=tuple(rules[1:]), votes=votes)


_BARE: list[Promotion] = []


def most(rules: list[Quorum], users: list[str]) -> int:
    """The most places that these people can fill, by trying everything."""
    if not users:
        return 0
    best = most(rules, users[1:])
    for at, rule in enumerate(rules):
        if users[0] in rule.users and rule.count:
            left = [replace(one, count=one.count - 1) if number == at else one for number, one in enumerate(rules)]
            best = max(best, 1 + most(left, users[1:]))
    return best


@settings(max_examples=60, deadline=None)
@given(RULES, st.lists(st.sampled_from(USERS), unique=True, max_size=5), st.randoms())
def test_as_many_places_as_possible_are_filled_in_whatever_order_people_came(rules: list[Quorum], users: list[str], chance) -> None:  # type: ignore[no-untyped-def]
    shuffled = users.copy()
    chance.shuffle(shuffled)
    for order in (users, shuffled):
        filled = quorums.filled(bare(rules, order))
        people = [vote.actor.user for votes in filled for vote in votes]
        assert len(people) == len(set(people)) == most(rules, order)
        assert all(
            len(votes) <= rule.count and {v.actor.user for v in votes} <= set(rule.users) for votes, rule in zip(filled, rules, strict=True)
        )
        assert quorums.is_met(bare(rules, order)) == (len(people) == sum(rule.count for rule in rules))
        assert sum(count for _, count in quorums.lacking(bare(rules, order))) == sum(rule.count for rule in rules) - len(people)
