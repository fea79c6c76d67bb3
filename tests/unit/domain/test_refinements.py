"""What a policy says of a kind or of one artifact goes before what it says of the environment, key by key, and binds only its own lane."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from workers.contract import requests as ask
from workers.contract.names import ArtifactName
from workers.contract.promotion import Kind
from workers.domain import policy

from .worlds import ANA, BEN, BIOPSY, DANA, OLA, POLICY, PROD, Story, commit_of, refused, version_of

REFINED = POLICY.replace(
    "  vault:\n",
    """\
    freeze: [{from: "Fri 16:00", until: "Mon 08:00", timezone: Europe/Amsterdam}]
    per_kind:
      service: {soak: 15m, gates: [], request: [ops], run: [ops]}
    per_artifact:
      fraud: {approve: [{from: [ml-leads], count: 2, expires: 2h}, {from: [ops], expires: 6h}], soak: 0m}
      checkout: {approve: [], request: ["*"], freeze: []}
  vault:
""",
)
FRAUD, CHECKOUT = ArtifactName.read("fraud"), ArtifactName.read("checkout")


def rules(artifact: ArtifactName, kind: Kind, text: str = REFINED) -> policy.Rules:
    found = policy.read(text).rules_for(PROD, artifact, kind)
    assert found is not None
    return found


def test_an_artifact_goes_before_its_kind_and_that_before_the_environment() -> None:
    plain, fraud, checkout = rules(BIOPSY, Kind.MODEL), rules(FRAUD, Kind.MODEL), rules(CHECKOUT, Kind.SERVICE)
    assert (plain.soak, fraud.soak, checkout.soak) == (timedelta(hours=1), timedelta(0), timedelta(minutes=15))
    assert (plain.request, checkout.request, checkout.run) == (("*",), ("*",), ("ops",))
    assert (len(plain.freeze), len(checkout.freeze), len(fraud.freeze)) == (1, 0, 1)
    assert (plain.approve[0].count, checkout.approve) == (1, ())
    assert [(one.count, one.roles) for one in fraud.approve] == [(2, ("ml-leads",)), (1, ("ops",))]
    assert fraud.expires == timedelta(hours=2)
    assert checkout.metrics == {}
    assert [one.name for one in checkout.targets] == ["eu", "us"]
    assert checkout.refined["soak"] == "kind service"
    assert checkout.refined["approve"] == "artifact checkout"
    assert plain.refined == {}


def test_a_refinement_changes_what_approvals_bind_in_its_own_lane_only() -> None:
    other = REFINED.replace("count: 2, expires: 2h", "count: 3, expires: 2h")
    assert rules(BIOPSY, Kind.MODEL).digest == rules(BIOPSY, Kind.MODEL, other).digest
    assert rules(FRAUD, Kind.MODEL).digest != rules(FRAUD, Kind.MODEL, other).digest
    unrefined = "\n".join(
        line for line in REFINED.splitlines() if not line.startswith(("    per_", "      fraud", "      checkout", "      service"))
    )
    assert rules(BIOPSY, Kind.MODEL).digest == rules(BIOPSY, Kind.MODEL, unrefined).digest


def test_a_member_of_an_approving_role_concerns_the_lanes_that_it_approves() -> None:
    more = REFINED.replace("users: [UOLA]", "users: [UOLA, UZOE]")
    assert rules(BIOPSY, Kind.MODEL).digest == rules(BIOPSY, Kind.MODEL, more).digest
    assert rules(FRAUD, Kind.MODEL).digest != rules(FRAUD, Kind.MODEL, more).digest


def test_rights_are_those_of_the_lane() -> None:
    story = Story(REFINED).registers(version_of("v1.0.0"), version_of("v1.0.0", "store", Kind.SERVICE))
    story.succeeds("v1.0.0", "staging")
    promoted = story.promotes(ANA, "v1.0.0", "staging", "store").promotion
    assert promoted is not None
    story.deploys(str(promoted.id))
    story.verifies(str(promoted.id))
    assert refused(story, story.promotes(ANA, "v1.0.0", "prod", "store")) == ["right-request"]
    assert story.promotes(OLA, "v1.0.0", "prod", "store").promotion is not None
    assert refused(story, story.says(BEN, ask.Rollback(PROD, ArtifactName.read("store")))) == ["right-run"]
    assert story.promotes(ANA, "v1.0.0", "prod").promotion is not None


def test_adopting_what_concerns_another_artifact_leaves_an_approval_as_it_is() -> None:
    story = Story(REFINED).registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2)
    asked = story.promotes(ANA, "v1.0.0").promotion
    assert asked is not None
    commit = commit_of("another policy")
    story.reports(ask.PolicyProposed(commit, REFINED.replace("expires: 6h", "expires: 7h")))
    both = replace(BEN, id=DANA.id)
    assert story.says(both, ask.AdoptPolicy(commit[:12])).event == "policy_changed"
    assert story.says(BEN, ask.Approve(asked.id)).event == "approved"
    assert story.state(str(asked.id)) == "deploying"


def test_a_freeze_of_the_policy_keeps_what_is_approved_in_the_queue_until_it_ends() -> None:
    story = Story(REFINED).registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.later(days=4, hours=12)  # Friday, 20:00 UTC
    asked = story.promotes(ANA, "v1.0.0").promotion
    assert asked is not None
    queued = story.says(BEN, ask.Approve(asked.id)).promotion
    assert queued is not None
    assert queued.state.value == "queued"
    assert queued.look_at == "2026-11-30T07:00:00.000Z"
    assert "frozen by the policy (Fri 16:00 to Mon 08:00, Europe/Amsterdam)" in queued.reasons[0]
    assert story.ticks() == []
    story.later(days=2, hours=11)
    assert [one.event for one in story.ticks()] == ["deploying"]


def test_whoever_registers_needs_the_right_to_request_that_artifact_somewhere() -> None:
    text = "version: 1\nroles: {ops: {users: [UOLA]}}\nenvironments:\n  lab:\n    run: [ops]\n    per_artifact: {fraud: {request: [ops]}}\n"
    story = Story(text)
    wanted = ask.Register(FRAUD, version_of("v1.0.0").version)
    assert refused(story, story.says(ANA, wanted)) == ["right-request"]
    assert story.says(OLA, wanted).effects
    assert story.says(ANA, ask.Register(BIOPSY, version_of("v1.0.0").version)).effects
