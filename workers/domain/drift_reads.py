"""What `show drift` is about, and what the ledger knows of it: pure, like every other answer. Reads may guess, and say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.drift import DriftReport, DriftWatch, Incident, Level
from workers.contract.envelope import Envelope
from workers.contract.names import ArtifactName, EnvironmentName, IncidentId, RetrainingId
from workers.contract.promotion import Kind, Promotion, RegisteredVersion
from workers.contract.retraining import Retraining
from workers.domain import subject
from workers.domain.policy.rules import DriftRules
from workers.domain.state import World

ALL = "all"
"""`show drift all` asks for the table where a channel has an artifact of its own."""
LONGEST = 15
SNOOZE_FOR = "24h"
WORST_FIRST = (Level.ALERT, Level.BROKEN, Level.WARNING, Level.TOO_FEW, Level.NONE)
"""Levels in the order in which people must look at them."""


@dataclass(frozen=True)
class Wanted:
    """One lane that is to be measured now: the live version, the rules, how far back. `is_own` says that the window is the policy's own, so
    that what is found may be kept as evidence. `notes` say what was guessed.
    """

    version: RegisteredVersion
    environment: EnvironmentName
    rules: DriftRules
    window: timedelta
    is_own: bool
    notes: tuple[str, ...] = ()


def wanted(world: World, envelope: Envelope, request: ask.ShowDrift) -> Wanted | out.DriftTable | out.Refused:
    """What is to be measured; the table of all models when the sentence names none and nothing around it does; or why nothing can be."""
    if request.artifact == ALL and ALL not in world.versions:
        return table(world, request.environment)
    found = _about(world, envelope, request)
    if isinstance(found, out.Refused):
        return found
    if found.artifact is None:
        return table(world, request.environment)
    lane = _lane(world, found, request)
    return out.Refused(f"show drift {found.artifact}", (lane,)) if isinstance(lane, out.Reason) else lane


@dataclass(frozen=True)
class _About:
    """The artifact and environment that a sentence and its place speak of."""

    artifact: ArtifactName | None
    environment: EnvironmentName | None
    notes: tuple[str, ...] = ()


def _about(world: World, envelope: Envelope, request: ask.ShowDrift) -> _About | out.Refused:
    """The named one (a near one when nobody knows the name), else the thread's, else the channel's."""
    name, where = request.artifact, envelope.conversation
    if request.environment and request.environment not in world.policy.environments:
        reason = subject.rules_of(world, request.environment)
        return out.Refused(f"show drift in {request.environment}", (reason,) if isinstance(reason, out.Reason) else ())
    if name and name not in world.versions:
        if near := subject.near(name, world.versions):
            return _About(ArtifactName.read(near[0]), request.environment, (f"read {name} as {near[0]}",))
        unknown = subject.artifact_of(world, name)
        return out.Refused(f"show drift {name}", (unknown,) if isinstance(unknown, out.Reason) else ())
    if name:
        return _About(name, request.environment)
    story = _story(world, where.channel, where.thread) if where and where.thread else None
    if story:
        return _About(story.artifact, request.environment or story.environment)
    default = world.policy.default_artifact(where.channel) if where else None
    note = f"this channel is about {default}; `show drift {ALL}` shows every model"
    return _About(default, request.environment, (note,) if default else ())


def _story(world: World, channel: str, thread: str) -> Promotion | Incident | Retraining | None:
    """What the thread is about."""
    if promotion := world.threads.get((channel, thread)):
        return world.promotions.get(promotion)
    id_ = world.stories.get((channel, thread))
    if isinstance(id_, IncidentId):
        return world.incidents.get(id_)
    return world.retrainings.get(id_) if isinstance(id_, RetrainingId) else None


def _lane(world: World, about: _About, request: ask.ShowDrift) -> Wanted | out.Reason:
    assert about.artifact, "a lane has an artifact"
    kind = subject.kind_of(world, about.artifact)
    if kind is not Kind.MODEL:
        what = kind.value if kind else "thing without versions"
        return out.Reason("not-a-model", f"{about.artifact} is a {what}: drift is measured of models. `show drift {ALL}` shows them.")
    environment, note = _environment(world, about)
    if isinstance(environment, out.Reason):
        return environment
    version = _version(world, about.artifact, environment)
    if isinstance(version, out.Reason):
        return version
    rules = drift_rules(world, environment, about.artifact)
    if rules is None:
        return no_rules(about.artifact, environment)
    window = request.last.length if request.last else rules.window
    return Wanted(version, environment, rules, window, request.last is None, (*about.notes, *note))


def _environment(world: World, about: _About) -> tuple[EnvironmentName | out.Reason, tuple[str, ...]]:
    """The named one; else the last (in the policy's order) in which it is live and the policy watches it, and a note that says so."""
    assert about.artifact, "a lane has an artifact"
    if about.environment:
        return about.environment, ()
    live = [name for name in world.policy.environments if (found := world.release(name, about.artifact)) and found.live]
    if not live:
        text = f"No version of {about.artifact} is live anywhere, so there are no live rows to compare. `promote {about.artifact} …` first."
        return out.Reason("nothing-live", text), ()
    watched = [name for name in live if drift_rules(world, name, about.artifact)]
    chosen = (watched or live)[-1]
    others = ", ".join(name for name in live if name != chosen)
    return chosen, (f"in {chosen}; it is live in {others} too",) if others else ()


def _version(world: World, artifact: ArtifactName, environment: EnvironmentName) -> RegisteredVersion | out.Reason:
    release = world.release(environment, artifact)
    if release is None or release.live is None:
        text = f"No version of {artifact} is live in {environment}, so there are no live rows to compare. `show status {artifact}` says where it runs."
        return out.Reason("nothing-live", text)
    found = world.version(artifact, release.live.version)
    return found or out.Reason(
        "unknown-version",
        f"{artifact} {release.live.version} runs in {environment}, but it is not registered: nothing says what it learned from.",
    )


def drift_rules(world: World, environment: EnvironmentName, artifact: ArtifactName) -> DriftRules | None:
    """How the policy has a model's drift measured there; None where it says nothing of it."""
    rules = world.policy.rules_for(environment, artifact, Kind.MODEL)
    return rules.drift if rules else None


def no_rules(artifact: ArtifactName, environment: EnvironmentName) -> out.Reason:
    """What to write into the policy, so that drift can be measured."""
    lines = f"drift: {{rows: {{type: parquet, path: {artifact}}}, every: 1d}}"
    text = (
        f"The policy does not say where the live rows of {artifact} in {environment} are. Put this under `environments: {environment}:` in "
        f"towpath.yaml, and adopt it: {lines}. The path is below the host's folder for live rows; docs/drift.md tells the other types."
    )
    return out.Reason("no-drift-rules", text)


def shown(world: World, one: Wanted, report: DriftReport, at: str) -> out.DriftShown:
    """The answer: the report, what was kept before it, and what may come next. `at` is now."""
    watch = world.drifts.get((one.environment, one.version.artifact)) or DriftWatch(one.version.artifact, one.environment)
    snooze = watch.snooze if watch.snooze and watch.snooze.until > at else None
    offers = tuple(_offers(world, one, report, snooze is not None))
    return out.DriftShown(report, watch.report, None, "", snooze, one.rules.every is not None, offers, one.notes)


def _offers(world: World, one: Wanted, report: DriftReport, is_snoozed: bool) -> Iterator[str]:  # noqa: FBT001  # a fact of the lane
    """Sentences that may come next, where there is something to do about it."""
    name, place = one.version.artifact, one.environment
    if report.verdict in (Level.WARNING, Level.ALERT) and one.version.retrain:
        yield f"retrain {name}"
    release = world.release(place, name)
    succeeded = {placed.version for placed in release.succeeded} if release else set()
    if report.verdict in (Level.ALERT, Level.BROKEN) and succeeded - {one.version.version}:
        yield f"rollback {name} in {place}"
    if is_snoozed:
        yield f"unsnooze drift {name} in {place}"
    elif report.verdict in (Level.WARNING, Level.ALERT, Level.BROKEN) and one.rules.every:
        yield f"snooze drift {name} in {place} for {SNOOZE_FOR}"


def table(world: World, environment: EnvironmentName | None = None) -> out.DriftTable:
    """Every model that is live somewhere (or there), by what was last measured: worst first, then what was never measured."""
    places = (environment,) if environment else tuple(world.policy.environments)
    if environment and environment not in world.policy.environments:
        return out.DriftTable(note=f"there is no environment {environment}")
    lines = sorted(_lines(world, places), key=_urgency)
    return out.DriftTable(tuple(lines[:LONGEST]), len(lines), f"in {environment}" if environment else None)


def _lines(world: World, places: tuple[EnvironmentName, ...]) -> Iterator[out.DriftLine]:
    for (place, name), release in world.releases.items():
        if place in places and release.kind is Kind.MODEL and release.live:
            watch = world.drifts.get((place, name))
            report = watch.report if watch else None
            yield _honest(world, out.DriftLine(name, place, release.live.version, report, None, watch.snooze if watch else None))


def _honest(world: World, line: out.DriftLine) -> out.DriftLine:
    """The line with why there is no measurement of what is live: a report of another version is none."""
    if line.report and line.report.version == line.version:
        return line
    if drift_rules(world, line.environment, line.artifact) is None:
        return replace(line, report=None, why=f"the policy says nothing of drift in {line.environment}")
    version = world.version(line.artifact, line.version)
    if version and version.drift is None:
        return replace(line, report=None, why="it names no rows to compare with (`drift` in its artifact.yaml)")
    before = f"; the last report is of {line.report.version}" if line.report else ""
    return replace(line, report=None, why=f"not measured yet{before}: show drift {line.artifact} in {line.environment}")


def _urgency(line: out.DriftLine) -> tuple[int, float, str, str]:
    if line.report is None:
        return len(WORST_FIRST), 0.0, line.artifact, line.environment
    worst = max((float(one.psi) for one in line.report.columns if one.psi), default=0.0)
    return WORST_FIRST.index(line.report.verdict), -worst, line.artifact, line.environment
