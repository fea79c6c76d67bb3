"""What a retraining's pipeline was seen to do, the version that it brought, and the promotion that is requested of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from workers.contract import requests as ask
from workers.contract.envelope import stamp
from workers.contract.names import VersionAsk
from workers.contract.outcomes import Refused
from workers.contract.promotion import Kind, Promotion, RegisteredVersion, State
from workers.contract.retraining import Retraining, Stage
from workers.domain import decision as d
from workers.domain import retraining
from workers.domain.decide import following, promote, reports
from workers.domain.state import World, supposing
from workers.domain.times import is_past

LONGEST_LOG = 3000
LONGEST_PROGRESS = 200
TO_REGISTER = timedelta(hours=1)
"""So long after its result was pushed a retraining may stay without its version."""


def trained(world: World, case: d.Case, report: ask.Trained) -> d.Decision:
    """It runs on, its result lies on its branch, or it has failed."""
    found = world.retrainings.get(report.retraining)
    if found is None or found.stage is not Stage.RUNNING or found.attempt != report.attempt:
        return d.NOTHING
    if report.seen is ask.Seen.UNCLEAR:
        return _runs_on(world, case, found, report)
    if report.seen is ask.Seen.DONE and report.taken and report.taken.branch == retraining.branch_of(found.artifact, found.id):
        return _pushed(world, case, found, report)
    return failed(world, case, found, report.text, log=_end_of(report.log), ran=report.ran)


def _runs_on(world: World, case: d.Case, found: Retraining, report: ask.Trained) -> d.Decision:
    progress = _line(report.progress or "")
    if not progress or progress == found.progress:
        return d.NOTHING
    return retraining.moved(retraining.note(world, case, found, retraining.RUNS, progress, progress=progress, ran=report.ran or found.ran))


def _pushed(world: World, case: d.Case, found: Retraining, report: ask.Trained) -> d.Decision:
    """The new model is in the repository: it becomes the next minor version, asked for by whoever asked for the retraining."""
    assert report.taken, "it was taken"
    version = retraining.next_version(world, found.artifact)
    text = f"{report.text} It is on {report.taken.branch} and is being registered as {version}."
    pushed = retraining.note(
        world, case, found, "pushed", text, stage=Stage.PUSHED, branch=report.taken.branch, commit=report.taken.commit, version=version,
        ran=report.ran, compared=report.compared, progress=None, ends_by=stamp(case.now + TO_REGISTER),
    )  # fmt: skip
    return retraining.moved(pushed, effects=(enter(pushed), d.EndTraining(found.id, found.attempt)))


def enter(found: Retraining) -> d.Inspect:
    """The effect that reads the version which a retraining has pushed."""
    assert found.asked and found.version, "it was asked for, and has pushed"
    version = found.version
    return d.Inspect(found.artifact, VersionAsk.read(str(version)), found.asked, None, Kind.MODEL, version, found.id)


def failed(world: World, case: d.Case, found: Retraining, text: str, *reasons: str, **more: object) -> d.Decision:
    """It ends without a promotion; its pipeline is ended, whatever it may still do."""
    ended = retraining.note(world, case, found, "failed", text, stage=Stage.FAILED, reasons=reasons, progress=None, **more)
    return retraining.moved(ended, effects=(d.EndTraining(found.id, found.attempt),))


def inspected(world: World, case: d.Case, report: ask.Inspected | ask.NotInspected) -> d.Decision:
    """A version enters the ledger; that of a retraining with the promotion that was asked for with it."""
    retrained = case.asked is not None and isinstance(case.asked.request, ask.Retrain)
    if isinstance(report, ask.NotInspected) and not retrained:
        return reports.not_inspected(world, case, report)
    if isinstance(report, ask.Inspected) and not retrained:
        return reports.inspected(world, case, replace(report, found=replace(report.found, retraining=None)))
    about = report.found if isinstance(report, ask.Inspected) else report
    found = retraining.of(world, about.artifact)
    if found is None or found.stage is not Stage.PUSHED or found.version != about.version:
        return d.NOTHING
    if isinstance(report, ask.NotInspected):
        return _not_entered(world, case, found, report.reasons)
    if report.found.commit != found.commit:
        return d.NOTHING
    decision = reports.inspected(world, case, replace(report, found=replace(report.found, retraining=found.id)))
    if decision.event != "registered":
        said = (reason.text for one in decision.outcomes if isinstance(one, Refused) for reason in one.reasons)
        return _not_entered(world, case, found, tuple(said))
    return _entered(world, case, found, replace(decision, outcomes=()))


def _not_entered(world: World, case: d.Case, found: Retraining, reasons: tuple[str, ...]) -> d.Decision:
    by_hand = f"register {found.artifact} VERSION at {found.branch}"
    text = f"What lies on {found.branch} cannot be registered as {found.version}. It was left there; once nothing is against it: {by_hand}"
    return failed(world, case, found, text, *reasons)


def _entered(world: World, case: d.Case, found: Retraining, decision: d.Decision) -> d.Decision:
    """The promotion to the first environment, in the requester's name; its gates refuse as they refuse anybody's."""
    version = next(one for one in decision.documents if isinstance(one, RegisteredVersion))
    after = supposing(world, decision.documents)
    rules = after.policy.rules_for(found.environment, version.artifact, version.kind)
    why_not = following.denied(after, case, rules) if rules else f"the policy no longer has the environment {found.environment}."
    requested: Promotion | None = None
    if rules and not why_not:
        asker = promote.Asker(found.requester, found.channel, found.because)
        bare = replace(promote.new(after, case, rules, version, asker), retraining=found.id)
        decision = following.opened(after, case, decision, rules, bare, f"{found.id} trained it.")
        requested = next(one for one in decision.documents if isinstance(one, Promotion) and one.id == bare.id)
    seen = retraining.compared(world, found, version)
    text = f"{version.artifact} {version.version} is registered. {_requested(requested, found, why_not)}"
    ended = retraining.note(
        world, case, found, "promoted" if requested else "registered", text, stage=Stage.PROMOTED if requested else Stage.REGISTERED,
        promotion=requested.id if requested else None, compared=seen, ends_by=None, reasons=(why_not,) if why_not else (),
    )  # fmt: skip
    return replace(decision, documents=(*decision.documents, ended), detail={**decision.detail, "retraining": found.id})


def _requested(requested: Promotion | None, found: Retraining, why_not: str | None) -> str:
    if requested is None:
        return f"Its promotion to {found.environment} was not requested: {why_not}"
    if requested.state is State.REFUSED:
        return f"Its promotion to {requested.environment} ({requested.id}) was refused by the gates: {' '.join(requested.reasons[:3])}"
    return f"{requested.id} requests its promotion to {requested.environment}."


def overdue(world: World, case: d.Case) -> Iterator[d.Decision]:
    """Those whose time is over, whoever should have told."""
    for found in retraining.under_way(world):
        if is_past(found.ends_by, case) and found.stage is Stage.RUNNING:
            text = f"Its {found.recipe.minutes} minutes are over and nobody has told how it ended, so it is ended now."
            yield failed(world, case, found, f"{text} `towpath doctor` says whether the process `training` is there.")
        elif is_past(found.ends_by, case):
            at = f"register {found.artifact} {found.version} at {found.branch}"
            yield failed(world, case, found, f"Its version could not be registered in time. Its result is safe: {at}")


def _line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:LONGEST_PROGRESS]


def _end_of(log: str | None) -> str | None:
    return log[-LONGEST_LOG:] if log else None
