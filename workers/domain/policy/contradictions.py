"""What a schema cannot see: names that nothing bears, orders that cannot be kept, moments that never come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workers.contract.signatures import BadKey, fingerprint
from workers.domain import calendar, strict_yaml
from workers.domain.gates import listing
from workers.domain.policy.making import REFINED, approvals
from workers.domain.policy.rules import DriftRules

Found = tuple[strict_yaml.Path, str]


def of(data: Mapping[str, Any]) -> Iterator[Found]:
    """Where the file contradicts itself, and how it can be put right."""
    roles = data.get("roles", {})
    earlier: set[str] = set()
    for name, written in data["environments"].items():
        rules = written or {}  # an environment without rules is written as nothing
        at: strict_yaml.Path = ("environments", name)
        yield from _order(name, rules, earlier)
        yield from _said(at, rules, roles, rules.get("after"))
        for key in REFINED:
            for whom, refined in rules.get(key, {}).items():
                yield from _said((*at, key, whom), refined or {}, roles, rules.get("after"))
                if "soak" in (refined or {}) and "after" not in rules:
                    yield (*at, key, whom, "soak"), f"{name} has no `after`: soak counts from the success there"
        earlier.add(name)
    yield from _unseen(data)
    yield from _shared_addresses(data)
    yield from _shared_keys(data)


def _unseen(data: Mapping[str, Any]) -> Iterator[Found]:
    """A promotion that nobody asked for needs a channel for its card."""
    announced = any(channel.get("announce") for channel in data.get("channels", {}).values())
    for name, written in data["environments"].items():
        if (written or {}).get("on_register") and not announced:
            yield ("environments", name, "on_register"), "no channel has `announce: true`, so nobody would see what is promoted by itself"


def _order(name: str, rules: Mapping[str, Any], earlier: set[str]) -> Iterator[Found]:
    after, at = rules.get("after"), ("environments", name)
    if after is not None and after not in earlier:
        yield (*at, "after"), f"{name} comes after {after}, which must be an environment written above it"
    if rules.get("on_register") and after is not None:
        yield (
            (*at, "on_register"),
            f"{name} comes after {after}, where a version that was just registered has not succeeded; write it there",
        )
    if "soak" in rules and after is None:
        yield (*at, "soak"), f"{name} has a soak but no `after`: soak counts from the success there"


def _said(at: strict_yaml.Path, rules: Mapping[str, Any], roles: Mapping[str, Any], after: str | None) -> Iterator[Found]:
    """What holds of an environment's keys, and of a refinement's as well."""
    for key in ("request", "run", "emergency"):
        for role in rules.get(key, ()):
            if role != "*" and role not in roles:
                yield (*at, key), f"the role {role!r} is not in `roles`"
    listed = isinstance(rules.get("approve"), list)
    for n, rule in enumerate(approvals(rules)):
        for role in rule["from"]:
            if role not in roles:
                yield (*at, "approve", *((n,) if listed else ()), "from"), f"the role {role!r} is not in `roles`"
    targets = [target["name"] for target in rules.get("targets", ())]
    if len(set(targets)) != len(targets):
        yield (*at, "targets"), "two targets have one name"
    yield from (((*at, "gates"), why) for why in listing.contradictions(rules.get("gates", ()), after))
    yield from _freezes(at, rules)
    if drift := rules.get("drift"):
        yield from _quiet_hours(at, drift.get("quiet"))
        if drift.get("warning", DriftRules.warning) > drift.get("alert", DriftRules.alert):
            yield (*at, "drift"), "a warning begins above an alert; write a smaller `warning`, or a larger `alert`"


def _quiet_hours(at: strict_yaml.Path, quiet: Mapping[str, Any] | None) -> Iterator[Found]:
    if quiet is None:
        return
    if quiet["from"] == quiet["until"]:
        yield (
            (*at, "drift", "quiet", "until"),
            "they begin and end at the same time, so nobody would ever be called or always; write two times",
        )
    if not calendar.is_zone(quiet.get("timezone", "UTC")):
        yield (
            (*at, "drift", "quiet", "timezone"),
            f"{quiet['timezone']!r} is no time zone of the IANA list, such as Europe/Amsterdam or UTC",
        )


def _freezes(at: strict_yaml.Path, rules: Mapping[str, Any]) -> Iterator[Found]:
    for n, freeze in enumerate(rules.get("freeze", ())):
        try:
            calendar.period(freeze["from"], freeze["until"], freeze.get("timezone", "UTC"))
        except calendar.BadMoment as exc:
            yield (*at, "freeze", n), str(exc)


def _shared_addresses(data: Mapping[str, Any]) -> Iterator[Found]:
    seen: dict[str, str] = {}
    for user, person in data.get("people", {}).items():
        for address in person.get("git", ()):
            if seen.setdefault(address.lower(), user) != user:
                yield ("people", user, "git"), f"{address} is already {seen[address.lower()]}'s address"


def _shared_keys(data: Mapping[str, Any]) -> Iterator[Found]:
    """Who holds the key of two people could approve as both."""
    seen: dict[str, str] = {}
    for user, person in data.get("people", {}).items():
        if key := " ".join(person.get("ssh", "").split()[:2]):
            if not _is_key(key):
                yield ("people", user, "ssh"), "this is not the public half of an Ed25519 key (the line in a file such as id_ed25519.pub)"
            if seen.setdefault(key, user) != user:
                yield ("people", user, "ssh"), f"this is already {seen[key]}'s key"


def _is_key(line: str) -> bool:
    try:
        return bool(fingerprint(line))
    except BadKey:
        return False
