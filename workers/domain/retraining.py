"""Retrainings on a state of the ledger: the one table of their stages, which one runs, and what the next version is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from workers.contract.drift import Level
from workers.contract.names import ArtifactName, EnvironmentName, RetrainingId, Version
from workers.contract.promotion import Placed, RegisteredVersion
from workers.contract.retraining import Compared, Retraining, Stage
from workers.domain import decision as d
from workers.domain.layout import Document
from workers.domain.state import World
from workers.domain.states import BadMove

ARROWS: dict[Stage, tuple[Stage, ...]] = {
    Stage.RUNNING: (Stage.PUSHED, Stage.FAILED, Stage.STOPPED),
    Stage.PUSHED: (Stage.REGISTERED, Stage.PROMOTED, Stage.FAILED),
    Stage.REGISTERED: (), Stage.PROMOTED: (), Stage.FAILED: (), Stage.STOPPED: (),
}  # fmt: skip
"""`REGISTERED` is the end of one whose promotion could not be requested; `PROMOTED` says that it was, whatever then became of it."""

OPEN = frozenset(stage for stage, to in ARROWS.items() if to)
RUNS = "runs"
"""The event that only says how far the pipeline is."""


def branch_of(artifact: ArtifactName, id_: RetrainingId) -> str:
    """Where its result is pushed. `towpath/...` cannot be a branch beside the branch `towpath`."""
    return f"retrain/{artifact}/{id_.number}"


def under_way(world: World) -> Iterator[Retraining]:
    """Those that have not ended."""
    return (one for one in world.retrainings.values() if one.stage in OPEN)


def of(world: World, artifact: ArtifactName) -> Retraining | None:
    """The one of an artifact that has not ended."""
    return next((one for one in under_way(world) if one.artifact == artifact), None)


def next_version(world: World, artifact: ArtifactName) -> Version:
    """The next minor version after the newest release (without any: after the newest version)."""
    known = world.versions.get(artifact, {})
    newest = max((one for one in known if "-" not in one), key=lambda one: one.order, default=None) or max(known, key=lambda one: one.order)
    major, minor, *_ = newest.order
    return Version.read(f"v{major}.{minor + 1}.0")


def live(world: World, artifact: ArtifactName) -> Placed | None:
    """What a new model is compared with: what runs in the last environment of the way in which any does."""
    releases = (world.release(name, artifact) for name in reversed(list(world.policy.environments)))
    return next((release.live for release in releases if release and release.live), None)


def compared(world: World, retraining: Retraining, found: RegisteredVersion) -> tuple[Compared, ...]:
    """What the pipeline compared, else the metrics of both versions, if they were measured on the same data."""
    known = world.version(found.artifact, retraining.live) if retraining.live else None
    if retraining.compared or known is None or not _same_data(known, found):
        return retraining.compared
    return tuple(Compared(name, known.metrics.get(name), value) for name, value in found.metrics.items() if name in known.metrics)


def _same_data(one: RegisteredVersion, other: RegisteredVersion) -> bool:
    if one.dataset_digest and other.dataset_digest:
        return one.dataset_digest == other.dataset_digest
    return one.dataset is not None and one.dataset == other.dataset


def note(world: World, case: d.Case, retraining: Retraining, event: str, text: str, **changed: Any) -> Retraining:
    """The retraining with one more event, in another stage if one is given. Raises BadMove for a move that the table does not have."""
    stage = changed.get("stage", retraining.stage)
    if stage is not retraining.stage and stage not in ARROWS[retraining.stage]:
        raise BadMove(f"{retraining.stage.value} -> {stage.value}")
    return replace(retraining, events=(*retraining.events, d.tell(world, case, event, text, stage.value)), **changed)


def moved(retraining: Retraining, *others: Document, effects: tuple[d.Effect, ...] = ()) -> d.Decision:
    """The decision that a retraining has moved: its last event names the record."""
    event = retraining.events[-1].event
    return d.Decision(
        event=f"retraining_{event}",
        subject=f"{retraining.id}: {retraining.artifact}: retraining {event}",
        documents=(retraining, *others),
        about=(retraining.artifact, retraining.version, None),
        detail={"retraining": retraining.id, "stage": retraining.stage.value},
        effects=effects,
    )


def where_broken(world: World, artifact: ArtifactName) -> Iterator[tuple[EnvironmentName, tuple[str, ...]]]:
    """The environments where it is live on rows that were broken when they were last looked at, with what was wrong with them."""
    for name in world.policy.environments:
        watch, release = world.drifts.get((name, artifact)), world.release(name, artifact)
        report = watch.report if watch else None
        if report and release and release.live and report.verdict is Level.BROKEN and report.version == release.live.version:
            yield name, report.problems or (report.text,)
