"""Versions enter once and never change; a policy takes force only by the word of who runs every place."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from workers.contract import requests as ask
from workers.contract.names import ArtifactName, OutputRef, Version
from workers.contract.outcomes import Notice, PolicyAdopted, PolicyWaits, Refused, Registered
from workers.contract.promotion import Change, Kind
from workers.domain import decision as d
from workers.domain import layout

from .worlds import ANA, BEN, KEYS, MIA, OLA, POLICY, PROD, Story, commit_of, outcome, person, reasons, refused, version_of

BIOPSY, V4 = ArtifactName.read("biopsy"), Version.read("v4.0.0")
COMMIT = commit_of("a change of the policy")
WIDER = POLICY.replace("count: 1", "count: 2")


def test_register_looks_first_and_records_what_was_found_under_the_asker() -> None:
    story = Story()
    decision = story.says(ANA, ask.Register(BIOPSY, V4))
    (look,) = decision.effects
    assert isinstance(look, d.Inspect)
    assert (look.register, decision.event) == (V4, None)
    asked = story._envelope(ANA, ask.Register(BIOPSY, V4), None, story.now)
    done = story.reports(ask.Inspected(version_of("v4.0.0"), look.asked), asked=asked)
    answer = outcome(done)
    assert isinstance(answer, Registered)
    assert "staging" not in answer.environments or answer.environments["staging"] == ()
    assert "has not succeeded in staging" in answer.environments["prod"][0]
    known = story.world.version(BIOPSY, V4)
    assert known is not None
    assert (known.seq, known.registered_at) == (story.world.seq, "2026-11-23T08:00:00.000Z")


def test_who_may_request_nowhere_may_not_register() -> None:
    policy = POLICY.replace('request: ["*"]', "request: [ops]").replace(
        "run: [ops, ml-leads]\n    targets", "request: [ops]\n    run: [ops, ml-leads]\n    targets"
    )
    story = Story(policy)
    assert refused(story, story.says(ANA, ask.Register(BIOPSY, V4))) == ["right-request"]
    assert story.says(OLA, ask.Register(BIOPSY, V4)).effects


def test_a_long_prerelease_that_is_a_version_can_be_asked_for() -> None:
    long = Version.read("v1.0.0-" + "a" * 57)
    assert Story().says(ANA, ask.Register(BIOPSY, long)).effects


def test_a_version_never_changes_and_a_commit_holds_one() -> None:
    story = Story().registers(version_of("v1.0.0"))
    assert story.reports(ask.Inspected(version_of("v1.0.0"))) == d.NOTHING
    moved = replace(version_of("v1.0.0"), commit=commit_of("elsewhere"))
    assert refused(story, story.reports(ask.Inspected(moved))) == ["version-exists"]
    changed = replace(version_of("v1.0.0"), digest=version_of("v2.0.0").digest)
    assert refused(story, story.reports(ask.Inspected(changed))) == ["version-exists"]
    twin = replace(version_of("v1.0.1"), commit=version_of("v1.0.0").commit)
    assert refused(story, story.reports(ask.Inspected(twin))) == ["commit-taken"]
    assert refused(story, story.reports(ask.Inspected(version_of("v2.0.0", kind=Kind.DATASET)))) == ["kind-changed"]
    assert list(story.world.versions[BIOPSY]) == ["v1.0.0"]


def test_a_version_keeps_its_images() -> None:
    one, other = (OutputRef.read(f"registry.example/biopsy@sha256:{digit * 64}") for digit in "ab")
    built = replace(version_of("v1.0.0"), outputs=(one,))
    story = Story().registers(built)
    assert story.reports(ask.Inspected(built)) == d.NOTHING
    for outputs, shown in (((other,), f"names {other.short}"), ((), "names no image")):
        decision = story.reports(ask.Inspected(replace(built, outputs=outputs, digest=version_of("v2.0.0").digest)))
        assert refused(story, decision) == ["version-exists"]
        assert f"it has {one.short}, that {shown}" in reasons(decision)[0].text
    placed = story.promotes(ANA, "v1", "staging").promotion
    assert placed is not None
    assert placed.to.outputs == (one,)
    story.deploys("P-1")
    story.verifies("P-1")
    assert story.lane("staging").live == replace(story.lane("staging").succeeded[0], outputs=(one,))
    assert story.folded() == story.world


def test_what_changes_between_images_is_in_the_plan() -> None:
    one, other, side = (
        OutputRef.read(f"registry.example/{name}@sha256:{digit * 64}") for name, digit in (("a", "a"), ("a", "b"), ("side", "c"))
    )
    story = Story().registers(replace(version_of("v1.0.0"), outputs=(one, side)), replace(version_of("v2.0.0"), outputs=(other,)))
    story.succeeds("v1.0.0", "staging")
    promotion = story.promotes(ANA, "v2", "staging").promotion
    assert promotion is not None
    assert [change for change in promotion.changes if change.what.startswith("image")] == [
        Change("image registry.example/a", "a" * 12, "b" * 12),
        Change("image registry.example/side", "c" * 12, "none"),
    ]


def test_more_images_than_ten_or_one_twice_are_refused_by_the_core_too() -> None:
    story = Story()
    many = tuple(OutputRef.read(f"registry.example/c{n}@sha256:{'a' * 64}") for n in range(11))
    for outputs in (many, (many[0], many[0])):
        assert refused(story, story.says(ANA, ask.Register(BIOPSY, V4, outputs=outputs))) == ["outputs"]
    assert story.says(ANA, ask.Register(BIOPSY, V4, outputs=many[:10])).effects


def test_what_a_report_says_of_success_is_not_believed() -> None:
    story = Story()
    story.reports(ask.Inspected(replace(version_of("v1.0.0"), succeeded_in={PROD: "2020-01-01T00:00:00.000Z"})))
    known = story.world.version(BIOPSY, Version.read("v1.0.0"))
    assert known is not None
    assert known.succeeded_in == {}


def test_what_could_not_be_read_is_told_with_every_reason() -> None:
    story = Story()
    asked = story._envelope(ANA, ask.Register(BIOPSY, V4), None, story.now)
    decision = story.reports(ask.NotInspected(BIOPSY, V4, ("no artifact.yaml", "a pickle"), "wire"), asked=asked)
    assert refused(story, decision) == ["content", "content"]
    assert [one.text for one in reasons(decision)] == ["no artifact.yaml", "a pickle"]
    nobody = story.reports(ask.NotInspected(BIOPSY, V4, ("No card.",)))
    assert nobody.event is None
    (notice,) = nobody.announce
    assert isinstance(notice, Notice)
    assert "biopsy v4.0.0 cannot be registered: No card." in notice.text


def test_a_policy_is_shown_then_adopted_by_its_commit() -> None:
    story = Story()
    shown = story.reports(ask.PolicyProposed(COMMIT, WIDER))
    (waits,) = shown.announce
    assert isinstance(waits, PolicyWaits)
    assert "count: 2" in waits.diff
    assert waits.adopters == ("ml-leads",)
    assert story.world.policy_text == POLICY
    assert story.reports(ask.PolicyProposed(COMMIT, WIDER)) == d.NOTHING
    decision = story.says(MIA, ask.AdoptPolicy(COMMIT[:12]))
    (adopted,) = decision.announce
    assert isinstance(adopted, PolicyAdopted)
    assert (story.world.policy_text, story.world.proposal) == (WIDER, None)
    assert decision.detail["after"] == story.world.policy.digest
    assert story.folded() == story.world


def test_adopting_never_guesses() -> None:
    story = Story()
    assert refused(story, story.says(BEN, ask.AdoptPolicy(COMMIT[:12]))) == ["nothing-proposed"]
    story.reports(ask.PolicyProposed(COMMIT, WIDER))
    for named in (None, COMMIT[:3], "0000000"):
        decision = story.says(BEN, ask.AdoptPolicy(named))
        assert refused(story, decision) == ["other-proposal"]
        answer = outcome(decision)
        assert isinstance(answer, Refused)
        assert answer.suggestions == (f"adopt policy {COMMIT[:12]}",)


def test_adopting_needs_the_right_to_run_everywhere_by_the_policy_in_force() -> None:
    story = Story()
    story.reports(ask.PolicyProposed(COMMIT, POLICY.replace("users: [UBEN, UMIA, UDANA]", "users: [UEVE]")))
    assert refused(story, story.says(OLA, ask.AdoptPolicy(COMMIT[:12]))) == ["right-run"]
    assert refused(story, story.says(person("UEVE"), ask.AdoptPolicy(COMMIT[:12]))) == ["right-run"]
    assert story.says(BEN, ask.AdoptPolicy(COMMIT[:12])).event == "policy_changed"


def test_an_invalid_policy_is_told_and_cannot_be_adopted() -> None:
    story = Story()
    (waits,) = story.reports(ask.PolicyProposed(COMMIT, POLICY + "typo: 1\n")).announce
    assert isinstance(waits, PolicyWaits)
    assert "towpath.yaml:" in waits.errors[0]
    assert refused(story, story.says(BEN, ask.AdoptPolicy(COMMIT[:12]))) == ["invalid"]


@pytest.mark.parametrize("text", ["- " * 100_000, "[" * 100_000, "version: 1:30.5", '"a\\ud800": 1', "\0", "a: " + "9" * 5000])
def test_no_text_on_the_source_branch_stops_the_loop(text: str) -> None:
    assert Story().reports(ask.PolicyProposed(COMMIT, text)).event == "policy_refused"


def test_a_proposal_that_was_taken_back_can_no_longer_be_adopted() -> None:
    story = Story()
    story.reports(ask.PolicyProposed(COMMIT, WIDER))
    decision = story.reports(ask.PolicyProposed(commit_of("the revert"), POLICY))
    assert decision.event == "policy_withdrawn"
    assert isinstance(decision.announce[0], Notice)
    assert layout.PROPOSED not in story.files
    assert refused(story, story.says(BEN, ask.AdoptPolicy(COMMIT[:12]))) == ["nothing-proposed"]


def test_an_old_proposal_put_into_the_inbox_again_is_no_proposal() -> None:
    assert Story().reports(ask.PolicyProposed(COMMIT, WIDER), aged=timedelta(minutes=20)) == d.NOTHING


def test_the_first_key_stays_whatever_a_policy_says() -> None:
    other = f'trust: "SHA256:{"A" * 43}"\n'
    own = f'trust: "{KEYS["writer"].fingerprint}"\n'
    for before, after in (("", other), (own, other), (own, "")):
        story = Story(before + POLICY)
        story.reports(ask.PolicyProposed(COMMIT, after + WIDER))
        assert refused(story, story.says(BEN, ask.AdoptPolicy(COMMIT[:12]))) == ["trust"]
    story = Story()
    story.reports(ask.PolicyProposed(COMMIT, own + WIDER))
    assert story.says(BEN, ask.AdoptPolicy(COMMIT[:12])).event == "policy_changed"


def test_a_policy_that_nobody_could_replace_is_not_adopted() -> None:
    story = Story()
    story.reports(ask.PolicyProposed(COMMIT, "version: 1\nenvironments: {prod: {}}\n"))
    assert refused(story, story.says(BEN, ask.AdoptPolicy(COMMIT[:12]))) == ["locked"]


def test_a_long_difference_says_that_it_is_cut_where_it_is_read() -> None:
    story = Story()
    (waits,) = story.reports(ask.PolicyProposed(COMMIT, "".join(f"# {n}\n" for n in range(5000)) + WIDER)).announce
    assert isinstance(waits, PolicyWaits)
    assert waits.diff.startswith("The first 8,000 of ")
