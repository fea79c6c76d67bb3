"""`retrain` and `stop retraining`: a person's request, the look at the recipe that it needs, and the retraining that begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from workers.contract import requests as ask
from workers.contract.drift import Incident
from workers.contract.envelope import stamp
from workers.contract.names import ArtifactName, IncidentId, RetrainingId
from workers.contract.outcomes import Choose, Late, Option, Reason, Receipt
from workers.contract.promotion import Kind
from workers.contract.retraining import How, Retraining, Stage
from workers.domain import decision as d
from workers.domain import retraining, rights, subject
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_over, minutes_late

GRACE = {How.COMMAND: timedelta(minutes=10), How.DVC: timedelta(minutes=10)}
IN_A_QUEUE = timedelta(hours=2)
"""A CI may let a job wait; what runs here begins at once."""


def retrain(world: World, case: d.Case, wanted: ask.Retrain) -> d.Decision:
    """Look at the recipe first. What is against it already is told at once, all of it."""
    artifact = _artifact(world, case, wanted)
    if isinstance(artifact, Choose):
        return d.answer(artifact)
    reasons = [artifact] if isinstance(artifact, Reason) else _against(world, case, artifact)
    if reasons or isinstance(artifact, Reason):
        return d.refuse(world, case, _what(wanted.artifact or artifact), *reasons)
    return d.answer(effects=(d.ReadRecipe(artifact, case.wire),))


def begun(world: World, case: d.Case, report: ask.RecipeRead) -> d.Decision:
    """The recipe was read: the retraining begins, unless something has come up against it meanwhile.

    The request is judged as a whole again. That a process asks for the look proves nothing of the person.
    """
    asked = case.asked
    assert asked and isinstance(asked.request, ask.Retrain), "the loop lets nothing else through"
    what = _what(report.artifact)
    said = replace(case, envelope=asked)
    if is_over(said):
        return d.answer(Late(asked.text or what, minutes_late(said)))
    if (standing := rights.standing(case)) or _artifact(world, case, asked.request) != report.artifact:
        return d.refuse(
            world, case, what, standing or Reason("other-artifact", "It is not clear any more which artifact was meant. Ask again.")
        )
    if reasons := [*_against(world, case, report.artifact), *(Reason("recipe", text) for text in report.reasons)]:
        return d.refuse(world, case, what, *reasons)
    return _begin(world, case, report)


def stop(world: World, case: d.Case, wanted: ask.StopRetraining) -> d.Decision:
    """End one that runs: one's own, or anybody's with the right to run its environment."""
    what = f"stop retraining {wanted.artifact}"
    found = retraining.of(world, wanted.artifact)
    if found is None:
        return d.refuse(world, case, what, Reason("no-retraining", f"{wanted.artifact} is not being retrained."))
    if found.requester != case.actor.id and (reason := _may_not_stop(world, case, found)):
        return d.refuse(world, case, what, reason)
    if found.stage is not Stage.RUNNING:
        text = f"{found.id} has ended already: its result is on {found.branch} and is being registered."
        return d.refuse(world, case, what, Reason("pushed", text))
    text = "Stopped. Nothing of it is kept; what was registered and what is live are as they were."
    ended = retraining.note(world, case, found, "stopped", text, stage=Stage.STOPPED, progress=None)
    return retraining.moved(ended, effects=(d.EndTraining(found.id, found.attempt),))


def _may_not_stop(world: World, case: d.Case, found: Retraining) -> Reason | None:
    rules = subject.rules_of(world, found.environment, found.artifact)
    return rules if isinstance(rules, Reason) else rights.may_run(world, case, rules)


def _what(artifact: ArtifactName | Reason | None) -> str:
    return f"retrain {artifact}" if isinstance(artifact, str) else "retrain"


def _artifact(world: World, case: d.Case, wanted: ask.Retrain) -> ArtifactName | Reason | Choose:
    """The model that is meant: named, or the subject of the thread or the channel, or the only one; else a menu."""
    if wanted.artifact:
        return subject.artifact_of(world, wanted.artifact)
    if said := _of_conversation(world, case):
        return said
    models = sorted(name for name in world.versions if subject.kind_of(world, name) is Kind.MODEL)
    if len(models) == 1:
        return models[0]
    if not models:
        return Reason("which-artifact", "No model is registered that could be retrained.")
    because = f" because {wanted.because}" if wanted.because else ""
    return Choose("Which model?", tuple(Option(name, f"retrain {name}{because}") for name in models[:100]))


def _of_conversation(world: World, case: d.Case) -> ArtifactName | None:
    where = case.conversation
    if where is None:
        return None
    if promotion := subject.thread_promotion(world, case):
        return promotion.artifact
    story = world.stories.get((where.channel, where.thread)) if where.thread else None
    if isinstance(story, RetrainingId):
        return world.retrainings[story].artifact
    if isinstance(story, IncidentId):
        return world.incidents[story].artifact
    return world.policy.default_artifact(where.channel)


def _against(world: World, case: d.Case, artifact: ArtifactName) -> list[Reason]:
    """Everything that the ledger says against it."""
    rules = _first(world, artifact)
    if rules is None:
        return [Reason("unknown-environment", "The policy has no environment, so nothing could be promoted.")]
    denied = rights.may_request(world, case, rules)
    return [*([denied] if denied else []), *_obstacles(world, artifact)]


def _obstacles(world: World, artifact: ArtifactName) -> Iterator[Reason]:
    kind = subject.kind_of(world, artifact)
    if kind is not Kind.MODEL:
        yield Reason("other-kind", f"{artifact} is a {kind.value if kind else 'thing without versions'}; only models are retrained.")
    if other := retraining.of(world, artifact):
        text = f"{artifact} is being retrained already: {other.id}, asked for by {other.requester} at {other.requested_at}."
        yield Reason("running", text, f"at its end, or by stop retraining {artifact}")
    for environment, problems in retraining.where_broken(world, artifact):
        said = " ".join(problems[:5])
        text = f"The live rows of {artifact} in {environment} are broken, and a model trained now could learn from them: {said}"
        yield Reason("broken-rows", text, f"who mends the rows; then show drift {artifact} in {environment}")


def _first(world: World, artifact: ArtifactName) -> Rules | None:
    """The rules of the first environment of the way, where the promotion of what comes out will be requested."""
    name = next(iter(world.policy.environments), None)
    return world.policy.rules_for(name, artifact, subject.kind_of(world, artifact)) if name else None


def _begin(world: World, case: d.Case, report: ask.RecipeRead) -> d.Decision:
    rules, recipe, asked = _first(world, report.artifact), report.recipe, case.asked
    assert rules and recipe and report.base and asked, "nothing is against it"
    id_, placed = RetrainingId.read(f"T-{world.seq + 1}"), retraining.live(world, report.artifact)
    channel = case.conversation.channel if case.conversation else world.policy.channel_of(report.artifact) or ""
    ends = case.now + timedelta(minutes=recipe.minutes) + GRACE.get(recipe.how, IN_A_QUEUE)
    opened = Retraining(
        id_, report.artifact, rules.name, Stage.RUNNING, case.actor.id, case.time, channel, asked.request_id,
        recipe, report.base, report.folder, case.because, live=placed.version if placed else None,
        ends_by=stamp(ends), asked=report.asked_by,
    )  # fmt: skip
    incident = _incident(world, case, report.artifact)
    opened = replace(opened, incident=incident.id if incident else None)
    text = f"The pipeline begins at commit {report.base[:12]} of the source branch."
    told = retraining.note(world, case, opened, "begun", text)
    others = (_answered(world, case, incident, id_),) if incident else ()
    decision = retraining.moved(told, *others, effects=(d.Train(id_, told.attempt),))
    return replace(decision, outcomes=(Receipt(f"{id_}: {report.artifact} is being retrained. Its thread tells how it goes."),))


def _answered(world: World, case: d.Case, incident: Incident, id_: RetrainingId) -> Incident:
    event = d.tell(world, case, "retraining_requested", f"{id_} retrains it.", incident.state.value)
    return replace(incident, retraining=id_, events=(*incident.events, event))


def _incident(world: World, case: d.Case, artifact: ArtifactName) -> Incident | None:
    """The stretch of drift that it answers: the one in whose thread it was said, else one of the artifact that is not over."""
    where = case.conversation
    story = world.stories.get((where.channel, where.thread)) if where and where.thread else None
    lanes = (watch.incident for watch in world.drifts.values() if watch.artifact == artifact)
    ids = [story if isinstance(story, IncidentId) else None, *lanes]
    found = (world.incidents.get(id_) for id_ in ids if id_)
    return next((one for one in found if one and one.artifact == artifact and one.ended_at is None), None)
