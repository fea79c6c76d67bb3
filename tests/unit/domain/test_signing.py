"""Approvals that people sign with keys of their own: which count, where nothing less does, and what a verification finds later."""

from __future__ import annotations

import json

import pytest

from workers.contract import requests as ask
from workers.contract.approval import NAMESPACE, statement
from workers.contract.names import PromotionId
from workers.contract.outcomes import Receipt
from workers.domain import layout, policy, signed_votes

from .worlds import ANA, BEN, MIA, POLICY, REPO, Story, new_key, outcome, refused, version_of

P2 = PromotionId.read("P-2")
BENS, MIAS = new_key(), new_key()
SIGNED = POLICY.replace("  UEVE:", f'  UBEN: {{ssh: "{BENS.public} ben"}}\n  UEVE:').replace(
    "count: 1, expires", "count: 1, signed: true, expires"
)


def asked(text: str = SIGNED) -> Story:
    story = Story(text).registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2).promotes(ANA, "v1.0.0")
    return story


def signature(story: Story, key=BENS, promotion: PromotionId = P2, namespace: str = NAMESPACE) -> str:  # type: ignore[no-untyped-def]
    return str(key.sign(statement(REPO, promotion, story.promotion("P-2").plan), namespace))


def test_where_a_signature_is_needed_a_click_is_not_enough() -> None:
    story = asked()
    decision = story.says(BEN, ask.Approve(P2))
    assert refused(story, decision) == ["signature-needed"]
    assert refused(story, story.says(MIA, ask.Approve(P2))) == ["no-key"]
    signed = signature(story)
    story.says(BEN, ask.Approve(P2, signature=signed))
    (vote,) = story.promotion("P-2").votes
    assert (story.state("P-2"), vote.signature, vote.key) == ("deploying", signed, BENS.public)
    assert story.folded() == story.world


def test_a_rejection_needs_no_signature() -> None:
    story = asked()
    story.says(BEN, ask.Reject(P2, "no"))
    assert story.state("P-2") == "rejected"


def test_only_the_persons_own_key_over_this_plan_in_this_namespace_counts() -> None:
    story = asked()
    for wrong in (
        signature(story, MIAS),
        signature(story, promotion=PromotionId.read("P-1")),
        signature(story, namespace="towpath-person"),
        "no signature",
    ):
        assert refused(story, story.says(BEN, ask.Approve(P2, signature=wrong))) == ["bad-signature"]
    assert refused(story, story.says(MIA, ask.Approve(P2, signature=signature(story)))) == ["no-key"]
    assert story.promotion("P-2").votes == ()


def test_a_signed_vote_takes_the_place_of_a_click_and_not_the_other_way_round() -> None:
    story = asked(SIGNED.replace("count: 1, signed: true", "count: 2"))
    story.says(BEN, ask.Approve(P2))
    story.says(BEN, ask.Approve(P2, signature=signature(story)))
    (vote,) = story.promotion("P-2").votes
    assert vote.signature
    assert isinstance(outcome(story.says(BEN, ask.Approve(P2))), Receipt)
    assert story.promotion("P-2").votes == (vote,)


def test_a_verification_finds_a_signature_that_does_not_hold_and_a_key_that_was_not_named() -> None:
    story = asked()
    story.says(BEN, ask.Approve(P2, signature=signature(story)))
    record = json.loads(story.files[layout.record(story.world.seq)])
    text = story.files[layout.POLICY]
    assert list(signed_votes.wrong(record, lambda: text)) == []
    elsewhere = text.replace(b"    gates:\n", b"    gates:\n      - a-gate-of-a-package: {}\n", 1)
    assert b"a-gate-of-a-package" in elsewhere
    assert list(signed_votes.wrong(record, lambda: elsewhere)) == [], "an auditor does not have every package"
    (vote,) = record["promotion"]["votes"]
    other = POLICY.encode()
    assert [words.rpartition("which")[2] for words in signed_votes.wrong(record, lambda: other)] == [" the policy did not name for them"]
    later = record | {"time": "2026-12-01T00:00:00.000Z"}
    assert list(signed_votes.wrong(later, lambda: other)) == []
    for field, value in {"plan": "sha256:" + "0" * 64, "signature": "x", "key": MIAS.public}.items():
        forged = record | {"promotion": record["promotion"] | {"votes": [vote | {field: value}]}}
        assert "does not hold" in next(signed_votes.wrong(forged, lambda: text))
    assert "does not hold" in next(signed_votes.wrong(record | {"repo_id": "another"}, lambda: text))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("  UEVE: {", f'  UEVE: {{ssh: "{BENS.public}", ', "already UBEN's key"),
        ("  UEVE: {", f'  UEVE: {{ssh: "ssh-ed25519 {"A" * 68}", ', "not the public half"),
        ("  UEVE: {", '  UEVE: {ssh: "ssh-rsa AAAA", ', "not of the form"),
        ("signed: true", "signed: perhaps", "is not of type 'boolean'"),
    ],
    ids=["another's", "no point", "no ed25519", "no truth"],
)
def test_a_policy_with_a_key_that_is_none_or_anothers_takes_no_force(old: str, new: str, why: str) -> None:
    with pytest.raises(policy.BadPolicy, match=why):
        policy.read(SIGNED.replace(old, new))
