"""`plan`, `can i`, `why not` and `show policy`: what would happen and why not, with nothing done and everything named at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.actors import Actor
from workers.contract.names import ArtifactName, PromotionId, VersionAsk
from workers.contract.promotion import Kind
from workers.domain import layout

from .worlds import ANA, BEN, BIOPSY, DANA, MIA, OLA, POLICY, PROD, STAGING, VAULT, Story, commit_of, person, version_of

V1, P1 = VersionAsk.read("v1"), PromotionId.read("P-1")
TO_PROD, TO_VAULT = ask.Promote(V1, PROD, BIOPSY), ask.Promote(V1, VAULT, BIOPSY)
FREEZE = '    freeze: [{from: "Mon 07:00", until: "Tue 07:00", because: release night}]\n    emergency: [ops]\n'
FROZEN = POLICY.replace("    soak: 1h\n", "    soak: 1h\n" + FREEZE)


def nested(request: ask.Request) -> ask.Nested:
    return ask.Nested.of(request, type(request).__name__.lower())


def asks(story: Story, who: Actor, question: ask.Request, thread: str | None = None) -> out.Outcome:
    """The answer, once it is sure that nothing came of asking."""
    before = story.world
    decision = story.says(who, question, thread)
    assert story.world is before
    assert (decision.event, decision.documents, decision.effects) == (None, (), ())
    (only,) = decision.outcomes
    return only


def unmet(story: Story, who: Actor, question: ask.WhyNot, thread: str | None = None) -> dict[str, out.Reason]:
    found = asks(story, who, question, thread)
    assert isinstance(found, out.Unmet), found
    return {one.code: one for one in found.conditions}


def planned(story: Story, who: Actor, request: ask.Request) -> out.Planned:
    found = asks(story, who, ask.Plan(nested(request)))
    assert isinstance(found, out.Planned), found
    return found


def able(story: Story, who: Actor, request: ask.Request) -> out.Able:
    found = asks(story, who, ask.CanI(nested(request)))
    assert isinstance(found, out.Able), found
    return found


def test_a_plan_is_what_then_happens() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.live_in_prod("v1.0.0")
    story.registers(version_of("v2.0.0", metrics={"auc": "0.96"}))
    story.succeeds("v2.0.0", "staging")
    wanted = ask.Promote(VersionAsk.read("v2"), PROD, BIOPSY)
    found = planned(story, ANA, wanted)
    assert found.promotion is not None
    assert [one.code for one in found.conditions] == ["approval", "soak"]
    done = story.says(ANA, wanted).promotion
    assert done is not None
    assert (found.promotion.id, found.promotion.plan, found.promotion.changes) == (done.id, done.plan, done.changes)
    assert found.would == "It would stand at waiting: Asked for approval."


def test_a_plan_names_every_reason_also_behind_a_right_that_is_missing() -> None:
    story = Story().registers(version_of("v1.0.0"))
    found = planned(story, BEN, ask.Unhold(BIOPSY, V1, STAGING))
    assert [one.code for one in found.conditions] == ["because"]
    found = planned(story, ANA, ask.Unhold(BIOPSY, V1, STAGING))
    assert [one.code for one in found.conditions] == ["right-run", "because"]
    assert found.would == "It would be refused."


def test_a_plan_of_a_rollback_says_what_it_passes_over() -> None:
    story = Story().registers(version_of("v1.0.0"), version_of("v2.0.0"))
    story.live_in_prod("v1.0.0")
    story.live_in_prod("v2.0.0")
    found = planned(story, BEN, ask.Rollback(PROD, BIOPSY))
    assert found.promotion is not None
    assert found.promotion.to.version == "v1.0.0"
    assert "Passed over: approval." in found.would
    assert found.conditions == ()
    assert story.live() == "v2.0.0"


def test_a_plan_of_a_registration_or_a_policy_tells_what_would_be_read_or_change() -> None:
    story = Story()
    assert planned(story, ANA, ask.Register(BIOPSY, version_of("v1.0.0").version)).would.startswith("The commit would be read")
    commit = commit_of("policy")
    story.reports(ask.PolicyProposed(commit, POLICY.replace("soak: 1h", "soak: 2h")))
    found = planned(story, BEN, ask.AdoptPolicy(commit))
    assert "+    soak: 2h" in found.diff
    assert layout.PROPOSED in story.files


def test_a_plan_of_an_end_has_nothing_in_its_way() -> None:
    story = Story().registers(version_of("v1.0.0"))
    asked = story.promotes(OLA, "v1.0.0", "vault").promotion
    assert asked is not None
    for who, verb in ((BEN, ask.Reject), (OLA, ask.Cancel)):
        found = planned(story, who, verb(asked.id))
        assert found.conditions == ()
        assert found.would.startswith("It would stand at ")
    assert story.state(str(asked.id)) == "waiting"


def test_a_menu_asks_the_question_again() -> None:
    story = Story().registers(version_of("v1.0.0"), version_of("v1.1.0"))
    found = asks(story, ANA, ask.Plan(nested(ask.Promote(V1, STAGING, BIOPSY))))
    assert isinstance(found, out.Choose)
    assert [one.sentence for one in found.options] == ["plan promote biopsy v1.1.0 to staging", "plan promote biopsy v1.0.0 to staging"]


def test_why_not_lists_every_condition_with_who_can_clear_it_and_when() -> None:
    story = Story(FROZEN).registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    asked = story.promotes(ANA, "v1.0.0").promotion
    assert asked is not None
    found = unmet(story, OLA, ask.WhyNot(asked.id))
    assert list(found) == ["approval", "soak", "freeze"]
    assert found["approval"].text == "1 of 1 approval by ml-leads still needed"
    assert found["approval"].clears == (
        "UBEN or UMIA or members of SLEADS, until 2026-11-24T08:00:00.000Z; never UANA, who asked nor UDANA, who made it"
    )
    assert found["soak"].clears == "at 2026-11-23T09:00:00.000Z"
    assert "release night" in found["freeze"].text
    assert str(found["freeze"].clears).endswith("at 2026-11-24T07:00:00.000Z")
    answer = asks(story, OLA, ask.WhyNot(asked.id))
    assert isinstance(answer, out.Unmet)
    assert "ops may pass over" in answer.notes[0]


def test_in_its_thread_no_id_is_needed() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    asked = story.promotes(ANA, "v1.0.0").promotion
    assert asked is not None
    story.card(str(asked.id), "1700000000.1")
    assert list(unmet(story, OLA, ask.WhyNot(), "1700000000.1")) == ["approval", "soak"]
    found = asks(story, OLA, ask.WhyNot())
    assert isinstance(found, out.Refused)
    assert found.reasons[0].code == "which-promotion"


def test_votes_that_were_given_and_that_no_longer_count_are_told() -> None:
    story = Story().registers(version_of("v1.0.0"))
    asked = story.promotes(OLA, "v1.0.0", "vault").promotion
    assert asked is not None
    story.says(BEN, ask.Approve(asked.id))
    found = unmet(story, ANA, ask.WhyNot(asked.id))
    assert found["approval"].text == "1 of 2 approvals by ml-leads still needed; approved so far: UBEN"
    assert "UBEN" not in str(found["approval"].clears)
    assert "UDANA or UMIA" in str(found["approval"].clears)


def test_why_not_of_a_command_goes_on_behind_the_right_that_is_missing() -> None:
    story = Story(FROZEN).registers(version_of("v1.0.0", metrics={"auc": "0.5"}))
    found = unmet(story, ANA, ask.WhyNot(wanted=nested(TO_VAULT)))
    assert list(found) == ["right-request", "approval"]
    found = unmet(story, ANA, ask.WhyNot(wanted=nested(TO_PROD)))
    assert list(found) == ["gate order", "gate metrics: auc", "approval", "freeze"]
    assert found["gate order"].clears == "everybody, by promote biopsy v1.0.0 to staging"


def test_nothing_in_the_way_and_what_has_ended_are_said() -> None:
    story = Story().registers(version_of("v1.0.0"))
    assert unmet(story, ANA, ask.WhyNot(wanted=nested(ask.Promote(V1, STAGING, BIOPSY)))) == {}
    story.succeeds("v1.0.0", "staging")
    assert list(unmet(story, ANA, ask.WhyNot(P1))) == ["ended"]
    story.promotes(ANA, "v1.0.0", "staging")
    refused = story.registers(version_of("v2.0.0", metrics={})).promotes(ANA, "v2.0.0").promotion
    assert refused is not None
    assert list(unmet(story, ANA, ask.WhyNot(refused.id)))[:3] == ["ended", "gate order", "gate metrics: auc"]


@pytest.mark.parametrize(
    ("who", "request_", "said"),
    [
        (ANA, TO_PROD, "yes"),
        (ANA, TO_VAULT, "no"),
        (OLA, TO_VAULT, "yes"),
        (OLA, ask.Rollback(PROD, BIOPSY), "no"),
        (BEN, ask.Rollback(PROD, BIOPSY), "yes"),
        (ANA, ask.ShowStatus(), "yes"),
        (ANA, ask.Promote(V1, PROD, ArtifactName.read("nobody")), "cannot tell"),
        (ANA, ask.Approve(P1), "no"),
        (DANA, ask.Approve(P1), "no"),
        (MIA, ask.Approve(P1), "yes"),
        (person("UNEW"), ask.Approve(P1), "no"),
    ],
)
def test_can_i_speaks_of_my_rights_alone(who: Actor, request_: ask.Request, said: str) -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.reports(ask.PolicyProposed(commit_of("p"), POLICY.replace("    after: staging\n    soak: 1h\n", "")))
    story.says(BEN, ask.AdoptPolicy(commit_of("p")))
    story.promotes(ANA, "v1.0.0")
    assert able(story, who, request_).answer == said


def test_a_torn_or_endless_question_is_refused() -> None:
    story = Story()
    torn = replace(nested(TO_PROD), body="{")
    endless = nested(ask.Plan(nested(TO_PROD)))
    report = replace(nested(TO_PROD), verb="Tick", body="{}")
    for inner in (torn, endless, report):
        for question in (ask.Plan(inner), ask.CanI(inner), ask.WhyNot(wanted=inner)):
            found = asks(story, ANA, question)
            assert isinstance(found, out.Refused), found
            assert found.reasons[0].code == "torn"


def test_show_policy_says_what_is_in_force_and_who_adopted_it() -> None:
    refined = FROZEN.replace("  vault:\n", "    per_artifact: {biopsy: {soak: 5m}}\n  vault:\n")
    story = Story().registers(version_of("v1.0.0"))
    found = asks(story, ANA, ask.ShowPolicy())
    assert isinstance(found, out.PolicyShown)
    assert (found.by, found.artifact) == (None, BIOPSY)
    story.reports(ask.PolicyProposed(commit_of("p"), refined))
    story.says(BEN, ask.AdoptPolicy(commit_of("p")))
    found = asks(story, ANA, ask.ShowPolicy(BIOPSY, PROD))
    assert isinstance(found, out.PolicyShown)
    assert (found.by, found.at, found.record) == (BEN.id, "2026-11-23T08:00:00.000Z", story.world.seq)
    (lane,) = found.lanes
    told = {rule.topic: rule for rule in lane.rules}
    assert told["after"].text == "the identical bytes have succeeded in staging, then 5m of soak"
    assert told["after"].refined == "artifact biopsy"
    assert told["request"].text == "every member of the workspace"
    assert told["approve"].text.startswith("1 of ml-leads (UBEN, UDANA, UMIA, the members of SLEADS), never the requester and the author")
    assert told["emergency"].text == "ops (UOLA)"
    assert "now, until 2026-11-24T07:00:00.000Z" in told["freeze"].text
    assert told["gates"].text == "metrics (auc at least 0.9, not worse than live by 0.005)"
    assert told["targets"].text == "eu (model-server), us (model-server)"
    general = asks(story, ANA, ask.ShowPolicy(), thread=None)
    assert isinstance(general, out.PolicyShown)
    assert story.folded() == story.world
    other = Story(refined).registers(version_of("v1.0.0", "other", Kind.DATASET))
    shown = asks(other, ANA, ask.ShowPolicy())
    assert isinstance(shown, out.PolicyShown)
    assert shown.refinements == {"prod": ("biopsy",)}
