"""`promote`: what opens a promotion, and every reason for which none is opened."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workers.contract import requests as ask
from workers.contract.actors import Origin, Standing
from workers.contract.names import ArtifactName, VersionAsk
from workers.contract.outcomes import Choose, Late, Receipt, Refused, Status
from workers.contract.promotion import Kind
from workers.domain import decision as d

from .worlds import ANA, BEN, BIOPSY, OLA, PROD, STAGING, VAULT, Story, outcome, person, reasons, refused, version_of


@pytest.fixture
def story() -> Story:
    return Story().registers(version_of("v1.0.0"), version_of("v2.0.0"), version_of("v2.1.0"))


def test_the_whole_way_of_a_version_to_production(story: Story) -> None:
    first = story.live_in_prod("v1.0.0")
    assert story.live() == "v1.0.0"
    assert story.lane().generation == 1
    assert story.lane().in_flight is None
    said = [event.event for event in story.promotion(first).events]
    assert said == ["requested", "approved", "verifying", "succeeded"]
    assert [event.seq for event in story.promotion(first).events] == sorted(event.seq for event in story.promotion(first).events)


def test_without_an_approval_rule_deployment_begins_at_once(story: Story) -> None:
    decision = story.promotes(ANA, "v1.0.0", "staging")
    assert story.state("P-1") == "deploying"
    assert [effect for effect in decision.effects if isinstance(effect, d.Deploy)] == [d.Deploy(story.promotion("P-1").id, 1, fresh=True)]
    assert story.lane("staging").in_flight == "P-1"
    desired = story.lane("staging").desired
    assert desired is not None
    assert desired.version == "v1.0.0"


def test_production_asks_for_approval_and_says_whose(story: Story) -> None:
    story.succeeds("v1.0.0", "staging")
    story.promotes(ANA, "v1", because="fewer misses")
    asked = story.promotion("P-2")
    assert asked.state.value == "waiting"
    assert asked.because == "fewer misses"
    assert asked.quorum is not None
    assert asked.quorum.exclude == ("requester", "author")
    assert asked.expires_at == "2026-11-24T08:00:00.000Z"
    assert story.world.release(PROD, BIOPSY) is None


def test_all_gates_that_stop_are_told_at_once(story: Story) -> None:
    story.registers(version_of("v3.0.0", metrics={"auc": "0.5"}, authors=("who@example.com",)))
    decision = story.promotes(ANA, "v3.0.0")
    told = " ".join(story.promotion("P-1").reasons)
    assert decision.event == "refused"
    assert story.state("P-1") == "refused"
    assert "staging" in told and "0.5" in told and "made this version" in told
    assert len(story.promotion("P-1").reasons) == 3
    assert story.live() is None


@pytest.mark.parametrize(
    "standing", [Standing.GUEST, Standing.STRANGER, Standing.BOT, Standing.DEACTIVATED, Standing.UNKNOWN, Standing.PROCESS]
)
def test_who_is_no_member_does_not_count(story: Story, standing: Standing) -> None:
    assert refused(story, story.promotes(person("UBEN", standing=standing), "v1.0.0", "staging")) == ["standing"]


def test_an_edited_message_does_not_count(story: Story) -> None:
    wanted = ask.Promote(VersionAsk.read("v1"), STAGING, BIOPSY)
    assert refused(story, story.says(ANA, wanted, edited=True, origin=Origin.MENTION)) == ["edited"]


def test_the_right_to_request_is_asked_for(story: Story) -> None:
    decision = story.promotes(ANA, "v1.0.0", "vault")
    assert refused(story, decision) == ["right-request"]
    assert reasons(decision)[0].clears == "may: ops or ml-leads"


def test_an_unknown_environment_names_the_near_one(story: Story) -> None:
    decision = story.promotes(ANA, "v1.0.0", "prd")
    assert refused(story, decision) == ["unknown-environment"]
    assert "Did you mean prod?" in reasons(decision)[0].text


def test_a_late_request_is_not_performed_nor_recorded(story: Story) -> None:
    before = story.world
    decision = story.says(ANA, ask.Promote(VersionAsk.read("v1"), STAGING, BIOPSY), aged=timedelta(minutes=16))
    assert outcome(decision) == Late("promote", 16)
    assert decision.event is None
    assert story.world is before


def test_a_request_from_the_future_would_outlive_the_memory_of_its_id(story: Story) -> None:
    decision = story.says(ANA, ask.Promote(VersionAsk.read("v1"), STAGING, BIOPSY), aged=timedelta(minutes=-20))
    assert refused(story, decision) == ["clock"]


def test_a_question_in_the_changes_lane_is_answered_and_stops_nobody(story: Story) -> None:
    assert isinstance(outcome(story.says(ANA, ask.ShowStatus())), Status)
    guest = outcome(story.says(person("UGUEST", standing=Standing.GUEST), ask.ShowStatus()))
    assert isinstance(guest, Refused)


def test_an_asked_major_with_several_versions_is_a_menu_of_sentences(story: Story) -> None:
    decision = story.promotes(ANA, "v2", "staging")
    menu = outcome(decision)
    assert isinstance(menu, Choose)
    assert [option.sentence for option in menu.options] == ["promote biopsy v2.1.0 to staging", "promote biopsy v2.0.0 to staging"]
    assert decision.event is None


def test_an_unregistered_version_is_looked_for_once(story: Story) -> None:
    decision = story.promotes(ANA, "v9.0.0", "staging")
    (look,) = decision.effects
    assert isinstance(look, d.Inspect)
    assert (look.artifact, look.version, decision.event) == ("biopsy", "v9.0.0", None)
    back = story.says(ANA, ask.Promote(VersionAsk.read("v9.0.0"), STAGING, BIOPSY), looked=True)
    assert refused(story, back) == ["unknown-version"]
    assert "v2.1.0" in reasons(back)[0].text


def test_an_unregistered_artifact_is_looked_for_once_and_then_named_its_neighbour(story: Story) -> None:
    wanted = ask.Promote(VersionAsk.read("v1"), STAGING, ArtifactName.read("biopsi"))
    assert isinstance(story.says(ANA, wanted).effects[0], d.Inspect)
    back = story.says(ANA, wanted, looked=True)
    assert refused(story, back) == ["unknown-artifact"]
    assert "Did you mean biopsy?" in reasons(back)[0].text


def test_a_channel_may_speak_of_an_artifact_that_nobody_has_registered() -> None:
    story = Story()
    wanted = ask.Promote(VersionAsk.read("v3"), STAGING)
    assert isinstance(story.says(ANA, wanted).effects[0], d.Inspect)
    assert refused(story, story.says(ANA, wanted, looked=True)) == ["unknown-version"]
    assert refused(story, story.says(ANA, ask.Promote(None, STAGING), looked=True)) == ["which-version"]


def test_without_a_name_the_channel_then_the_only_fitting_one_then_a_menu(story: Story) -> None:
    story.registers(version_of("v1.0.0", "wine"), version_of("v5.0.0", "wine"))
    wanted = ask.Promote(VersionAsk.read("v1.0.0"), STAGING)
    assert outcome_names(story.says(ANA, wanted, channel="COTHER")) == [
        "promote biopsy v1.0.0 to staging",
        "promote wine v1.0.0 to staging",
    ]
    story.says(ANA, wanted)
    assert story.promotion("P-1").artifact == "biopsy"
    story.says(ANA, ask.Promote(VersionAsk.read("v5"), STAGING), channel="COTHER")
    assert story.promotion("P-2").artifact == "wine"
    nothing = story.says(ANA, ask.Promote(VersionAsk.read("v77"), STAGING), channel="COTHER")
    assert refused(story, nothing) == ["which-artifact"]


def outcome_names(decision: d.Decision) -> list[str]:
    menu = outcome(decision)
    assert isinstance(menu, Choose)
    return [option.sentence for option in menu.options]


def test_a_thread_says_which_artifact_is_meant(story: Story) -> None:
    story.registers(version_of("v1.0.0", "wine"))
    story.promotes(ANA, "v1.0.0", "staging", "wine")
    story.card("P-1", "17.1")
    decision = story.says(ANA, ask.Promote(VersionAsk.read("v1.0.0"), VAULT), thread="17.1")
    assert refused(story, decision) == ["right-request"]
    story.says(OLA, ask.Promote(VersionAsk.read("v1.0.0"), VAULT), thread="17.1")
    assert story.promotion("P-2").artifact == "wine"


def test_a_wrong_kind_is_no_guess(story: Story) -> None:
    decision = story.says(ANA, ask.Promote(VersionAsk.read("v1"), STAGING, BIOPSY, Kind.DATASET))
    assert refused(story, decision) == ["other-kind"]


def test_the_version_that_runs_elsewhere_can_be_meant(story: Story) -> None:
    story.succeeds("v1.0.0", "staging")
    story.says(ANA, ask.Promote(None, PROD, BIOPSY, source=STAGING))
    assert story.promotion("P-2").to.version == "v1.0.0"
    assert refused(story, story.says(ANA, ask.Promote(None, STAGING, BIOPSY, source=VAULT))) == ["nothing-there"]


def test_where_a_version_is_said_to_run_it_must_run(story: Story) -> None:
    story.succeeds("v1.0.0", "staging")
    claim = ask.Promote(VersionAsk.read("v2.0.0"), PROD, BIOPSY, source=STAGING)
    assert refused(story, story.says(ANA, claim)) == ["not-there"]
    story.says(ANA, ask.Promote(VersionAsk.read("v1"), PROD, BIOPSY, source=STAGING))
    assert story.promotion("P-2").to.version == "v1.0.0"


def test_the_same_again_opens_nothing(story: Story) -> None:
    story.promotes(ANA, "v1.0.0", "staging")
    again = outcome(story.promotes(BEN, "v1.0.0", "staging"))
    assert isinstance(again, Receipt)
    assert again.promotion == "P-1"
    story.deploys("P-1")
    story.verifies("P-1")
    there = outcome(story.promotes(BEN, "v1.0.0", "staging"))
    assert isinstance(there, Receipt)
    assert "Nothing to do" in there.text
    assert list(story.world.promotions) == ["P-1"]


def test_a_flood_of_refusals_is_recorded_five_times_a_minute(story: Story) -> None:
    for _ in range(5):
        assert story.promotes(ANA, "v1.0.0", "vault").event == "refused"
    seq = story.world.seq
    sixth = story.promotes(ANA, "v1.0.0", "vault")
    assert sixth.event is None
    answer = outcome(sixth)
    assert isinstance(answer, Refused)
    assert (answer.record, answer.reasons[0].code) == (None, "right-request")
    assert story.world.seq == seq
    assert refused(story, story.promotes(person("UZOE"), "v1.0.0", "vault")) == ["right-request"]
    story.later(minutes=2)
    assert refused(story, story.promotes(ANA, "v1.0.0", "vault")) == ["right-request"]


def test_a_flood_of_promotions_that_gates_refuse_ends_as_well(story: Story) -> None:
    for _ in range(5):
        story.promotes(ANA, "v1.0.0", "prod")
    assert len(story.world.promotions) == 5
    sixth = story.promotes(ANA, "v1.0.0", "prod")
    assert sixth.event is None
    assert len(story.world.promotions) == 5
    assert "staging" in reasons(sixth)[0].text
