"""`hold` by people: no last good version any more, what waits is refused, and the affected period is on record."""

from __future__ import annotations

import pytest

from workers.contract import requests as ask
from workers.contract.names import ArtifactName, Instant, PromotionId, VersionAsk
from workers.contract.outcomes import Announcement, Choose, Receipt
from workers.contract.stopped import Holds, Period
from workers.domain import decision as d

from .worlds import ANA, BEN, BIOPSY, PROD, Story, outcome, refused, version_of


@pytest.fixture
def story() -> Story:
    """v1 live in prod from ten to noon, then v2 (P-1 to P-4); v3 soaked in staging (P-5). It is two."""
    story = Story().registers(*(version_of(f"v{n}.0.0") for n in (1, 2, 3)))
    story.live_in_prod("v1.0.0")
    story.live_in_prod("v2.0.0")
    story.succeeds("v3.0.0", "staging")
    return story.later(hours=2)


def holds(story: Story, version: str = "v1", since: str | None = None, because: str = "it misses small ones") -> d.Decision:
    return story.says(BEN, ask.Hold(BIOPSY, VersionAsk.read(version), PROD, because, Instant.read(since) if since else None))


def answered(decision: d.Decision) -> Receipt:
    found = outcome(decision)
    assert isinstance(found, Receipt)
    return found


def test_a_held_version_is_no_last_good_one(story: Story) -> None:
    decision = holds(story)
    assert (decision.event, decision.detail["live"]) == ("held", False)
    assert answered(decision).offers == ()
    assert refused(story, story.says(BEN, ask.Rollback(PROD, BIOPSY))) == ["nothing-good"]
    assert refused(story, story.says(BEN, ask.Rollback(PROD, BIOPSY, VersionAsk("v1")))) == ["hold"]
    story.says(BEN, ask.Unhold(BIOPSY, VersionAsk("v1"), PROD, "it was the camera"))
    assert story.says(BEN, ask.Rollback(PROD, BIOPSY)).event == "requested"


def test_what_is_live_goes_on_running_and_the_way_back_is_offered(story: Story) -> None:
    decision = holds(story, "v2")
    assert "goes on running" in answered(decision).text
    assert answered(decision).offers == ("rollback biopsy in prod because it misses small ones",)
    (told,) = decision.announce
    assert isinstance(told, Announcement)
    assert told.offers == answered(decision).offers
    assert story.live() == "v2.0.0"


def test_the_affected_period_begins_when_it_was_bad_or_became_live_and_ends_when_it_left(story: Story) -> None:
    decision = holds(story, "v1", "2026-11-23T11:00:00.000Z")
    assert decision.detail["affected"] == [{"since": "2026-11-23T11:00:00.000Z", "until": "2026-11-23T12:00:00.000Z", "promotion": "P-2"}]
    assert "2026-11-23T11:00:00.000Z to 2026-11-23T12:00:00.000Z" in answered(decision).text
    holds(story, "v2", "2026-11-20T00:00:00.000Z")
    found = outcome(story.says(ANA, ask.ShowHolds(BIOPSY, PROD)))
    assert isinstance(found, Holds)
    second, first = sorted(found.holds, key=lambda one: one.hold.version, reverse=True)
    assert (first.is_live, second.is_live) == (False, True)
    assert second.affected == (Period("2026-11-23T12:00:00.000Z", None, PromotionId("P-4")),)


def test_a_version_that_came_back_was_bad_twice_and_later_ones_are_found_though_the_release_forgot_them(story: Story) -> None:
    for n in range(4, 16):
        story.registers(version_of(f"v{n}.0.0"))
        story.live_in_prod(f"v{n}.0.0")
    assert "v1.0.0" not in {placed.version for placed in story.lane().succeeded}
    decision = holds(story, "v1", "2026-11-23T00:00:00.000Z")
    assert [one["promotion"] for one in decision.detail["affected"]] == ["P-2"]


def test_one_that_left_before_it_was_bad_affected_nothing(story: Story) -> None:
    decision = holds(story, "v1", "2026-11-23T13:00:00.000Z")
    assert decision.detail["affected"] == []
    assert "was not live there since" in answered(decision).text


def test_promotions_on_their_way_are_refused_at_the_next_look_and_told(story: Story) -> None:
    story.promotes(ANA, "v3.0.0")
    assert story.state("P-6") == "waiting"
    assert "P-6 will be refused" in answered(holds(story, "v3")).text
    (told,) = story.ticks()
    assert (told.event, story.state("P-6")) == ("refused", "refused")
    assert "it misses small ones" in story.promotion("P-6").reasons[0]
    assert "unhold biopsy v3.0.0 in prod" in story.promotion("P-6").reasons[0]
    assert story.promotes(ANA, "v3.0.0").event == "refused"


def test_also_one_that_is_queued_for_something_else(story: Story) -> None:
    story.promotes(ANA, "v3.0.0")
    story.says(BEN, ask.Freeze(PROD, Instant("2026-12-01T00:00:00.000Z"), "audit"))
    story.says(BEN, ask.Approve(PromotionId("P-6")))
    assert story.state("P-6") == "queued"
    holds(story, "v3")
    story.ticks()
    assert story.state("P-6") == "refused"


def test_who_may_and_what_is_needed(story: Story) -> None:
    wanted = ask.Hold(BIOPSY, VersionAsk("v1"), PROD, "x")
    assert refused(story, story.says(ANA, wanted)) == ["right-run"]
    assert refused(story, holds(story, "v1", "2027-01-01T00:00:00.000Z", " ")) == ["to-come", "because"]
    assert refused(story, holds(story, "v9")) == ["unknown-version"]
    assert refused(story, story.says(BEN, ask.Hold(ArtifactName("nobody"), VersionAsk("v1"), PROD, "x"))) == ["unknown-artifact"]
    holds(story, "v1")
    assert refused(story, holds(story, "v1")) == ["held"]


def test_several_versions_make_a_menu_that_keeps_the_whole_sentence(story: Story) -> None:
    story.registers(version_of("v3.1.0"))
    found = outcome(holds(story, "v3", "2026-11-23T11:00:00.000Z"))
    assert isinstance(found, Choose)
    assert found.options[0].sentence == "hold biopsy v3.1.0 in prod since 2026-11-23T11:00:00.000Z because it misses small ones"
