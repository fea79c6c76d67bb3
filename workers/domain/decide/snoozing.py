"""`snooze drift` and `unsnooze drift`: nobody is called for a model's drift until an instant. It is measured all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from workers.contract import requests as ask
from workers.contract.drift import DriftWatch, Snooze
from workers.contract.envelope import read_stamp
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.outcomes import Reason, Receipt
from workers.contract.wire import plain
from workers.domain import decision as d
from workers.domain import incidents, rights, subject, watching
from workers.domain.layout import Document
from workers.domain.policy import Rules
from workers.domain.state import World
from workers.domain.times import is_past

LONGEST = timedelta(days=30)
SNOOZED, UNSNOOZED, ENDED, STILL = "drift_snoozed", "drift_unsnoozed", "drift_snooze_ended", "drift_still"


def snooze(world: World, case: d.Case, wanted: ask.SnoozeDrift) -> d.Decision:
    """Put a snooze on a lane, or on every one where the model is watched; one that is there is replaced."""
    what = f"snooze drift {wanted.artifact}"
    lanes = _lanes(world, wanted.artifact, wanted.environment)
    reasons = [*([lanes] if isinstance(lanes, Reason) else _denied(world, case, lanes)), *_unfit(case, wanted)]
    if isinstance(lanes, Reason) or reasons:
        return d.refuse(world, case, what, *reasons)
    put_on = Snooze(case.actor.id, case.time, wanted.until, wanted.because)
    watches = [replace(_watch(world, wanted.artifact, rules.name), snooze=put_on) for rules in lanes]
    where = " and ".join(str(watch.environment) for watch in watches)
    said = f"Nobody is called for drift of {wanted.artifact} in {where} until {put_on.until}. It is measured all the same."
    documents = [one for watch in watches for one in _with_incident(world, case, watch, SNOOZED, f"Snoozed until {put_on.until}.")]
    undo = f"unsnooze drift {wanted.artifact}" + (f" in {wanted.environment}" if wanted.environment else "")
    return _decided(
        SNOOZED, f"{wanted.artifact} in {where}: drift snoozed until {put_on.until}", documents, put_on, Receipt(said, offers=(undo,))
    )


def unsnooze(world: World, case: d.Case, wanted: ask.UnsnoozeDrift) -> d.Decision:
    """Lift a snooze before its time, wherever there is one."""
    what = f"unsnooze drift {wanted.artifact}"
    lanes = _lanes(world, wanted.artifact, wanted.environment)
    if isinstance(lanes, Reason):
        return d.refuse(world, case, what, lanes)
    watches = [watch for rules in lanes if (watch := _watch(world, wanted.artifact, rules.name)).snooze]
    if not watches:
        return d.refuse(world, case, what, Reason("no-snooze", f"Nobody has snoozed drift of {wanted.artifact}{_in(wanted.environment)}."))
    snoozed = [rules for rules in lanes if any(watch.environment == rules.name for watch in watches)]
    if reasons := _denied(world, case, snoozed):
        return d.refuse(world, case, what, *reasons)
    where = " and ".join(str(watch.environment) for watch in watches)
    lifted = [replace(watch, snooze=None) for watch in watches]
    documents = [one for watch in lifted for one in _with_incident(world, case, watch, UNSNOOZED, "People are called again.")]
    said = f"People are called for drift of {wanted.artifact} in {where} again."
    return _decided(UNSNOOZED, f"{wanted.artifact} in {where}: drift no longer snoozed", documents, watches[0].snooze, Receipt(said))


def ended(world: World, case: d.Case) -> Iterator[d.Decision]:
    """The snoozes whose time is over; in quiet hours they go on until people may be called."""
    for watch in world.drifts.values():
        if watch.snooze and is_past(watch.snooze.until, case) and not _is_quiet(world, case, watch):
            still = watch.incident is not None and watch.in_a_row > 0
            text = "The snooze has ended, and it still holds." if still else "The snooze has ended."
            documents = _with_incident(world, case, replace(watch, snooze=None), STILL if still else ENDED, text)
            yield _decided(ENDED, f"{watch.artifact} in {watch.environment}: the snooze of drift has ended", documents, watch.snooze)


def _is_quiet(world: World, case: d.Case, watch: DriftWatch) -> bool:
    one = watching.lane_of(world, watch)
    return one is not None and watching.is_quiet(one.rules.quiet, case.now)


def _lanes(world: World, artifact: ArtifactName, environment: EnvironmentName | None) -> list[Rules] | Reason:
    """The rules of the lane that is named, or of every one where the model is watched; or why there is none."""
    known = subject.artifact_of(world, artifact)
    if isinstance(known, Reason):
        return known
    kind = subject.kind_of(world, artifact)
    names = (environment,) if environment else tuple(world.policy.environments)
    found = [subject.rules_of(world, name, artifact) for name in names]
    if reason := next((one for one in found if isinstance(one, Reason)), None):
        return reason
    lanes = [rules for rules in found if not isinstance(rules, Reason) and watching.rules_of(world, rules.name, artifact, kind)]
    live = lanes if environment else [rules for rules in lanes if _is_live(world, rules.name, artifact)]
    return (
        live or lanes or Reason("not-watched", f"Nothing measures drift of {artifact}{_in(environment)}: the policy has no `drift` for it.")
    )


def _is_live(world: World, environment: EnvironmentName, artifact: ArtifactName) -> bool:
    release = world.release(environment, artifact)
    return release is not None and release.live is not None


def _denied(world: World, case: d.Case, lanes: Sequence[Rules]) -> list[Reason]:
    return [reason for rules in lanes if (reason := rights.may_request(world, case, rules))]


def _unfit(case: d.Case, wanted: ask.SnoozeDrift) -> Iterator[Reason]:
    if is_past(wanted.until, case):
        yield Reason("past", f"{wanted.until} is past. Name a time to come: snooze drift {wanted.artifact} until tomorrow 9:00")
    elif read_stamp(wanted.until) > case.now + LONGEST:
        yield Reason("too-long", f"Drift is snoozed for {LONGEST.days} days at most. For longer, change `drift` in the policy.")


def _watch(world: World, artifact: ArtifactName, environment: EnvironmentName) -> DriftWatch:
    return world.drifts.get((environment, artifact)) or DriftWatch(artifact, environment)


def _with_incident(world: World, case: d.Case, watch: DriftWatch, event: str, text: str) -> list[Document]:
    """The watch, and its incident saying the same on its card and in its thread."""
    incident = incidents.open_of(world, watch)
    return [watch, incidents.note(world, case, incident, event, text, snooze=watch.snooze)] if incident else [watch]


def _decided(event: str, subject_: str, documents: Sequence[Document], what: Snooze | None, *answers: Receipt) -> d.Decision:
    watches = [one for one in documents if isinstance(one, DriftWatch)]
    environment = watches[0].environment if len(watches) == 1 else None
    return d.Decision(
        event=event,
        subject=subject_,
        documents=tuple(documents),
        about=(watches[0].artifact, None, environment),
        detail={"snooze": plain(what), "environments": [watch.environment for watch in watches]},
        outcomes=answers,
    )


def _in(environment: EnvironmentName | None) -> str:
    return f" in {environment}" if environment else ""
