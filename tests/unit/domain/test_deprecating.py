"""A deprecated version is promoted no more; what runs goes on, the way back stays open, and only who runs its places may say so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.contract import requests as ask
from workers.contract.names import PromotionId, VersionAsk
from workers.contract.outcomes import Choose, Receipt, Registered, Versions
from workers.domain import policy, reads
from workers.domain.decide import decide

from .worlds import ANA, BEN, BIOPSY, CARL, MIA, OLA, POLICY, PROD, Story, outcome, person, reasons, refused, version_of

V1, V2 = VersionAsk.read("v1"), VersionAsk.read("v2")
OLD = ask.Deprecate(BIOPSY, V1, "its labels were wrong")
GOOD = ask.Undeprecate(BIOPSY, V1, "the labels were right")


@pytest.fixture
def story() -> Story:
    return Story().registers(version_of("v1.0.0"), version_of("v2.0.0"))


def test_it_stops_every_new_promotion_and_the_way_back_is_open(story: Story) -> None:
    decision = story.says(OLA, OLD)
    answer = outcome(decision)
    assert isinstance(answer, Receipt)
    assert "undeprecate biopsy v1.0.0 because" in answer.text
    assert (decision.event, decision.about) == ("deprecated", (BIOPSY, "v1.0.0", None))
    assert story.folded() == story.world
    stopped = story.promotes(ANA, "v1", "staging")
    assert stopped.promotion is not None
    assert stopped.promotion.state.value == "refused"
    assert stopped.promotion.reasons[0].startswith("deprecated since 2026-11-23T08:00:00.000Z by UOLA@THOME: its labels were wrong")
    assert story.says(OLA, GOOD).event == "undeprecated"
    assert story.folded() == story.world
    assert story.succeeds("v1.0.0", "staging")


def test_another_version_is_not_touched(story: Story) -> None:
    story.says(OLA, OLD)
    assert story.succeeds("v2.0.0", "staging")


def test_where_it_is_live_only_who_runs_that_place_may_say_so(story: Story) -> None:
    story.live_in_prod("v1.0.0")
    decision = story.says(OLA, OLD)
    assert refused(story, decision) == ["right-run"]
    assert "is live there" in reasons(decision)[0].text
    answer = outcome(story.says(BEN, OLD))
    assert isinstance(answer, Receipt)
    assert "It goes on running in staging, prod." in answer.text
    assert story.live() == "v1.0.0"
    assert refused(story, story.says(OLA, GOOD)) == ["right-run"]
    assert story.says(MIA, GOOD).event == "undeprecated"


def test_where_it_is_on_its_way_counts_as_live(story: Story) -> None:
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2)
    story.promotes(ANA, "v1")
    story.says(BEN, ask.Approve(PromotionId.read("P-2")))
    assert story.state("P-2") == "deploying"
    assert refused(story, story.says(OLA, OLD)) == ["right-run"]


def test_who_runs_nothing_may_say_nothing(story: Story) -> None:
    for request in (OLD, GOOD):
        assert refused(story, story.says(ANA, request)) == ["right-run"]
        assert refused(story, story.says(person("UEVE"), request)) == ["right-run"]


def test_what_waits_is_refused_at_its_last_look_and_what_runs_goes_on(story: Story) -> None:
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2)
    story.promotes(ANA, "v1")
    answer = outcome(story.says(BEN, OLD))
    assert isinstance(answer, Receipt)
    assert "P-2 will be refused by the gates" in answer.text
    story.says(BEN, ask.Approve(PromotionId.read("P-2")))
    assert story.state("P-2") == "refused"
    assert "its labels were wrong" in story.promotion("P-2").reasons[0]


def test_what_is_queued_is_refused_when_its_turn_comes(story: Story) -> None:
    story.succeeds("v1.0.0", "staging")
    story.promotes(ANA, "v1")
    story.says(BEN, ask.Approve(PromotionId.read("P-2")))
    assert story.state("P-2") == "queued"
    story.says(BEN, OLD)
    story.later(hours=2).ticks()
    assert story.state("P-2") == "refused"


def test_what_is_being_deployed_goes_on_and_keeps_the_word(story: Story) -> None:
    story.promotes(ANA, "v1", "staging")
    story.says(BEN, OLD)
    story.deploys("P-1")
    story.verifies("P-1")
    known = story.world.versions[BIOPSY][version_of("v1.0.0").version]
    assert known.deprecated is not None
    assert known.succeeded_in.keys() == {"staging"}


def test_a_rollback_to_it_is_possible_and_says_so(story: Story) -> None:
    story.live_in_prod("v1.0.0")
    story.live_in_prod("v2.0.0")
    story.says(BEN, OLD)
    story.says(BEN, ask.Rollback(PROD, BIOPSY))
    back = story.promotion("P-5")
    assert (back.to.version, back.state.value) == ("v1.0.0", "deploying")
    assert "the gate deprecated (deprecated since 2026-11-23T12:00:00.000Z by UBEN@THOME: its labels were wrong" in back.events[0].text


def test_saying_it_again_changes_nothing(story: Story) -> None:
    assert refused(story, story.says(OLA, GOOD)) == ["not-deprecated"]
    story.says(OLA, OLD)
    before = story.world
    answer = outcome(story.says(MIA, ask.Deprecate(BIOPSY, V1, "another reason")))
    assert isinstance(answer, Receipt)
    assert "its labels were wrong. Nothing to do." in answer.text
    assert story.world == before


def test_it_never_guesses_which_version(story: Story) -> None:
    story.registers(version_of("v1.1.0"))
    menu = outcome(story.says(OLA, OLD))
    assert isinstance(menu, Choose)
    assert [one.sentence for one in menu.options] == [
        "deprecate biopsy v1.1.0 because its labels were wrong",
        "deprecate biopsy v1.0.0 because its labels were wrong",
    ]
    assert refused(story, story.says(OLA, ask.Deprecate(BIOPSY, VersionAsk.read("v9"), "x"))) == ["unknown-version"]
    assert refused(story, story.says(OLA, ask.Deprecate(BIOPSY, V2, "  "))) == ["because"]


def test_an_unknown_name_is_refused() -> None:
    story = Story()
    assert refused(story, story.says(OLA, OLD)) == ["unknown-artifact"]


def test_a_place_that_the_policy_no_longer_has_stops_nobody(story: Story) -> None:
    story.succeeds("v1.0.0", "staging")
    without = POLICY.replace("  staging:", "  stage:").replace("after: staging", "after: stage")
    story.world = replace(story.world, policy=policy.read(without))
    assert story.says(CARL, OLD).event == "deprecated"


def test_questions_and_a_second_registration_show_it(story: Story) -> None:
    story.says(OLA, OLD)
    shown = reads.answer(story.world, {}, story._envelope(ANA, ask.ShowVersions(BIOPSY), None, story.now), decide)
    assert isinstance(shown, Versions)
    assert [one.deprecated and one.deprecated.because for one in shown.versions] == [None, "its labels were wrong"]
    asked = story._envelope(ANA, ask.Register(BIOPSY, version_of("v1.0.0").version), None, story.now)
    again = outcome(story.reports(ask.Inspected(version_of("v1.0.0")), asked=asked))
    assert isinstance(again, Registered)
    assert all("deprecated since" in why[-1] or "deprecated since" in why[0] for why in again.environments.values())
