"""Evidence is looked for once, when somebody asks or approves; what is found later and is worse makes an approval void."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.envelope import Envelope, Sealed
from workers.contract.evidence import Evidence
from workers.contract.outcomes import Registered
from workers.contract.promotion import GateResult, Promotion, Result
from workers.domain import decision as d
from workers.domain import lane, layout, unseen

from .worlds import ANA, BEN, BIOPSY, KEYS, MIA, POLICY, PROD, REPO, STAGING, Story, digest_of, outcome, refused, version_of

GATED = POLICY.replace(
    "not_worse_than_live_by: 0.005}}\n", "not_worse_than_live_by: 0.005}}\n      - commit-status: {}\n      - smoke: {at_most_age: 30m}\n"
)
CHECKS = ("commit-status", "smoke")


class Looked(Story):
    """A story in which somebody looks when that is wanted."""

    def wanted(self, decision: d.Decision) -> d.Gather:
        """The one effect of a decision that waits for a look."""
        assert (decision.event, decision.documents) == (None, ())
        (effect,) = decision.effects
        assert isinstance(effect, d.Gather)
        return effect

    def asked(self, effect: d.Gather) -> Envelope:
        return Sealed.from_wire(effect.asked).open(KEYS["bot"].public, REPO)

    def finds(self, effect: d.Gather, ci: str = "success", smoke: Result = Result.PASS, version: str = "v1.0.0") -> d.Decision:
        """The looks are reported."""
        kept = found(version, ci, smoke)
        (wanted,) = effect.wanted
        return self.reports(ask.Gathered(tuple(kept[check] for check in wanted.checks), effect.asked), self.asked(effect))

    def looks(self, id_: str, ci: str = "success", smoke: Result = Result.PASS) -> d.Decision:
        """What the sweep asks for is done: what one promotion lacks is looked at and reported."""
        promotion = self.promotion(id_)
        rules = self.world.policy.rules_for(promotion.environment, promotion.artifact, promotion.kind)
        assert rules and promotion in list(unseen.to_refresh(self.world, self.now))
        version = lane.version_of(self.world, promotion)
        seen = self.world.evidence.get((version.artifact, version.version), {})
        kept = found(str(version.version), ci, smoke)
        wanted = [need.check for _, need in unseen.of(promotion, rules, version, seen, self.now)]
        return self.reports(ask.Gathered(tuple(kept[check] for check in wanted), promotion=promotion.id))

    def again(self, effect: d.Gather) -> d.Decision:
        """The request comes back."""
        sealed = Sealed.from_wire(effect.asked)
        return self.judge(d.Case(self.asked(effect), sealed, self.now, looked=True))

    def waits(self, ci: str = "success") -> Promotion:
        """v1 waits in prod for an approval."""
        self.succeeds("v1.0.0", "staging")
        self.later(hours=2)
        effect = self.wanted(self.promotes(ANA, "v1.0.0"))
        self.finds(effect, ci)
        moved = self.again(effect).promotion
        assert moved
        return moved

    def approves(self, promotion: Promotion, aged: int = 0) -> d.Decision:
        return self.says(BEN, ask.Approve(promotion.id))


def found(version: str, ci: str = "success", smoke: Result = Result.PASS) -> dict[str, Evidence]:
    """What both looks find of a version; CI that is still pending cannot be told."""
    about = version_of(version).version
    said = {"success": Result.PASS, "failure": Result.FAIL}.get(ci, Result.CANNOT_TELL)
    return {
        "commit-status": Evidence(BIOPSY, about, "commit-status", said, "", "", digest_of(f"ci {ci}"), None, "GitHub", (("ci", ci),)),
        "smoke": Evidence(BIOPSY, about, "smoke", smoke, f"smoke: {smoke.value}", "", digest_of(f"smoke {smoke}"), STAGING),
    }


def begun() -> Looked:
    story = Looked(GATED)
    story.registers(version_of("v1.0.0"))
    story.later(seconds=1)
    return story


def by_name(promotion: Promotion) -> dict[str, GateResult]:
    return {gate.gate: gate for gate in promotion.gates}


def test_a_request_waits_for_one_look_and_is_then_judged() -> None:
    story = begun()
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2)
    effect = story.wanted(story.promotes(ANA, "v1.0.0"))
    assert effect.wanted == (d.Unseen(BIOPSY, version_of("v1.0.0").version, PROD, CHECKS),)
    recorded = story.finds(effect)
    assert (recorded.event, recorded.about[0]) == ("gathered", BIOPSY)
    kept = story.folded().seen(BIOPSY, version_of("v1.0.0").version, "smoke", STAGING)
    assert kept and kept.at == recorded_at(story) and layout.path_of(kept) in story.files
    moved = story.again(effect).promotion
    assert moved and moved.state.value == "waiting"
    assert {by_name(moved)[check].result for check in CHECKS} == {Result.PASS}
    assert by_name(moved)["smoke"].evidence == (kept.digest,)


def recorded_at(story: Story) -> str:
    return story.world.recent[-1].time


def test_what_is_red_is_refused_with_the_other_reasons_and_looked_at_anew_the_next_time() -> None:
    story = begun()
    effect = story.wanted(story.promotes(ANA, "v1.0.0"))
    story.finds(effect, "failure", Result.FAIL)
    moved = story.again(effect).promotion
    assert moved and moved.state.value == "refused"
    assert {gate.gate for gate in moved.gates if gate.result is Result.FAIL} == {"order", "commit-status", "smoke"}
    story.later(seconds=1)
    assert story.wanted(story.promotes(ANA, "v1.0.0")).wanted[0].checks == CHECKS


def test_a_request_that_comes_back_without_a_finding_is_not_sent_again() -> None:
    story = begun()
    effect = story.wanted(story.promotes(ANA, "v1.0.0"))
    story.later(seconds=5)
    moved = story.again(effect).promotion
    assert moved and moved.state.value == "refused"
    assert by_name(moved)["smoke"].result is Result.CANNOT_TELL
    assert "nobody has looked yet; ask for the promotion again" in by_name(moved)["smoke"].text


def test_a_version_that_was_only_just_found_is_looked_at_as_well() -> None:
    story = Looked(GATED)
    story.registers(version_of("v0.9.0"))
    first = story.promotes(ANA, "v1.0.0")
    assert isinstance(first.effects[0], d.Inspect)
    sealed = Sealed.from_wire(first.effects[0].asked)
    story.later(seconds=2)
    story.registers(version_of("v1.0.0"))
    back = story.judge(d.Case(sealed.open(KEYS["bot"].public, REPO), sealed, story.now, looked=True))
    effect = story.wanted(back)
    story.finds(effect)
    moved = story.again(effect).promotion
    assert moved and moved.state.value == "refused", "it has not been in staging"


def test_fresh_evidence_is_not_gathered_again_and_old_one_is_before_a_vote_counts() -> None:
    story = begun()
    promotion = story.waits()
    story.later(minutes=20)
    assert story.says(MIA, ask.Approve(promotion.id)).event == "deploying" or story.state("P-2") == "deploying"
    story = begun()
    promotion = story.waits()
    story.later(minutes=31)
    effect = story.wanted(story.approves(promotion))
    assert effect.wanted[0].checks == ("smoke",)
    story.finds(effect)
    story.again(effect)
    assert story.state("P-2") == "deploying", "the same finding once more leaves the plan as it is"


def test_a_vote_on_evidence_that_is_too_old_does_not_count_even_when_nobody_looks() -> None:
    story = begun()
    promotion = story.waits()
    story.later(minutes=31)
    effect = story.wanted(story.approves(promotion))
    moved = story.again(effect).promotion
    assert moved and moved.state.value == "refused"
    assert any("too old" in reason for reason in moved.reasons)


def test_evidence_that_is_worse_now_refuses_what_waits_for_approval() -> None:
    story = begun()
    promotion = story.waits()
    story.later(minutes=31)
    effect = story.wanted(story.approves(promotion))
    story.finds(effect, smoke=Result.FAIL)
    moved = story.again(effect).promotion
    assert moved and moved.state.value == "refused"
    assert "the gate smoke said pass" in moved.events[-1].text
    assert moved.reasons == ("smoke: fail",)


def test_evidence_that_is_revoked_by_another_request_stops_the_vote_and_the_queue() -> None:
    story = begun()
    promotion = story.waits()
    story.later(minutes=2)
    worse = Evidence(
        BIOPSY, promotion.to.version, "commit-status", Result.FAIL, "", "", digest_of("red"), None, "GitHub", (("ci", "failure"),)
    )
    envelope = story._envelope(ANA, ask.Approve(promotion.id), None, story.now)
    story.reports(ask.Gathered((worse,), ""), envelope)
    moved = story.approves(promotion).promotion
    assert moved and (moved.state.value, moved.votes) == ("refused", ())
    assert moved.reasons == ("GitHub says that ci failed at this commit",)


def test_what_is_found_too_late_or_of_nothing_that_is_registered_is_not_kept() -> None:
    story = begun()
    effect = story.wanted(story.promotes(ANA, "v1.0.0"))
    assert story.finds(effect, version="v7.0.0") == d.NOTHING
    assert story.reports(ask.Gathered((), effect.asked)) == d.NOTHING
    good = Evidence(BIOPSY, version_of("v1.0.0").version, "../../x", Result.PASS, "", "", digest_of("x"))
    assert story.reports(ask.Gathered((good,), effect.asked)) == d.NOTHING
    late = story.reports(ask.Gathered((replace(good, check="smoke"),), effect.asked), aged=story.now - story.now.replace(hour=0))
    assert late == d.NOTHING
    assert story.world.evidence == {}


def test_whoever_floods_or_may_not_ask_makes_nobody_look() -> None:
    story = begun()
    effect = story.wanted(story.promotes(ANA, "v1.0.0"))
    for _ in range(5):
        story.again(effect)
    assert story.promotes(ANA, "v1.0.0").effects == ()
    story.later(hours=1)
    assert refused(story, story.promotes(ANA, "v1.0.0", "vault")) == ["right-request"]


def test_a_new_version_is_not_said_to_be_refused_for_what_nobody_looked_at() -> None:
    story = begun()
    envelope = story._envelope(ANA, ask.Register(BIOPSY, version_of("v2.0.0").version), None, story.now)
    told = outcome(story.reports(ask.Inspected(version_of("v2.0.0")), envelope))
    assert isinstance(told, Registered)
    assert told.environments["prod"] == ("v2.0.0 has not succeeded in staging yet; promote it there first",)
