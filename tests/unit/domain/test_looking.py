"""Towpath has evidence looked at by itself: for what opens by itself, before something starts from the queue, and while people are asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.names import Instant, VersionAsk
from workers.contract.outcomes import Unmet
from workers.contract.promotion import RegisteredVersion, Result
from workers.domain import decision as d
from workers.domain import unseen
from workers.domain.state import World

from .test_gathering import CHECKS, GATED, Looked, begun, by_name, found
from .test_voting import adopted
from .worlds import ANA, BEN, BIOPSY, MIA, PROD, STAGING, outcome, reasons, version_of

V1 = version_of("v1.0.0")
FREE = GATED.replace("    approve: {from: [ml-leads], count: 1, expires: 24h, exclude: [requester, author]}\n", "").replace(
    "soak: 1h", "soak: 1m"
)


def on_its_way(policy: str = GATED, version: RegisteredVersion = V1) -> Looked:
    """v1 has succeeded in staging and goes on to prod by itself, as P-2."""
    story = Looked(policy)
    story.registers(version)
    story.later(seconds=1)
    story.says(ANA, ask.Promote(VersionAsk.read("v1"), PROD, BIOPSY, via=STAGING))
    story.deploys("P-1")
    story.verifies("P-1")
    return story


def due(world: World, story: Looked) -> list[str]:
    return [str(one.id) for one in unseen.to_refresh(world, story.now)]


def test_what_opens_by_itself_is_looked_at_before_anybody_is_asked() -> None:
    story = on_its_way()
    opened = story.promotion("P-2")
    assert (opened.state.value, opened.votes, opened.expires_at) == ("checking", (), None)
    assert "First is looked at: commit-status, smoke" in opened.events[-1].text
    assert {by_name(opened)[check].text for check in CHECKS} == {"nobody has looked yet; Towpath has it looked at"}
    assert "stands at checking" in reasons(story.says(BEN, ask.Approve(opened.id)))[0].text
    assert story.ticks() == [], "nothing is told before there is something to tell"
    assert story.looks("P-2").event == "gathered"
    (asked,) = story.ticks()
    assert asked.promotion and (asked.event, asked.promotion.state.value, asked.promotion.evidence_by) == ("checked", "waiting", None)
    assert {by_name(asked.promotion)[check].result for check in CHECKS} == {Result.PASS}
    story.later(minutes=5)
    story.says(BEN, ask.Approve(opened.id))
    assert story.state("P-2") == "queued", "one click is enough; it soaks"


def test_without_approvers_it_begins_when_its_evidence_is_there() -> None:
    story = on_its_way(FREE)
    assert story.state("P-2") == "checking"
    story.looks("P-2")
    story.ticks()
    assert story.state("P-2") == "queued", "it soaks"
    story.later(minutes=2).ticks()
    assert story.state("P-2") == "deploying"


def test_what_cannot_be_told_yet_is_looked_at_again_and_told_once() -> None:
    story = on_its_way()
    assert story.looks("P-2", ci="pending").event == "gathered"
    (told,) = story.ticks()
    assert told.promotion and (told.event, told.promotion.state.value) == ("checking", "checking")
    assert "ci is pending" in told.promotion.reasons[0]
    story.later(minutes=1)
    assert story.looks("P-2", ci="pending") == d.NOTHING, "the same once more is no news, and no record"
    assert story.ticks() == []
    story.looks("P-2")
    story.ticks()
    assert story.state("P-2") == "waiting"


def test_what_is_seen_to_be_red_is_refused_and_what_is_never_told_is_too() -> None:
    story = on_its_way()
    story.looks("P-2", ci="failure")
    story.ticks()
    assert story.state("P-2") == "refused"
    assert story.promotion("P-2").reasons == ("GitHub says that ci failed at this commit",)
    story = on_its_way()
    story.looks("P-2", ci="pending")
    story.later(hours=23).ticks()
    assert story.state("P-2") == "checking"
    story.later(hours=2).ticks()
    assert story.state("P-2") == "refused"
    assert due(story.world, story) == []


def test_what_is_being_looked_at_can_be_cancelled_and_is_listed() -> None:
    story = on_its_way()
    shown = outcome(story.says(ANA, ask.ShowQueue(BIOPSY, PROD)))
    assert "checking" in repr(shown).lower()
    story.says(ANA, ask.Cancel(story.promotion("P-2").id))
    assert (story.state("P-2"), due(story.world, story)) == ("cancelled", [])


def test_why_not_names_who_looks_and_until_when() -> None:
    story = on_its_way()
    told = outcome(story.says(ANA, ask.WhyNot(story.promotion("P-2").id)))
    assert isinstance(told, Unmet)
    assert [one.clears for one in told.conditions if one.code == "gate smoke"] == [
        "Towpath, which has it looked at until 2026-11-24T08:00:01.000Z"
    ]
    story = queued()
    story.later(hours=2).ticks()
    told = outcome(story.says(ANA, ask.WhyNot(story.promotion("P-2").id)))
    assert isinstance(told, Unmet)
    assert [one.code for one in told.conditions] == ["gate commit-status", "gate smoke"]


def test_another_gate_that_stops_it_refuses_at_once_and_nothing_is_looked_at() -> None:
    story = on_its_way(GATED.replace("at_least: 0.90", "at_least: 0.99"))
    assert (story.state("P-2"), due(story.world, story)) == ("refused", [])


def test_the_cards_evidence_is_kept_fresh_while_people_are_asked() -> None:
    story = begun()
    story.waits()
    assert due(story.world, story) == []
    story.later(minutes=31)
    assert due(story.world, story) == ["P-2"]
    assert story.looks("P-2").event == "gathered"
    assert (story.ticks(), due(story.world, story)) == ([], []), "the same finding leaves the plan as it is"
    story.says(BEN, ask.Approve(story.promotion("P-2").id))
    assert story.state("P-2") == "deploying"


def test_a_look_that_tells_nothing_takes_no_finding_away() -> None:
    story = begun()
    story.waits()
    story.later(minutes=31)
    assert story.looks("P-2", smoke=Result.CANNOT_TELL) == d.NOTHING
    kept = story.world.seen(BIOPSY, version_of("v1.0.0").version, "smoke", STAGING)
    assert kept and kept.result is Result.PASS
    assert due(story.world, story) == ["P-2"], "it is looked at again"


def test_worse_evidence_voids_approvals_by_the_clock() -> None:
    story = Looked(GATED.replace("count: 1", "count: 2"))
    story.registers(version_of("v1.0.0"))
    story.later(seconds=1)
    promotion = story.waits()
    story.says(BEN, ask.Approve(promotion.id))
    story.later(minutes=31)
    story.looks("P-2", smoke=Result.FAIL)
    (told,) = story.ticks()
    assert told.promotion and (told.promotion.state.value, told.promotion.votes) == ("refused", ())
    assert "the gate smoke said pass" in told.promotion.events[-1].text


def queued() -> Looked:
    """P-2 is approved, and prod is frozen for a while."""
    story = begun()
    promotion = story.waits()
    story.says(BEN, ask.Freeze(PROD, Instant.read("2026-11-23T11:00:00.000Z"), "stock-taking"))
    story.says(BEN, ask.Approve(promotion.id))
    assert story.state("P-2") == "queued"
    return story


def test_old_evidence_is_looked_at_anew_before_something_starts_from_the_queue() -> None:
    story = queued()
    story.later(hours=2)
    assert due(story.world, story) == [], "what waits for a freeze has time"
    told = story.ticks()[-1].promotion
    assert told and (told.state.value, told.events[-1].event, told.reasons) == (
        "queued",
        "checking",
        ("commit-status, smoke are looked at anew",),
    )
    assert (story.ticks(), due(story.world, story)) == ([], ["P-2"])
    story.looks("P-2")
    story.ticks()
    assert (story.state("P-2"), story.promotion("P-2").evidence_by) == ("deploying", None)


@pytest.mark.parametrize(
    ("smoke", "after", "end"), [(Result.FAIL, 0, "refused"), (Result.CANNOT_TELL, 30, "queued"), (Result.CANNOT_TELL, 61, "refused")]
)
def test_what_starts_is_never_started_on_evidence_that_is_worse_or_too_old(smoke: Result, after: int, end: str) -> None:
    story = queued()
    story.later(hours=2).ticks()
    story.looks("P-2", smoke=smoke)
    story.later(minutes=after).ticks()
    assert story.state("P-2") == end


def test_who_is_stopped_by_something_else_meanwhile_has_all_its_time_again() -> None:
    story = queued()
    story.later(hours=2).ticks()
    story.says(MIA, ask.Freeze(PROD, Instant.read("2026-11-23T20:00:00.000Z"), "again"))
    story.ticks()
    assert (story.promotion("P-2").evidence_by, due(story.world, story)) == (None, [])
    story.later(hours=9).ticks()
    assert story.state("P-2") == "queued"
    story.looks("P-2")
    story.ticks()
    assert story.state("P-2") == "deploying"


def test_a_gate_that_a_new_policy_brings_is_looked_at_before_it_refuses_what_waits() -> None:
    story = Looked()
    story.registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.promotes(ANA, "v1.0.0")
    assert story.state("P-2") == "waiting"
    adopted(story, GATED)
    (told,) = story.ticks()
    assert told.promotion and (told.event, told.promotion.state.value) == ("checking", "waiting")
    story.looks("P-2")
    (anew,) = story.ticks()
    assert anew.promotion and (anew.event, anew.promotion.state.value) == ("stale", "waiting")
    assert {by_name(anew.promotion)[check].result for check in CHECKS} == {Result.PASS}


@pytest.mark.parametrize("of", ["nothing", "another", "what has ended"])
def test_a_report_for_no_promotion_that_waits_is_not_kept(of: str) -> None:
    story = on_its_way()
    kept = tuple(found("v1.0.0").values())
    if of == "another":
        story.registers(version_of("v2.0.0"))
        kept = tuple(found("v2.0.0").values())
    if of == "what has ended":
        story.says(ANA, ask.Cancel(story.promotion("P-2").id))
    about = None if of == "nothing" else story.promotion("P-2").id
    assert story.reports(ask.Gathered(kept, promotion=about)) == d.NOTHING


def test_nobody_stands_behind_a_look_that_nobody_asked_for() -> None:
    story = on_its_way()
    story.looks("P-2")
    assert (story.world.recent[-1].event, story.world.recent[-1].actor) == ("gathered", PROCESSES["effects"].id)


SCAN = version_of("v1.0.0", "scan")


def asked_for_both() -> tuple[Looked, d.Gather]:
    """Two models have succeeded in staging, and somebody asks for both in prod."""
    story = begun()
    story.registers(SCAN)
    for name in ("biopsy", "scan"):
        opened = story.promotes(ANA, "v1.0.0", "staging", name).promotion
        assert opened
        story.deploys(str(opened.id))
        story.verifies(str(opened.id))
    story.later(hours=2)
    also = ask.Item(SCAN.artifact, VersionAsk.read("v1.0.0"))
    return story, story.wanted(story.says(ANA, ask.Promote(VersionAsk.read("v1.0.0"), PROD, BIOPSY, also=(also,))))


def report_both(story: Looked, effect: d.Gather) -> None:
    for one in effect.wanted:
        kept = (replace(seen, artifact=one.artifact) for check, seen in found("v1.0.0").items() if check in one.checks)
        assert story.reports(ask.Gathered(tuple(kept), effect.asked), story.asked(effect)).event == "gathered"


def test_all_of_a_bundle_is_looked_at_in_one_asking_and_for_one_vote() -> None:
    story, effect = asked_for_both()
    assert effect.wanted == tuple(d.Unseen(name, SCAN.version, PROD, CHECKS) for name in (BIOPSY, SCAN.artifact))
    report_both(story, effect)
    waits = story.again(effect).promotion
    assert waits and (waits.state.value, len(waits.bundle)) == ("waiting", 2)
    story.later(minutes=61)
    effect = story.wanted(story.approves(waits))
    assert [one.artifact for one in effect.wanted] == [BIOPSY, SCAN.artifact]
    report_both(story, effect)
    story.again(effect)
    assert {story.state(one) for one in waits.bundle} == {"deploying"}


def test_a_bundle_that_waits_in_the_queue_is_looked_at_as_a_whole() -> None:
    story, effect = asked_for_both()
    report_both(story, effect)
    waits = story.again(effect).promotion
    assert waits
    story.says(BEN, ask.Freeze(PROD, Instant.read("2026-11-23T11:00:00.000Z"), "stock-taking"))
    story.approves(waits)
    story.later(hours=2).ticks()
    assert (story.promotion("P-3").evidence_by is None, due(story.world, story)) == (False, ["P-3"])
    story.reports(ask.Gathered(tuple(found("v1.0.0").values()), promotion=waits.bundle[0]))
    assert story.ticks() == [], "one of them is not enough"
    kept = tuple(replace(seen, artifact=SCAN.artifact) for seen in found("v1.0.0").values())
    story.reports(ask.Gathered(kept, promotion=waits.bundle[1]))
    story.ticks()
    assert {story.state(one) for one in waits.bundle} == {"deploying"}
