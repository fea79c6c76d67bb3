"""Documents lie where they belong and read back as they were written; a record binds what lies beside it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.envelope import Sender
from workers.contract.names import ArtifactName, EnvironmentName, PromotionId, Version
from workers.contract.outcomes import Receipt, Refused
from workers.contract.promotion import Hold, Promotion, RegisteredVersion, Release
from workers.contract.signatures import check
from workers.domain import decision as d
from workers.domain import layout, record
from workers.domain.state import parse_signers
from workers.domain.states import ARROWS, IN_FLIGHT, OPEN, TERMINAL, BadMove, check_move

from .worlds import ANA, BEN, KEYS, PROD, SIGNERS, Story, commit_of, digest_of, version_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def a_promotion(because: str = "x") -> Promotion:
    story = Story().registers(version_of("v1.0.0"))
    story.promotes(ANA, "v1.0.0", because=because)
    return story.promotion("P-1")


PROMOTION = a_promotion()


@given(TEXT, TEXT)
def test_whatever_people_write_comes_back_letter_by_letter(because: str, text: str) -> None:
    promotion = replace(PROMOTION, because=because, reasons=(text, because), events=(replace(PROMOTION.events[0], text=text),))
    assert layout.read(Promotion, layout.write(promotion)) == promotion
    version = replace(version_of("v1.0.0"), metrics={"auc": text, "f1": because}, path=text)
    assert layout.read(RegisteredVersion, layout.write(version)) == version
    proposal = layout.Proposal(commit_of("x"), digest_of(text), text)
    assert layout.read(layout.Proposal, layout.write(proposal)) == proposal


@pytest.mark.parametrize(
    "text", ["yes", "null", "~", "1e3", "0x1f", "2026-11-23", "=", "<<", "- a", "a: b", " #", "'", "\u2028\x85\ufeff", "🛶", "\r\n"]
)
def test_words_that_yaml_takes_for_something_else_stay_words(text: str) -> None:
    promotion = replace(PROMOTION, because=text)
    assert layout.read(Promotion, layout.write(promotion)).because == text


def test_each_document_has_its_place_and_each_place_its_document() -> None:
    hold = Hold(ArtifactName.read("risk/fraud"), PROD, Version.read("v1.0.0"), digest_of("x"), "slow", BEN.id, "2026-11-23T08:00:00.000Z")
    release = Release(ArtifactName.read("risk/fraud"), version_of("v1.0.0").kind, EnvironmentName.read("prod"))
    version = version_of("v1.0.0-rc.1", "risk/fraud")
    for document, path in (
        (PROMOTION, "promotions/0/P-1.yaml"),
        (replace(PROMOTION, id=PromotionId.read("P-12345")), "promotions/12/P-12345.yaml"),
        (release, "environments/prod/risk/fraud/release.yaml"),
        (version, "versions/risk/fraud/v1.0.0-rc.1.yaml"),
        (hold, f"holds/prod/risk/fraud/{digest_of('x').short}.yaml"),
        (layout.Proposal(commit_of("x"), digest_of("x"), "x"), "policy/proposed.yaml"),
    ):
        assert layout.path_of(document) == path
        assert layout.kind_of(path) is type(document)
        assert layout.read(type(document), layout.write(document)) == document
    for path in ("records/0/1.json", "policy/towpath.yaml", "allowed_signers", "README.md"):
        assert layout.kind_of(path) is None


def test_signers_are_only_those_with_their_own_namespace() -> None:
    assert set(parse_signers(SIGNERS)) == {"writer@towpath", "bot@towpath", "effects@towpath", "clock@towpath"}
    key = KEYS["bot"].public
    for line in (
        f'writer@towpath namespaces="towpath-bot" {key}',
        f'bot@towpath namespaces="git" {key}',
        f'bot@towpath namespaces="towpath-bot,git" {key}',
        f"bot@towpath {key}",
        f'mallory@towpath namespaces="towpath-mallory" {key} extra',
    ):
        assert parse_signers(line) == {}


def test_a_record_binds_repository_number_predecessor_and_files() -> None:
    story = Story().registers(version_of("v1.0.0"))
    before = story.world
    story.promotes(ANA, "v1.0.0", "staging")
    path = layout.record(story.world.seq)
    found = json.loads(story.files[path])
    assert (found["repo_id"], found["seq"], found["prev"]) == (before.repo_id, before.seq + 1, before.head)
    beside = {one for one in story.files if one.startswith(("promotions/", "environments/"))}
    assert set(found["files"]) == beside
    assert all(digest == wire.sha256(story.files[one]) for one, digest in found["files"].items())
    assert found["promotion"]["separation"] == {"requester": ANA.id, "approvers": [], "distinct": True}
    assert found["actor"] == {"id": ANA.id, "standing": "member", "roles": [], "known_by": "slack"}
    request = found["request"]
    check(request["payload"].encode(), request["signature"], KEYS["bot"].public, Sender.BOT.namespace)
    assert story.files[path] == wire.canonical(found) + b"\n"


@given(TEXT)
def test_no_sentence_forges_a_line_of_the_commit_message(text: str) -> None:
    decision = d.Decision(event="refused", subject=f"Refused: {text}\n\nActor: mallory\rRecord-Sha256: 00")
    story = Story()
    case = d.Case(story._envelope(ANA, ask.Cancel(), None, story.now), None, story.now)
    said = record.message(case, decision, b"x")
    head, blank, *trailers = said.splitlines()
    assert blank == ""
    assert len(head) <= 100
    assert [line.split(": ")[0] for line in trailers] == ["Event", "Actor", "Record-Sha256"]
    assert f"Actor: {ANA.id}" in trailers


def test_the_answer_to_what_was_refused_is_the_same_the_second_time() -> None:
    story = Story().registers(version_of("v1.0.0"))
    decision = story.promotes(ANA, "v1.0.0", "vault")
    again = record.answer_again(story.files[layout.record(story.world.seq)])
    (first,) = decision.outcomes
    assert isinstance(first, Refused)
    assert again == replace(first, suggestions=())
    assert isinstance(record.answer_again(story.files[layout.record(1)]), Receipt)


def test_the_table_of_states_has_no_way_out_of_the_end_and_no_way_around_the_beginning() -> None:
    assert {state for to in ARROWS.values() for state in to} <= set(ARROWS)
    assert not (TERMINAL & OPEN)
    assert set(ARROWS) == TERMINAL | OPEN
    assert {state.value for state in IN_FLIGHT} == {"deploying", "verifying", "rolling_back", "needs_attention"}
    for end in TERMINAL:
        for state in ARROWS:
            with pytest.raises(BadMove):
                check_move(end, state)
