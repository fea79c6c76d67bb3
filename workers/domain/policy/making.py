"""From a file that was found to be right to the policy that it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from workers.contract.names import ArtifactName, Digest, EnvironmentName
from workers.contract.promotion import Kind, Quorum
from workers.domain import calendar
from workers.domain.gates import listing
from workers.domain.gates.gate import duration
from workers.domain.policy.rules import DriftRules, LiveRows, Policy, Quiet, Refined, Refinement, Role, Rules, TargetRule, email_digest

REFINED = ("per_kind", "per_artifact")
"""The keys of an environment that say something of some of its artifacts only."""
_DAY = timedelta(hours=24)


def policy(data: Mapping[str, Any], digest: Digest) -> Policy:
    """The policy in a file's data."""
    roles = {name: Role(frozenset(r.get("users", ())), frozenset(r.get("groups", ()))) for name, r in data.get("roles", {}).items()}
    people = data.get("people", {})
    written = {EnvironmentName.read(name): rules or {} for name, rules in data["environments"].items()}
    return Policy(
        digest=digest,
        environments={name: _rules(name, rules, roles) for name, rules in written.items()},
        refinements={name: _refined(rules, roles) for name, rules in written.items() if any(key in rules for key in REFINED)},
        roles=roles,
        channels=data.get("channels", {}),
        emails={email_digest(address): user for user, person in people.items() for address in person.get("git", ())},
        keys={user: " ".join(person["ssh"].split()[:2]) for user, person in people.items() if "ssh" in person},
        trust=data.get("trust"),
    )


def _rules(name: EnvironmentName, written: Mapping[str, Any], roles: Mapping[str, Role]) -> Rules:
    plain = {key: value for key, value in written.items() if key not in REFINED}
    fields = {
        **_fields(plain, roles),
        "after": EnvironmentName.read(written["after"]) if "after" in written else None,
        "supersede": bool(written.get("supersede", False)),
        "on_register": tuple(Kind(kind) for kind in written.get("on_register", ())),
    }
    return Rules(name=name, **fields, source=_source(plain, roles))


def _refined(written: Mapping[str, Any], roles: Mapping[str, Role]) -> Refined:
    def one(said: Mapping[str, Any] | None) -> Refinement:
        source = _source(said or {}, roles) if said and "approve" in said else dict(said or {})
        return Refinement(_fields(said or {}, roles), source)

    return Refined(
        kinds={Kind(kind): one(said) for kind, said in written.get("per_kind", {}).items()},
        artifacts={ArtifactName.read(name): one(said) for name, said in written.get("per_artifact", {}).items()},
    )


def _fields(written: Mapping[str, Any], roles: Mapping[str, Role]) -> dict[str, Any]:
    """The fields of Rules that these keys are; what is not written stays what it is."""
    found: dict[str, Any] = {key: tuple(written[key]) for key in ("request", "run", "emergency") if key in written}
    found |= {key: duration(written[key]) for key in ("soak", "start_within") if key in written}
    if "approve" in written:
        rules = approvals(written)
        found["approve"] = tuple(_quorum(rule, roles) for rule in rules)
        found["expires"] = min((duration(rule["expires"]) for rule in rules if "expires" in rule), default=_DAY)
    if "freeze" in written:
        found["freeze"] = tuple(_period(one) for one in written["freeze"])
    if "gates" in written:
        found["gates"] = listing.read(written["gates"])
    if "targets" in written:
        found["targets"] = tuple(TargetRule(**target) for target in written["targets"])
    if "drift" in written:
        found["drift"] = _drift(written["drift"])
    return found


def _drift(written: Mapping[str, Any]) -> DriftRules:
    found: dict[str, Any] = {key: float(written[key]) for key in ("warning", "alert") if key in written}
    found |= {key: written[key] for key in ("at_least", "in_a_row") if key in written}
    found |= {key: duration(written[key]) for key in ("window", "every") if key in written}
    if quiet := written.get("quiet"):
        found["quiet"] = Quiet(quiet["from"], quiet["until"], quiet.get("timezone", "UTC"))
    return DriftRules(rows=LiveRows(**written["rows"]), **found)


def approvals(written: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rules of approval, written as one mapping or as a list of them."""
    approve = written.get("approve") or []
    return [approve] if isinstance(approve, Mapping) else list(approve)


def _period(written: Mapping[str, Any]) -> calendar.Period:
    return calendar.period(written["from"], written["until"], written.get("timezone", "UTC"), written.get("because"))


def _quorum(approve: Mapping[str, Any], roles: Mapping[str, Role]) -> Quorum:
    named = [roles[role] for role in approve["from"]]
    return Quorum(
        count=approve.get("count", 1),
        roles=tuple(approve["from"]),
        users=tuple(sorted({user for role in named for user in role.users})),
        groups=tuple(sorted({group for role in named for group in role.groups})),
        exclude=tuple(approve.get("exclude", ("requester",))),
        signed=approve.get("signed", False),
    )


def _source(written: Mapping[str, Any], roles: Mapping[str, Role]) -> dict[str, Any]:
    """The keys with the members of the roles that approve, so that a change of a role changes the digest that approvals bind."""
    named: Iterable[str] = [role for rule in approvals(written) for role in rule["from"]]
    return {**written, "members": {role: [sorted(roles[role].users), sorted(roles[role].groups)] for role in named}}
