"""The watch over drift at work: measure a lane that is due and report it. What cannot be measured is reported as broken input, never passed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog

from workers.contract import requests as ask
from workers.contract import wire
from workers.contract.drift import DriftReport, Level, Window
from workers.contract.envelope import stamp
from workers.contract.names import Digest, EnvironmentName
from workers.contract.promotion import RegisteredVersion
from workers.domain import decision as d
from workers.domain import watching
from workers.domain.policy.rules import DriftRules
from workers.effects.reading import LedgerView
from workers.effects.reporting import Reporter
from workers.ports.errors import BadContent, WorldError

log = structlog.get_logger()

NOTHING_READ = Window(None, None, 0)


class Measures(Protocol):
    """Measures drift: see `workers.effects.measuring`."""

    def measure(self, version: RegisteredVersion, rules: DriftRules, environment: EnvironmentName, window: timedelta) -> DriftReport:
        """The live rows of a window against the version's reference. Raises WorldError."""


class Watch:
    """Measures what is due. `open_measuring` gives what measures, or says why this host cannot (its libraries may be missing)."""

    def __init__(self, view: LedgerView, open_measuring: Callable[[], Measures], reporter: Reporter) -> None:
        self._view = view
        self._open = open_measuring
        self._reporter = reporter

    def measure(self, wanted: d.Measure) -> None:
        """Measure the version that is live now, if the policy still watches it. Raises WorldError when not even the ledger answers."""
        world = self._view.world(self._view.head(), self._reporter.repo_id)
        release = world.release(wanted.environment, wanted.artifact)
        rules = watching.rules_of(world, wanted.environment, wanted.artifact, release.kind) if release else None
        version = world.version(wanted.artifact, release.live.version) if release and release.live else None
        if rules and version:
            self._reporter.measured(ask.Measured(self._measured(version, rules, wanted.environment)))

    def _measured(self, version: RegisteredVersion, rules: DriftRules, environment: EnvironmentName) -> DriftReport:
        try:
            return self._open().measure(version, rules, environment, rules.window)
        except WorldError as exc:
            log.warning("not_measured", artifact=version.artifact, environment=environment, why=str(exc), error=type(exc).__name__)
            problems = exc.reasons if isinstance(exc, BadContent) else (str(exc),)
        except (
            Exception
        ) as exc:  # a defect, of ours or of a library that reads rows, must not keep the watch from telling that it sees nothing
            log.exception("defect", artifact=version.artifact, environment=environment, task="measure")
            problems = (f"measuring met a defect of Towpath ({type(exc).__name__}); the log of `effects` tells more",)
        return broken(version, environment, problems, stamp(self._reporter.now()))


def broken(version: RegisteredVersion, environment: EnvironmentName, problems: tuple[str, ...], at: str) -> DriftReport:
    """The report that nothing could be measured, and why."""
    digest = Digest.read(wire.sha256(wire.canonical([version.digest, environment, list(problems)])))
    text = "Nothing could be measured."
    return DriftReport(
        version.artifact, version.version, environment, Level.BROKEN, text, NOTHING_READ, NOTHING_READ, at, digest, problems=problems
    )
