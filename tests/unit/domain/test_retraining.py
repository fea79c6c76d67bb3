"""A retraining as it is judged: who may ask, what stops it, how it ends, and the promotion that it brings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.contract import requests as ask
from workers.contract.actors import Actor, Standing
from workers.contract.drift import DriftReport, DriftWatch, Incident, IncidentState, Level, Taken, Window
from workers.contract.envelope import Envelope, Sealed, Sender, seal
from workers.contract.names import ArtifactName, CommitId, IncidentId, RetrainingId, Version
from workers.contract.outcomes import Able, Choose, Late, Planned, Receipt
from workers.contract.promotion import Kind, RegisteredVersion, State
from workers.contract.requests import Seen
from workers.contract.retraining import Compared, How, Recipe, Retraining, Stage
from workers.domain import decision as d
from workers.domain import retraining as trainings
from workers.domain.decide import decide
from workers.domain.policy import email_digest
from workers.domain.state import supposing
from workers.domain.states import BadMove

from .worlds import (
    ANA,
    BEN,
    BIOPSY,
    DANA,
    KEYS,
    MIA,
    OLA,
    POLICY,
    PROD,
    Story,
    commit_of,
    digest_of,
    outcome,
    person,
    reasons,
    refused,
    version_of,
)

BASE, RESULT = commit_of("base"), commit_of("result")
RECIPE = Recipe(How.COMMAND, ("python", "train.py"), parameters={"epochs": "10"})
NEEDS_APPROVAL = POLICY.replace(
    "    run: [ops, ml-leads]\n", "    run: [ops, ml-leads]\n    approve: {from: [ml-leads], count: 1, exclude: [requester, author]}\n", 1
)
RESTRICTED = POLICY.replace("  staging:\n", "  staging:\n    request: [ops]\n")


def grown(policy: str = POLICY) -> Story:
    """A story with a live model."""
    story = Story(policy)
    story.registers(version_of("v3.0.0"), version_of("v3.1.0"))
    return story


def asks(story: Story, who: Actor = ANA, because: str | None = None) -> d.Decision:
    """A person asks, and the recipe at the head of the source branch is read."""
    envelope = story.asks(who, ask.Retrain(BIOPSY, because))
    wire = seal(envelope, Sender.BOT, KEYS["bot"]).to_wire()
    return story.reports(ask.RecipeRead(BIOPSY, wire, BASE, "models/biopsy", RECIPE), asked=envelope)


def found(story: Story) -> Retraining:
    return list(story.world.retrainings.values())[-1]


def asker(story: Story) -> Envelope:
    """The envelope of whoever asked for the last retraining."""
    return Sealed.from_wire(found(story).asked or "").open(KEYS["bot"].public, story.world.repo_id)


def trains(story: Story, seen: Seen = Seen.DONE, text: str = "Trained in 4 minutes.", **more: object) -> d.Decision:
    one = found(story)
    taken = Taken(trainings.branch_of(one.artifact, one.id), RESULT) if seen is Seen.DONE else None
    return story.reports(ask.Trained(one.id, one.attempt, seen, text, taken=taken, **more))  # type: ignore[arg-type]


def brought(story: Story, **changed: object) -> RegisteredVersion:
    """What is read on the branch."""
    one = found(story)
    given = {"commit": RESULT, "authors": (email_digest(one.requester),), "retraining": one.id, **changed}
    return replace(version_of(str(one.version)), **given)  # type: ignore[arg-type]


def enters(story: Story, **changed: object) -> d.Decision:
    return story.reports(ask.Inspected(brought(story, **changed), found(story).asked), asked=asker(story))


def test_from_the_request_to_the_requested_promotion() -> None:
    story = grown()
    asked = story.says(ANA, ask.Retrain(BIOPSY, "the scanner was replaced"))
    assert [type(one) for one in asked.effects] == [d.ReadRecipe]
    assert asked.event is None
    begun = asks(story, because="the scanner was replaced")
    one = found(story)
    assert begun.event == "retraining_begun"
    assert begun.effects == (d.Train(one.id, 1),)
    assert one.id == f"T-{story.world.seq}"
    assert (one.stage, one.requester, one.because) == (Stage.RUNNING, ANA.id, "the scanner was replaced")
    assert (one.base, one.folder, one.recipe, one.environment) == (BASE, "models/biopsy", RECIPE, "staging")
    assert isinstance(outcome(begun), Receipt)
    pushed = trains(story, ran={"code": BASE})
    assert found(story).stage is Stage.PUSHED
    assert found(story).version == "v3.2.0"
    look, end = pushed.effects
    assert look == d.Inspect(BIOPSY, "v3.2.0", one.asked or "", None, Kind.MODEL, Version.read("v3.2.0"), one.id)  # type: ignore[arg-type]
    assert end == d.EndTraining(one.id, 1)
    registered = enters(story)
    ended = found(story)
    assert registered.event == "registered"
    assert ended.stage is Stage.PROMOTED
    assert ended.promotion == "P-1"
    promotion = story.promotion("P-1")
    assert (promotion.requester, promotion.environment, promotion.to.version) == (ANA.id, "staging", "v3.2.0")
    assert (promotion.retraining, promotion.because) == (one.id, "the scanner was replaced")
    assert promotion.state is State.DEPLOYING
    assert f"{one.id} trained it." in promotion.events[0].text
    assert [event.event for event in ended.events] == ["begun", "pushed", "promoted"]
    assert story.world.version(BIOPSY, Version.read("v3.2.0")).retraining == one.id  # type: ignore[union-attr]
    assert story.folded() == story.world


def test_who_asked_is_requester_and_author_of_what_comes_out() -> None:
    story = grown(NEEDS_APPROVAL)
    asks(story, BEN)
    trains(story)
    enters(story)
    promotion = story.promotion("P-1")
    assert promotion.state is State.WAITING
    assert promotion.authors == (BEN.id.user,)
    assert "own-request" in refused(story, story.says(BEN, ask.Approve(promotion.id)))
    separation = next(gate for gate in promotion.gates if gate.gate == "separation")
    assert separation.result.value == "pass"
    assert "made by UBEN" in separation.text
    story.says(MIA, ask.Approve(promotion.id))
    assert story.state("P-1") == "deploying"


def test_who_asked_may_not_approve_it_further_on_where_somebody_else_requests_it() -> None:
    story = grown()
    asks(story, BEN)
    trains(story)
    enters(story)
    story.deploys("P-1")
    story.verifies("P-1")
    story.later(hours=2)
    story.promotes(ANA, "v3.2.0")
    assert story.state("P-2") == "waiting"
    assert "own-version" in refused(story, story.says(BEN, ask.Approve(story.promotion("P-2").id)))


def test_an_author_whom_nobody_can_name_still_stops_it() -> None:
    story = grown(NEEDS_APPROVAL)
    asks(story)
    trains(story)
    enters(story, authors=(email_digest("ci@example.com"),))
    assert story.promotion("P-1").state is State.REFUSED
    assert "was refused by the gates" in found(story).events[-1].text
    assert found(story).stage is Stage.PROMOTED


def test_it_needs_the_right_to_request_where_its_promotion_goes() -> None:
    story = grown(RESTRICTED)
    assert refused(story, story.says(ANA, ask.Retrain(BIOPSY))) == ["right-request"]
    assert refused(story, asks(story)) == ["right-request"]
    assert asks(story, OLA).event == "retraining_begun"


def test_a_guest_whose_refused_envelope_is_given_to_the_effect_is_refused_again() -> None:
    story = grown()
    guest = person("UGUEST", standing=Standing.GUEST)
    assert refused(story, asks(story, guest)) == ["standing"]


def test_what_was_asked_too_long_ago_is_not_begun() -> None:
    story = grown()
    envelope = story.asks(ANA, ask.Retrain(BIOPSY), aged=timedelta(minutes=16))
    wire = seal(envelope, Sender.BOT, KEYS["bot"]).to_wire()
    decision = story.reports(ask.RecipeRead(BIOPSY, wire, BASE, "models/biopsy", RECIPE), asked=envelope)
    assert isinstance(outcome(decision), Late)
    assert not story.world.retrainings


def test_one_at_a_time() -> None:
    story = grown()
    asks(story)
    assert refused(story, story.says(BEN, ask.Retrain(BIOPSY))) == ["running"]
    assert refused(story, asks(story, BEN)) == ["running"]
    trains(story)
    assert refused(story, asks(story, BEN)) == ["running"]
    enters(story)
    assert asks(story, BEN).event == "retraining_begun"


def test_only_a_model_with_a_recipe() -> None:
    story = grown()
    story.registers(version_of("v1.0.0", "biopsies", Kind.DATASET))
    assert refused(story, story.says(ANA, ask.Retrain(ArtifactName.read("biopsies")))) == ["other-kind"]
    assert refused(story, story.says(ANA, ask.Retrain(ArtifactName.read("nothing")))) == ["unknown-artifact"]
    envelope = story.asks(ANA, ask.Retrain(BIOPSY))
    wire = seal(envelope, Sender.BOT, KEYS["bot"]).to_wire()
    decision = story.reports(ask.RecipeRead(BIOPSY, wire, reasons=("It has no `retrain`.",)), asked=envelope)
    assert [reason.text for reason in reasons(decision)] == ["It has no `retrain`."]


@pytest.mark.parametrize("thread", [True, False])
def test_which_model_is_meant(thread: bool) -> None:
    story = grown(POLICY.replace("artifact: biopsy, ", ""))
    assert story.says(ANA, ask.Retrain()).effects[0].artifact == BIOPSY  # type: ignore[union-attr]
    story.registers(version_of("v1.0.0", "heart"))
    menu = outcome(story.says(ANA, ask.Retrain(because="new data")))
    assert isinstance(menu, Choose)
    assert [one.sentence for one in menu.options] == ["retrain biopsy because new data", "retrain heart because new data"]
    story.promotes(ANA, "v3.0.0", "staging")
    story.card("P-1", "10.1")
    assert story.says(ANA, ask.Retrain(), thread="10.1").effects[0].artifact == BIOPSY  # type: ignore[union-attr]


def _report(verdict: Level, version: str = "v3.0.0") -> DriftReport:
    window = Window(None, None, 500)
    return DriftReport(
        BIOPSY, Version.read(version), PROD, verdict, verdict.value, window, window, "2026-11-23T08:00:00.000Z", digest_of("report"),
        problems=("The column radius is missing.",),
    )  # fmt: skip


def test_broken_rows_where_it_is_live_stop_it() -> None:
    story = grown()
    story.live_in_prod("v3.0.0")
    story.world = supposing(story.world, [DriftWatch(BIOPSY, PROD, _report(Level.BROKEN))])
    decision = story.says(ANA, ask.Retrain(BIOPSY))
    assert refused(story, decision) == ["broken-rows"]
    assert "The column radius is missing." in reasons(decision)[0].text
    story.world = supposing(story.world, [DriftWatch(BIOPSY, PROD, _report(Level.BROKEN, "v3.1.0"))])
    assert story.says(ANA, ask.Retrain(BIOPSY)).effects
    story.world = supposing(story.world, [DriftWatch(BIOPSY, PROD, _report(Level.ALERT))])
    assert story.says(ANA, ask.Retrain(BIOPSY)).effects


def test_the_incident_that_it_answers_names_it() -> None:
    story = grown()
    story.live_in_prod("v3.0.0")
    report = _report(Level.ALERT)
    incident = Incident(IncidentId.read("I-7"), BIOPSY, PROD, Version.read("v3.0.0"), "CBIOPSY", report.at, report, IncidentState.DRIFT)
    story.world = supposing(story.world, [incident, DriftWatch(BIOPSY, PROD, report, incident=incident.id)])
    asks(story)
    assert found(story).incident == "I-7"
    assert found(story).live == "v3.0.0"
    assert story.world.incidents[incident.id].retraining == found(story).id


def test_progress_is_told_once_for_each_thing_that_is_said() -> None:
    story = grown()
    asks(story)
    assert trains(story, Seen.UNCLEAR, "runs", progress="epoch 1 of 10").event == "retraining_runs"
    assert trains(story, Seen.UNCLEAR, "runs", progress="epoch 1 of 10").event is None
    trains(story, Seen.UNCLEAR, "runs", progress="epoch 2\x00 of\n10" + "x" * 1000)
    assert found(story).progress == ("epoch 2 of 10" + "x" * 1000)[:200]
    assert found(story).stage is Stage.RUNNING


def test_a_failure_keeps_the_end_of_the_output_and_ends_the_pipeline() -> None:
    story = grown()
    asks(story)
    decision = trains(story, Seen.REFUSED, "It ended with status 1.", log="x" * 9000 + "the end")
    one = found(story)
    assert decision.event == "retraining_failed"
    assert decision.effects == (d.EndTraining(one.id, 1),)
    assert one.stage is Stage.FAILED
    assert one.log is not None
    assert one.log.endswith("the end")
    assert len(one.log) == 3000
    assert trains(story).event is None
    assert "v3.2.0" not in story.world.versions[BIOPSY]
    assert asks(story).event == "retraining_begun"


def test_a_report_of_another_attempt_is_nobodys() -> None:
    story = grown()
    asks(story)
    assert story.reports(ask.Trained(found(story).id, 2, Seen.REFUSED, "failed")).event is None
    assert story.reports(ask.Trained(RetrainingId.read("T-999"), 1, Seen.REFUSED, "failed")).event is None


def test_one_may_stop_ones_own_and_who_runs_the_environment_anybodys() -> None:
    story = grown()
    assert refused(story, story.says(ANA, ask.StopRetraining(BIOPSY))) == ["no-retraining"]
    asks(story)
    assert refused(story, story.says(person("UEVE"), ask.StopRetraining(BIOPSY))) == ["right-run"]
    stopped = story.says(OLA, ask.StopRetraining(BIOPSY, "the data are wrong"))
    assert stopped.event == "retraining_stopped"
    assert stopped.effects == (d.EndTraining(found(story).id, 1),)
    assert found(story).stage is Stage.STOPPED
    assert found(story).events[-1].because == "the data are wrong"
    assert trains(story).event is None
    asks(story)
    assert story.says(ANA, ask.StopRetraining(BIOPSY)).event == "retraining_stopped"
    asks(story)
    trains(story)
    assert refused(story, story.says(ANA, ask.StopRetraining(BIOPSY))) == ["pushed"]


def test_time_ends_what_nobody_tells_of() -> None:
    story = grown()
    asks(story)
    assert story.later(minutes=69).ticks() == []
    (ended,) = story.later(minutes=2).ticks()
    assert ended.event == "retraining_failed"
    assert ended.effects == (d.EndTraining(found(story).id, 1),)
    asks(story)
    trains(story)
    assert story.later(minutes=59).ticks() == []
    (ended,) = story.later(minutes=2).ticks()
    assert found(story).stage is Stage.FAILED
    assert f"register biopsy v3.2.0 at retrain/biopsy/{found(story).id.number}" in found(story).events[-1].text
    assert story.ticks() == []


def test_what_cannot_be_registered_fails_with_every_reason() -> None:
    story = grown()
    asks(story)
    trains(story)
    one = found(story)
    assert one.version
    report = ask.NotInspected(BIOPSY, one.version, ("The entry is missing.", "The metrics are no JSON."), one.asked)
    assert story.reports(report, asked=asker(story)).event == "retraining_failed"
    assert found(story).reasons == ("The entry is missing.", "The metrics are no JSON.")


def test_a_commit_that_somebody_registered_meanwhile_fails_it() -> None:
    story = grown()
    asks(story)
    trains(story)
    story.registers(replace(version_of("v9.0.0"), commit=RESULT))
    enters(story)
    assert found(story).stage is Stage.FAILED
    assert "one commit holds one version" in found(story).reasons[0]


def test_another_commit_or_version_than_was_pushed_is_nobodys() -> None:
    story = grown()
    asks(story)
    trains(story)
    assert (
        story.reports(ask.Inspected(replace(brought(story), commit=commit_of("evil")), found(story).asked), asked=asker(story)).event
        is None
    )
    named = replace(brought(story), version=Version.read("v8.0.0"))
    assert story.reports(ask.Inspected(named, found(story).asked), asked=asker(story)).event is None


def test_a_registration_of_another_kind_cannot_say_that_a_retraining_brought_it() -> None:
    story = grown()
    asks(story)
    trains(story)
    story.registers(replace(version_of("v8.0.0"), retraining=found(story).id))
    assert story.world.versions[BIOPSY][Version.read("v8.0.0")].retraining is None


def test_who_has_lost_the_right_meanwhile_gets_a_version_and_no_promotion() -> None:
    story = grown()
    asks(story)
    trains(story)
    policy = Story(RESTRICTED).world
    story.world = replace(story.world, policy=policy.policy, policy_text=policy.policy_text)
    enters(story)
    assert found(story).stage is Stage.REGISTERED
    assert "You may not request promotions to staging" in found(story).reasons[0]
    assert not story.world.promotions


def test_a_policy_that_promotes_every_new_model_does_not_promote_it_twice() -> None:
    story = grown(POLICY.replace("  staging:\n", "  staging:\n    on_register: [model]\n    supersede: true\n"))
    before = len(story.world.promotions)
    asks(story)
    trains(story)
    enters(story)
    new = [one for one in story.world.promotions.values() if one.to.version == "v3.2.0"]
    assert len(new) == 1
    assert len(story.world.promotions) == before + 1


@pytest.mark.parametrize(
    ("dataset", "shown"), [("holdout-1", (Compared("auc", "0.95", "0.97"),)), ("holdout-2", ())], ids=["same data", "other data"]
)
def test_metrics_on_the_same_data_are_compared(dataset: str, shown: tuple[Compared, ...]) -> None:
    story = grown()
    story.live_in_prod("v3.0.0")
    asks(story)
    trains(story)
    enters(story, metrics={"auc": "0.97", "f1": "0.8"}, dataset=dataset)
    assert found(story).compared == shown


def test_what_the_pipeline_compared_goes_before_the_files() -> None:
    story = grown()
    story.live_in_prod("v3.0.0")
    asks(story)
    trains(story, compared=(Compared("auc", "0.91", "0.93"),))
    enters(story, metrics={"auc": "0.97"})
    assert found(story).compared == (Compared("auc", "0.91", "0.93"),)


@pytest.mark.parametrize(
    ("known", "following"),
    [(["v1.0.0"], "v1.1.0"), (["v3.9.4", "v3.10.1"], "v3.11.0"), (["v3.1.0", "v4.0.0-rc.1"], "v3.2.0"), (["v1.0.0-rc.1"], "v1.1.0")],
)
def test_the_next_version(known: list[str], following: str) -> None:
    story = Story()
    story.registers(*(version_of(one) for one in known))
    assert trainings.next_version(story.world, BIOPSY) == following


def test_foreseeing_it() -> None:
    story = grown(RESTRICTED)
    retrain = ask.Nested.of(ask.Retrain(BIOPSY), "retrain biopsy")
    planned = outcome(story.says(OLA, ask.Plan(retrain)))
    assert isinstance(planned, Planned)
    assert "Its recipe would be read at the head of the source branch" in planned.would
    able = outcome(story.says(ANA, ask.CanI(retrain)))
    assert isinstance(able, Able)
    assert able.answer == "no"
    stop = ask.Nested.of(ask.StopRetraining(BIOPSY), "stop retraining biopsy")
    asks(story, OLA)
    able = outcome(story.says(DANA, ask.CanI(stop)))
    assert isinstance(able, Able)
    assert able.answer == "yes"


def test_decisions_are_pure() -> None:
    story = grown()
    asks(story)
    one = found(story)
    envelope = story.asks(ANA, ask.StopRetraining(BIOPSY))
    case = d.Case(envelope, seal(envelope, Sender.BOT, KEYS["bot"]), story.now)
    assert decide(story.world, case) == decide(story.world, case)
    assert found(story) is one


STAGES = st.sampled_from(list(Stage))


@settings(deadline=None)
@given(STAGES, STAGES)
def test_a_retraining_moves_only_along_the_arrows(old: Stage, new: Stage) -> None:
    story = grown()
    asks(story)
    one = replace(found(story), stage=old)
    case = d.Case(story.asks(ANA, ask.Retrain(BIOPSY)), None, story.now)
    if old is new or new in trainings.ARROWS[old]:
        assert trainings.note(story.world, case, one, "moved", "moved", stage=new).stage is new
    else:
        with pytest.raises(BadMove):
            trainings.note(story.world, case, one, "moved", "moved", stage=new)


def test_every_stage_is_in_the_table_and_can_be_reached() -> None:
    assert set(trainings.ARROWS) == set(Stage)
    reachable = {Stage.RUNNING}
    while more := {to for stage in reachable for to in trainings.ARROWS[stage]} - reachable:
        reachable |= more
    assert reachable == set(Stage)
    assert {Stage.RUNNING, Stage.PUSHED} == trainings.OPEN


DOES = st.sampled_from(["asks", "stops", "runs", "ends", "fails", "enters", "cannot enter", "registers", "waits"])


@settings(max_examples=60, deadline=None)
@given(st.lists(DOES, max_size=14))
def test_whatever_happens_in_whatever_order(steps: list[str]) -> None:
    """At most one runs, an end is an end, each version has one retraining, and a promoted one has one promotion."""
    story = grown()
    for number, step in enumerate(steps):
        before = dict(story.world.retrainings)
        if step == "asks":
            asks(story)
        elif step == "registers":
            story.reports(ask.Inspected(version_of(f"v3.{number + 2}.0")))
        elif step == "waits":
            story.later(minutes=40).ticks()
        elif story.world.retrainings:
            _does(story, step, number)
        for id_, old in before.items():
            new = story.world.retrainings[id_]
            assert new.stage is old.stage or new.stage in trainings.ARROWS[old.stage]
        assert sum(one.stage in trainings.OPEN for one in story.world.retrainings.values()) <= 1
    promoted = [one for one in story.world.retrainings.values() if one.stage is Stage.PROMOTED]
    assert len({one.promotion for one in promoted}) == len(promoted) == len(story.world.promotions)
    for one in promoted:
        assert one.version
        assert story.world.versions[BIOPSY][one.version].retraining == one.id
    assert story.folded() == story.world


def _does(story: Story, step: str, number: int) -> None:
    one = found(story)
    if step == "stops":
        story.says(ANA, ask.StopRetraining(BIOPSY))
    elif step == "runs":
        trains(story, Seen.UNCLEAR, "runs", progress=f"step {number}")
    elif step == "ends":
        taken = Taken(trainings.branch_of(BIOPSY, one.id), CommitId(commit_of(one.id)))
        story.reports(ask.Trained(one.id, one.attempt, Seen.DONE, "Trained.", taken=taken))
    elif step == "fails":
        trains(story, Seen.REFUSED, "Failed.")
    elif one.version and step == "cannot enter":
        story.reports(ask.NotInspected(BIOPSY, one.version, ("torn",), one.asked), asked=asker(story))
    elif one.version and step == "enters":
        version = replace(brought(story), commit=commit_of(one.id))
        story.reports(ask.Inspected(version, one.asked), asked=asker(story))
