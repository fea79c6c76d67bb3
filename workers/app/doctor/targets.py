"""The targets that the policy names: each answers, with the token that it needs."""

from __future__ import annotations

from collections.abc import Iterator

from workers.adapters.targets import open_target
from workers.app.doctor.finding import Finding, Patient
from workers.ports.errors import BadContent, WorldError


def look(patient: Patient) -> Iterator[Finding]:
    """Ask each what it serves."""
    targets = {(rules.name, rule) for rules in patient.rules.every_rules() for rule in rules.targets} if patient.rules else set()
    for environment, rule in sorted(targets, key=lambda one: (one[0], one[1].name, one[1].url)):
        name = f"target {environment}/{rule.name}"
        try:
            open_target(rule, patient.environ).observe("towpath-doctor")
            yield Finding(name, f"{rule.url} answers")
        except BadContent as exc:
            yield Finding(name, str(exc)[:300], "Set what is missing, also for this command, or correct the target in towpath.yaml.")
        except WorldError as exc:
            yield Finding(name, str(exc)[:300], "Start the server, or correct its url in towpath.yaml.")
