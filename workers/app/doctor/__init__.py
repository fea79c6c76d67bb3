"""`towpath doctor`: what an installation needs, looked at one by one, with the fix for each finding. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
from redis.exceptions import RedisError

from workers.app import logs
from workers.app.doctor import (
    agent,
    ci,
    clock,
    host,
    keys,
    ledger,
    network,
    policy,
    redis,
    slack,
    tags,
    targets,
    trainings,
    witness,
    workers,
)
from workers.app.doctor.causes import better
from workers.app.doctor.finding import WRONG_KEYS, Check, Finding, Patient
from workers.app.doctor.slack import SCOPES
from workers.app.settings import Settings
from workers.ports.errors import WorldError

__all__ = ["CHECKS", "SCOPES", "Finding", "Patient", "examine"]

_GIT = "Check TOWPATH_REPOSITORY, TOWPATH_KEYS, the network and the credentials of Git."
CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("keys", WRONG_KEYS, keys.look),
    ("network", "Correct HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE: docs/install/networks.md.", network.look),
    ("redis", "Start Redis, or correct REDIS_URL.", redis.look),
    ("ledger", _GIT, ledger.look),
    ("policy", _GIT, policy.look),
    ("agent", agent.FIX, agent.look),
    ("witness", witness.FIX, witness.look),
    ("tags", _GIT, tags.look),
    ("host", "Set the rules of the Git host by hand: docs/install/git-hosts.md.", host.look),
    ("ci", _GIT, ci.look),
    ("target", "Correct the targets in towpath.yaml.", targets.look),
    ("training", trainings.FIX, trainings.look),
    ("workers", "Start Redis, or correct REDIS_URL.", workers.look),
    ("slack", "Check SLACK_BOT_TOKEN, SLACK_API_URL and the network.", slack.look),
    ("clock", "Let the host's clock follow a time server: `timedatectl set-ntp true`.", clock.look),
)
"""Name, the fix when the check itself cannot be made, and the check: a function of a Patient that yields findings."""


def examine(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, good and bad. A check that cannot be made is a bad finding, never left out, and stops no other."""
    patient = Patient(settings, environ)
    for name, fix, check in CHECKS:
        try:
            for finding in check(patient):
                yield _without_secrets(finding)
        except (WorldError, RedisError, httpx.HTTPError, ValueError, OSError) as exc:
            yield _without_secrets(Finding(name, f"{type(exc).__name__}: {str(exc)[:300]}", better(exc) or fix))


def _without_secrets(finding: Finding) -> Finding:
    return Finding(finding.name, logs.struck(finding.says), finding.fix and logs.struck(finding.fix))
