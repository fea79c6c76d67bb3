"""The rules of a lane in words: the answer to `show policy`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from workers.contract.envelope import stamp
from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.outcomes import LaneRules, Rule
from workers.contract.promotion import Kind, Quorum
from workers.domain import calendar
from workers.domain.policy import Policy, Rules
from workers.domain.policy.rules import DriftRules


def lane(policy: Policy, environment: EnvironmentName, subject: tuple[ArtifactName | None, Kind | None], now: datetime) -> LaneRules | None:
    """The rules of an artifact in an environment; without an artifact those of the environment. None: there is no such environment."""
    rules = policy.rules_for(environment, *subject)
    return LaneRules(environment, tuple(_rules(policy, rules, now))) if rules else None


def _rules(policy: Policy, rules: Rules, now: datetime) -> Iterator[Rule]:
    def told(topic: str, text: str, key: str | None = None) -> Rule:
        return Rule(topic, text, rules.refined.get(key or topic))

    if rules.after:
        soak = f", then {_lasting(rules.soak)} of soak" if rules.soak else ""
        yield told("after", f"the identical bytes have succeeded in {rules.after}{soak}", "soak")
    if rules.on_register:
        yield told("on register", f"each new {' or '.join(kind.value for kind in rules.on_register)} is promoted here by itself")
    for key, may in (("request", rules.request), ("run", rules.run), ("emergency", rules.emergency)):
        if may or key != "emergency":
            yield told(key, _who(policy, may))
    yield told("approve", _approvals(policy, rules))
    yield told("gates", "; ".join(_gate(one) for one in rules.source.get("gates", ())) or "only those that always hold")
    yield from (told("freeze", _freeze(one, now)) for one in rules.freeze)
    if rules.drift:
        yield told("drift", _drift(rules.drift))
    yield told(
        "targets", ", ".join(f"{one.name} ({one.type})" for one in rules.targets) or "none: the ledger's desired state is the result"
    )


def _who(policy: Policy, roles: tuple[str, ...]) -> str:
    if "*" in roles:
        return "every member of the workspace"
    return "; ".join(_role(policy, name) for name in roles) or "nobody"


def _role(policy: Policy, name: str) -> str:
    role = policy.roles[name]
    members = [*sorted(role.users), *(f"the members of {group}" for group in sorted(role.groups))]
    more = f" and {len(members) - 8} more" if len(members) > 8 else ""
    return f"{name} ({', '.join(members[:8]) or 'nobody yet'}{more})"


def _approvals(policy: Policy, rules: Rules) -> str:
    if not rules.approve:
        return "nobody needs to approve"
    return f"{' and '.join(_quorum(policy, one) for one in rules.approve)}, within {_lasting(rules.expires)}"


def _quorum(policy: Policy, quorum: Quorum) -> str:
    never = "the requester and the author" if "author" in quorum.exclude else "the requester"
    return f"{quorum.count} of {_who(policy, quorum.roles)}, never {never}"


def _gate(gate: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}{_within(asked)}" for name, asked in gate.items())


def _within(asked: object) -> str:
    """What is asked of a gate, as it is written, without brackets in brackets."""
    return f" ({'; '.join(_flat(asked))})" if asked not in ({}, [], None) else ""


def _flat(asked: object) -> Iterator[str]:
    if isinstance(asked, Mapping):
        for key, value in asked.items():
            yield f"{key.replace('_', ' ')} {', '.join(_flat(value))}"
    elif isinstance(asked, list):
        yield ", ".join(part for one in asked for part in _flat(one))
    else:
        yield str(asked)


def _freeze(period: calendar.Period, now: datetime) -> str:
    window = calendar.following((period,), now)
    if window is None:
        return f"{period.text}: over"
    is_now = window.begins <= now
    return f"{period.text}: {'now, until' if is_now else f'next {stamp(window.begins)} until'} {stamp(window.ends)}"


def _drift(rules: DriftRules) -> str:
    often = f"measured every {_lasting(rules.every)}" if rules.every else "measured when somebody asks"
    calls = f"people are called after {rules.in_a_row} in a row" if rules.every else "nobody is called"
    quiet = f", not from {rules.quiet.begin} until {rules.quiet.until} {rules.quiet.timezone}" if rules.quiet and rules.every else ""
    bounds = f"a warning from a PSI of {rules.warning:g}, an alert from {rules.alert:g}"
    return f"live rows ({rules.rows.type}) of {_lasting(rules.window)}, {often}; {bounds}; {calls}{quiet}"


def _lasting(time: timedelta) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if time.total_seconds() % length == 0:
            return f"{int(time.total_seconds()) // length}{unit}"
    return f"{int(time.total_seconds())}s"
