"""Drift of a model: what was measured on which rows, and what the watch of one lane remembers. Stored in the ledger as defined here.

Numbers with a fraction are text (`"0.231"`), times RFC 3339 in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from workers.contract.names import (
    ActorId,
    ArtifactName,
    CommitId,
    Digest,
    EnvironmentName,
    IncidentId,
    Instant,
    PromotionId,
    RetrainingId,
    Version,
)
from workers.contract.stories import Card, Told


class Level(Enum):
    """What a measurement says, of a column or of the whole. `TOO_FEW` and `BROKEN` are no verdicts on drift: nothing can be told then."""

    NONE = "no drift"
    WARNING = "warning"
    ALERT = "alert"
    TOO_FEW = "too few rows"
    BROKEN = "broken input"


@dataclass(frozen=True)
class ColumnDrift:
    """One column, reference against live. What does not apply is None. `kind` is `number` or `category`; of `other` nothing is computed.

    `psi` in nats, `js` a distance in base 2, `wasserstein_normalised` in standard deviations of the reference, `missing_change` in shares
    (`"0.02"`: two in a hundred more are missing). `q` is the p-value after Benjamini and Hochberg over all columns, `threshold` the PSI above
    which this many rows are suspicious at all. `notes` say in words what numbers do not: new categories, another type.
    """

    column: str
    kind: str
    verdict: Level
    psi: str | None = None
    ks: str | None = None
    ks_pvalue: str | None = None
    wasserstein: str | None = None
    wasserstein_normalised: str | None = None
    js: str | None = None
    chi2: str | None = None
    chi2_pvalue: str | None = None
    cramers_v: str | None = None
    missing_change: str | None = None
    q: str | None = None
    threshold: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Bars:
    """The shares of one column in the same bins on both sides: what a picture of it is drawn from. Each label names a bin or a category."""

    column: str
    labels: tuple[str, ...]
    reference: tuple[str, ...]
    live: tuple[str, ...]


@dataclass(frozen=True)
class Window:
    """The rows that were compared: from when (None: not known, or everything) to before when, and how many."""

    begin: str | None
    end: str | None
    rows: int


@dataclass(frozen=True)
class Realised:
    """One metric, as it was at registration (`then`, if known) and on live rows (`now`). `delay_hours`: how late labels arrive, in the middle.

    `estimated` marks one that was computed without labels, from calibrated scores: it cannot see that the world itself has changed.
    """

    metric: str
    now: str
    rows: int
    then: str | None = None
    delay_hours: str | None = None
    estimated: bool = False


@dataclass(frozen=True)
class DriftReport:
    """One measurement of a version in an environment. `columns` are the worst, worst first, at most `MOST_COLUMNS`; `drifted` of `total` are
    at least a warning. `text` says the verdict in a sentence. `prediction` is the model's own output, which counts apart from its inputs.

    `problems` say what is wrong with what was read, `remarks` what is merely to be known of it.

    `reference` holds rows of the version's commit, `live` those of the window. `approximate` says what is not exact, and by how much at most.
    `warning` and `alert` are the PSI from which a column was one, by the policy at that time.
    `digest` is the SHA-256 of everything found (not of when).
    """

    artifact: ArtifactName
    version: Version
    environment: EnvironmentName
    verdict: Level
    text: str
    reference: Window
    live: Window
    at: str
    digest: Digest
    columns: tuple[ColumnDrift, ...] = ()
    total: int = 0
    drifted: int = 0
    prediction: ColumnDrift | None = None
    realised: tuple[Realised, ...] = ()
    bars: tuple[Bars, ...] = ()
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    source: str = ""
    approximate: str | None = None
    warning: str | None = None
    alert: str | None = None


MOST_COLUMNS = 20


@dataclass(frozen=True)
class Snooze:
    """Nobody is called for this lane's drift until an instant; it is measured all the same."""

    by: ActorId
    since: str
    until: Instant
    because: str | None = None


@dataclass(frozen=True)
class DriftWatch:
    """What the ledger knows of drift in one lane. `report` is the last measurement of the version that is (or was) live, `before` the one
    of the window before. `in_a_row` counts windows that were an alert (or broken, or fell), one after another, `calm` those that were not
    while an incident is open; `looked_at` is when the last one was taken into account. `former` is what the version that was live before
    (`former_version`) measured last on live rows with labels.
    """

    artifact: ArtifactName
    environment: EnvironmentName
    report: DriftReport | None = None
    before: DriftReport | None = None
    in_a_row: int = 0
    looked_at: str | None = None
    snooze: Snooze | None = None
    incident: IncidentId | None = None
    calm: int = 0
    former_version: Version | None = None
    former: tuple[Realised, ...] = ()


class IncidentState(Enum):
    """What people are called for, or that it is over."""

    DRIFT = "drift alert"
    BROKEN = "broken input"
    FALLING = "falling metric"
    OVER = "over"


@dataclass(frozen=True)
class Fallen:
    """A realised metric that is worse since a promotion than it was before (of `version`: the one that ran before, or the same one at its
    registration)."""

    metric: str
    before: str
    now: str
    rows: int
    version: Version
    promotion: PromotionId
    since: str


@dataclass(frozen=True)
class Watching:
    """What is published of one lane's drift, for its page: what the ledger knows at `head`."""

    watch: DriftWatch
    head: CommitId


@dataclass(frozen=True)
class Incident:
    """One stretch of drift that people were told of: one card, edited in place until it is over (`ended_at`). `report` holds its worst
    columns alone, `in_a_row` the windows that it has lasted; `owners` are the Slack ids of who is called, `fallen` a metric that fell. `offers`
    are the verbs of what may be done about it, what fits best in front.
    """

    id: IncidentId
    artifact: ArtifactName
    environment: EnvironmentName
    version: Version
    channel: str
    requested_at: str
    report: DriftReport
    state: IncidentState
    events: tuple[Told, ...] = ()
    card: Card | None = None
    snooze: Snooze | None = None
    retraining: RetrainingId | None = None
    ended_at: str | None = None
    in_a_row: int = 0
    owners: tuple[str, ...] = ()
    fallen: Fallen | None = None
    offers: tuple[str, ...] = ()


@dataclass(frozen=True)
class DriftColumns:
    """What `drift` in `artifact.yaml` says of columns: `prediction` (the model's output), `score` (a calibrated probability of `positive`),
    `label` (the truth, empty until it is known), `labelled_at` (when it became known), `ignore` (ids and the like)."""

    prediction: str | None = None
    score: str | None = None
    label: str | None = None
    labelled_at: str | None = None
    positive: str | None = None
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Taken:
    """A new model that a retraining brought: its branch and commit."""

    branch: str
    commit: CommitId
