"""Promotions that open by themselves: on the way that was asked for, and of each new version where the policy says so."""

from __future__ import annotations

from workers.contract import requests as ask
from workers.contract.envelope import Envelope
from workers.contract.names import VersionAsk
from workers.contract.outcomes import Notice, Registered
from workers.contract.promotion import Kind, RegisteredVersion
from workers.contract.requests import Seen

from .worlds import ANA, BEN, BIOPSY, DANA, OLA, POLICY, PROD, STAGING, VAULT, Story, outcome, reasons, refused, version_of

V1 = VersionAsk.read("v1")
WAY = ask.Promote(V1, PROD, BIOPSY, because="it is better", via=STAGING)
ON_REGISTER = POLICY.replace("  staging:\n", "  staging:\n    on_register: [service]\n").replace(
    "  UDANA: {git", "  UANA: {git: [ana@example.com]}\n  UDANA: {git"
)
APPROVED = ON_REGISTER.replace("    on_register: [service]\n", "    on_register: [service]\n    approve: {from: [ml-leads]}\n")


def test_a_way_goes_on_by_itself_and_is_judged_where_it_goes() -> None:
    story = Story().registers(version_of("v1.0.0"))
    first = story.says(ANA, WAY).promotion
    assert first is not None
    assert (first.environment, first.then_to, first.state.value) == (STAGING, PROD, "deploying")
    story.deploys("P-1")
    seq = story.world.seq
    done = story.verifies("P-1")
    assert story.world.seq == seq + 1
    assert done.detail["opened"] == ["P-2"]
    second = story.promotion("P-2")
    assert (second.environment, second.state.value, second.requester, second.channel) == (PROD, "waiting", ANA.id, first.channel)
    assert second.because == "it is better"
    assert second.then_to is None
    assert "P-2 takes it on to prod" in story.promotion("P-1").events[-1].text
    assert refused(story, story.says(ANA, ask.Approve(second.id))) == ["own-request", "right-approve"]
    assert story.folded() == story.world


def test_what_is_written_later_opens_nothing_more() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.says(ANA, WAY)
    story.deploys("P-1")
    story.verifies("P-1")
    story.says(BEN, ask.Reject(story.promotion("P-2").id))
    story.card("P-1", "1700000000.1")
    story.verifies("P-1")
    story.ticks()
    assert list(story.world.promotions) == ["P-1", "P-2"]


def test_a_way_ends_where_its_first_part_does() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.says(ANA, WAY)
    story.deploys("P-1", Seen.REFUSED)
    assert story.state("P-1") == "failed"
    assert list(story.world.promotions) == ["P-1"]


def test_what_has_succeeded_there_already_goes_straight_on() -> None:
    story = Story().registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    found = story.says(ANA, WAY).promotion
    assert found is not None
    assert (found.environment, found.then_to) == (PROD, None)


def test_both_rights_are_needed_and_the_way_must_lead_there() -> None:
    story = Story().registers(version_of("v1.0.0"))
    assert refused(story, story.says(ANA, ask.Promote(V1, VAULT, BIOPSY, via=STAGING))) == ["right-request"]
    back = story.says(ANA, ask.Promote(V1, STAGING, BIOPSY, via=PROD))
    assert refused(story, back) == ["via"]
    assert "staging, prod, vault" in reasons(back)[0].text
    assert refused(story, story.says(ANA, ask.Promote(V1, PROD, BIOPSY, via=PROD))) == ["via"]


def _service(version: str, author: str = "dana@example.com") -> RegisteredVersion:
    return version_of(version, "checkout", Kind.SERVICE, authors=(author,))


def _asked(story: Story, who: object, found: RegisteredVersion) -> Envelope:
    wanted = ask.Register(found.artifact, found.version)
    story.says(who, wanted)  # type: ignore[arg-type]
    return story._envelope(who, wanted, None, story.now)  # type: ignore[arg-type]


def test_a_version_that_somebody_registers_is_promoted_once_by_the_policy() -> None:
    story = Story(ON_REGISTER)
    found = _service("v1.0.0")
    envelope = _asked(story, ANA, found)
    done = story.reports(ask.Inspected(found, "x"), asked=envelope)
    assert done.event == "registered"
    assert done.detail["opened"] == ["P-1"]
    told = outcome(done)
    assert isinstance(told, Registered)
    assert told.notes == ("P-1 promotes it to staging.",)
    promotion = story.promotion("P-1")
    assert (promotion.requester, promotion.environment, promotion.state.value) == (ANA.id, STAGING, "deploying")
    assert [type(effect).__name__ for effect in done.effects] == ["Deploy"]
    story.reports(ask.Inspected(found, "x"), asked=envelope)
    assert list(story.world.promotions) == ["P-1"]
    assert story.folded() == story.world


def test_who_may_not_request_there_registers_without_a_promotion() -> None:
    story = Story(ON_REGISTER.replace("    on_register: [service]\n", "    on_register: [service]\n    request: [ops]\n"))
    found = _service("v1.0.0")
    done = story.reports(ask.Inspected(found, "x"), asked=_asked(story, ANA, found))
    assert list(story.world.promotions) == []
    told = outcome(done)
    assert isinstance(told, Registered)
    assert "You may not request promotions to staging" in told.notes[0]
    story = Story(story.world.policy_text)
    story.reports(ask.Inspected(found, "x"), asked=_asked(story, OLA, found))
    assert story.promotion("P-1").requester == OLA.id


def test_a_tag_that_was_found_is_promoted_by_nobody_and_its_author_may_not_approve() -> None:
    story = Story(APPROVED)
    story.reports(ask.Inspected(_service("v1.0.0")))
    promotion = story.promotion("P-1")
    assert not promotion.requester.is_person
    assert promotion.channel == "CBIOPSY"
    assert promotion.state.value == "waiting"
    assert refused(story, story.says(DANA, ask.Approve(promotion.id))) == ["own-version"]
    story.says(BEN, ask.Approve(promotion.id))
    assert story.state("P-1") == "deploying"


def test_an_author_whom_nobody_can_name_stops_it() -> None:
    story = Story(ON_REGISTER)
    done = story.reports(ask.Inspected(_service("v1.0.0", "who@example.com")))
    assert done.event == "registered"
    assert list(story.world.promotions) == []
    (said,) = done.announce
    assert isinstance(said, Notice)
    assert "does not know everybody who made it" in said.text


def test_an_older_version_and_another_kind_are_left_alone() -> None:
    story = Story(ON_REGISTER)
    story.reports(ask.Inspected(_service("v2.0.0")))
    done = story.reports(ask.Inspected(_service("v1.0.0")))
    story.reports(ask.Inspected(version_of("v1.0.0")))
    assert list(story.world.promotions) == ["P-1"]
    (said,) = done.announce
    assert isinstance(said, Notice)
    assert "v2.0.0 is newer" in said.text
