"""Retraining: how an artifact says that it is trained, and one run of that as the ledger knows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from workers.contract.names import (
    ActorId,
    ArtifactName,
    CommitId,
    EnvironmentName,
    IncidentId,
    PromotionId,
    RequestId,
    RetrainingId,
    Version,
)
from workers.contract.stories import Card, Told


class How(Enum):
    """What runs a training."""

    COMMAND = "command"
    DVC = "dvc"
    GITHUB = "github"
    GITLAB = "gitlab"


class Stage(Enum):
    """Where a retraining stands. The arrows between them are in `workers.domain.retraining`."""

    RUNNING = "running"
    PUSHED = "pushed"
    REGISTERED = "registered"
    PROMOTED = "promoted"
    FAILED = "failed"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Recipe:
    """What `retrain` in `artifact.yaml` says, read at one commit and never taken from anywhere else.

    `command` is a list of words, run in the artifact's folder without a shell; `evaluate` the same, run once for the live version and once
    for the new one, with `{model}` for its folder, printing JSON metrics. `target` is the stage of `dvc repro`, `workflow` the file of
    GitHub Actions. `inputs` are further folders or files of the repository that it works on, besides the artifact's folder (none named: the whole
    repository). `minutes`, `memory_mb`, `disk_mb` and `log_kb` limit it. `image` is the container to run in, by its digest.
    """

    how: How
    command: tuple[str, ...] = ()
    evaluate: tuple[str, ...] = ()
    target: str | None = None
    workflow: str | None = None
    image: str | None = None
    inputs: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    minutes: int = 60
    memory_mb: int = 4096
    disk_mb: int = 10240
    log_kb: int = 1024


@dataclass(frozen=True)
class Compared:
    """One metric of the live version and of the new one, on the same rows."""

    metric: str
    live: str | None
    new: str | None


@dataclass(frozen=True)
class Retraining:
    """One run of an artifact's own pipeline. `base` is the commit of the source branch that it was begun at, `branch` where its result is.

    `attempt` is counted up by retries of what is safe to repeat. `progress` is what the pipeline said last, `log` the end of its output
    (secrets taken out). `ran` says what it was begun with: code commit, data versions, parameters.
    """

    id: RetrainingId
    artifact: ArtifactName
    environment: EnvironmentName
    stage: Stage
    requester: ActorId
    requested_at: str
    channel: str
    request_id: RequestId
    recipe: Recipe
    base: CommitId
    folder: str
    because: str | None = None
    incident: IncidentId | None = None
    live: Version | None = None
    attempt: int = 1
    progress: str | None = None
    log: str | None = None
    look_at: str | None = None
    ends_by: str | None = None
    ran: Mapping[str, str] = field(default_factory=dict)
    branch: str | None = None
    commit: CommitId | None = None
    version: Version | None = None
    compared: tuple[Compared, ...] = ()
    promotion: PromotionId | None = None
    asked: str | None = None
    reasons: tuple[str, ...] = ()
    events: tuple[Told, ...] = ()
    card: Card | None = None
