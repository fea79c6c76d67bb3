"""Dossiers as the gates of a policy are given them, and what a policy's list of gates says of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from tests.unit.domain.worlds import PROD, STAGING, Story, digest_of, version_of
from workers.contract.envelope import stamp
from workers.contract.evidence import Evidence
from workers.contract.names import EnvironmentName
from workers.contract.promotion import GateResult, RegisteredVersion, Result
from workers.domain import gates, policy

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
VERSION = version_of("v2.0.0")


def listed(text: str) -> policy.Rules:
    """The rules of a prod behind staging with these gates: `[{schema: {}}]`."""
    written = f"version: 1\nenvironments:\n  staging: {{}}\n  prod:\n    after: staging\n    gates: {text}\n"
    return policy.read(written).environments[PROD]


def judged(
    text: str,
    version: RegisteredVersion = VERSION,
    live: RegisteredVersion | None = None,
    evidence: tuple[Evidence, ...] = (),
    now: datetime | None = NOW,
) -> GateResult:
    """What the only gate of the list says."""
    world = Story().world
    kept = {f"{one.check}@{one.environment}" if one.environment else one.check: one for one in evidence}
    world = replace(world, evidence={(version.artifact, version.version): kept})
    found = gates.judge(gates.Candidate(world, listed(text), version, live, now))
    (only,) = (gate for gate in found if gate.gate not in ("order", "hold", "deprecated", "separation"))
    return only


def seen(
    check: str,
    result: Result,
    facts: Mapping[str, str] | None = None,
    where: EnvironmentName | None = None,
    at: datetime = NOW,
    source: str = "GitHub",
) -> Evidence:
    said = tuple((facts or {}).items())
    digest = digest_of(f"{check} {result} {said}")
    return Evidence(
        VERSION.artifact, VERSION.version, check, result, f"{check} said {result.value}", stamp(at), digest, where, source, said
    )


__all__ = ["NOW", "PROD", "STAGING", "VERSION", "judged", "listed", "seen"]
