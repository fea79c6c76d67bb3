"""Where each document of the ledger lies, and how it reads and writes itself. Paths come from checked names only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, TypeVar

from workers.contract import wire
from workers.contract.drift import DriftWatch, Incident
from workers.contract.evidence import Evidence
from workers.contract.externals import External
from workers.contract.names import (
    ActorId,
    ArtifactName,
    CommitId,
    DebtId,
    Digest,
    EnvironmentName,
    IncidentId,
    PromotionId,
    RetrainingId,
    Version,
)
from workers.contract.promotion import Hold, Promotion, RegisteredVersion, Release
from workers.contract.retraining import Retraining
from workers.contract.stops import Debt, Freeze, Lock
from workers.domain import own_yaml

POLICY = "policy/towpath.yaml"
PROPOSED = "policy/proposed.yaml"
SIGNERS = "allowed_signers"
REVOKED = "revoked_keys"
README = "README.md"
GENESIS = "records/0/0.json"

ADOPTED = "policy/adopted.yaml"

T = TypeVar("T")


@dataclass(frozen=True)
class Proposal:
    """A policy that the source branch holds and nobody has adopted yet."""

    commit: CommitId
    digest: Digest
    text: str


@dataclass(frozen=True)
class Adoption:
    """Who put the policy in force there, and when, by which record. There is none for a policy that came with the ledger."""

    commit: CommitId
    digest: Digest
    by: ActorId
    at: str
    seq: int


Document = (
    Promotion | Release | RegisteredVersion | Hold | Proposal | Adoption | External | Freeze | Lock | Debt | Evidence
    | DriftWatch | Incident | Retraining
)  # fmt: skip


def promotion(id_: PromotionId) -> str:
    """The path of a promotion."""
    return f"promotions/{id_.number // 1000}/{id_}.yaml"


def release(environment: EnvironmentName, artifact: ArtifactName) -> str:
    """The path of an artifact's release in an environment: a folder each, so that other tools can watch it."""
    return f"environments/{environment}/{artifact}/release.yaml"


def version(artifact: ArtifactName, version_: Version) -> str:
    """The path of a registered version."""
    return f"versions/{artifact}/{version_}.yaml"


def hold(environment: EnvironmentName, artifact: ArtifactName, digest: Digest) -> str:
    """The path of a hold."""
    return f"holds/{environment}/{artifact}/{digest.short}.yaml"


def freeze(environment: EnvironmentName) -> str:
    """The path of the freeze of an environment."""
    return f"freezes/{environment}.yaml"


def lock(environment: EnvironmentName, artifact: ArtifactName) -> str:
    """The path of a lock."""
    return f"locks/{environment}/{artifact}.yaml"


def debt(id_: DebtId) -> str:
    """The path of a debt."""
    return f"debts/{id_}.yaml"


def evidence(found: Evidence) -> str:
    """The path of what a check found: one for each check of a version, and for each environment where that matters."""
    return f"{evidence_of(found.artifact, found.version)}/{found.key}.yaml"


def evidence_of(artifact: ArtifactName, version: Version) -> str:
    """The folder of all that was found of a version."""
    return f"evidence/{artifact}/{version}"


def drift(environment: EnvironmentName, artifact: ArtifactName) -> str:
    """The path of what is known of drift in a lane."""
    return f"drift/{environment}/{artifact}.yaml"


def incident(id_: IncidentId) -> str:
    """The path of an incident of drift."""
    return f"incidents/{id_.number // 1000}/{id_}.yaml"


def retraining(id_: RetrainingId) -> str:
    """The path of a retraining."""
    return f"retrainings/{id_.number // 1000}/{id_}.yaml"


def external_in(environment: EnvironmentName, artifact: ArtifactName) -> str:
    """The path of what was done around Towpath in an environment."""
    return f"externals/environments/{environment}/{artifact}.yaml"


def external(found: External) -> str:
    """The path of what was done around Towpath: one for each lane, version and artifact."""
    if found.environment:
        return external_in(found.environment, found.artifact)
    return f"externals/versions/{found.artifact}/{found.version}.yaml" if found.version else f"externals/artifacts/{found.artifact}.yaml"


def record(seq: int) -> str:
    """The path of a record."""
    return f"records/{seq // 1000}/{seq}.json"


_KINDS: tuple[tuple[re.Pattern[str], type[Document]], ...] = (
    (re.compile(r"promotions/\d+/P-\d+\.yaml"), Promotion),
    (re.compile(r"environments/[^/]+/.+/release\.yaml"), Release),
    (re.compile(r"versions/.+/v[^/]+\.yaml"), RegisteredVersion),
    (re.compile(r"holds/[^/]+/.+/[0-9a-f]{12}\.yaml"), Hold),
    (re.compile(re.escape(PROPOSED)), Proposal),
    (re.compile(re.escape(ADOPTED)), Adoption),
    (re.compile(r"freezes/[^/]+\.yaml"), Freeze),
    (re.compile(r"locks/[^/]+/.+\.yaml"), Lock),
    (re.compile(r"debts/D-\d+\.yaml"), Debt),
    (re.compile(r"evidence/.+/v[^/]+/[^/]+\.yaml"), Evidence),
    (re.compile(r"drift/[^/]+/.+\.yaml"), DriftWatch),
    (re.compile(r"incidents/\d+/I-\d+\.yaml"), Incident),
    (re.compile(r"retrainings/\d+/T-\d+\.yaml"), Retraining),
    (re.compile(r"externals/(?:environments|versions|artifacts)/.+\.yaml"), External),
)


def path_of(document: Document) -> str:
    """Where a document lies."""
    match document:
        case Promotion():
            return promotion(document.id)
        case Release():
            return release(document.environment, document.artifact)
        case RegisteredVersion():
            return version(document.artifact, document.version)
        case Hold():
            return hold(document.environment, document.artifact, document.digest)
        case Proposal():
            return PROPOSED
        case Adoption():
            return ADOPTED
        case External():
            return external(document)
        case _:
            return _beside(document)


def _beside(document: Freeze | Lock | Debt | Evidence | DriftWatch | Incident | Retraining) -> str:
    """Where lies what stops or proves a promotion, and what is known of drift."""
    match document:
        case Freeze():
            return freeze(document.environment)
        case Lock():
            return lock(document.environment, document.artifact)
        case Debt():
            return debt(document.id)
        case Evidence():
            return evidence(document)
        case DriftWatch():
            return drift(document.environment, document.artifact)
        case Incident():
            return incident(document.id)
        case Retraining():
            return retraining(document.id)


def kind_of(path: str) -> type[Document] | None:
    """Which document lies at a path; None for records, the policy and the ledger's own papers."""
    return next((kind for pattern, kind in _KINDS if pattern.fullmatch(path)), None)


def write(document: Document) -> bytes:
    """A document as YAML: its fields in the order of their definition, one a line."""
    return own_yaml.dump(wire.plain(document))


def read(kind: type[T], data: bytes) -> T:
    """The document that `write` wrote. Raises BadWire."""
    try:
        found: Any = own_yaml.load(data)
    except own_yaml.NotOurs as exc:
        raise wire.BadWire(str(exc)) from exc
    return wire.read(kind, found)
