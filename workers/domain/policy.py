"""The policy: who may do what where. Read from YAML with a reason, a line and a fix for each thing that is wrong."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from workers.contract import wire
from workers.contract.actors import Actor
from workers.contract.names import ArtifactName, Digest, EnvironmentName
from workers.contract.promotion import Kind, Quorum
from workers.contract.signatures import BadKey, fingerprint
from workers.domain import strict_yaml
from workers.domain.policy_schema import SCHEMA

FILE = "towpath.yaml"


class BadPolicy(ValueError):
    """The policy cannot take force. `errors` are sentences with file and line."""

    def __init__(self, *errors: str) -> None:
        self.errors = errors
        super().__init__("; ".join(errors))


@dataclass(frozen=True)
class Role:
    """Slack users and user groups, by id: display names prove nothing."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def holds(self, actor: Actor) -> bool:
        """Whether the actor is of this role. Groups that could not be looked up hold nobody."""
        return actor.id.user in self.users or bool(self.groups & frozenset(actor.groups or ()))


@dataclass(frozen=True)
class Bound:
    """What a metric must be."""

    at_least: float | None = None
    at_most: float | None = None
    not_worse_than_live_by: float | None = None


@dataclass(frozen=True)
class TargetRule:
    """One target of an environment. `token` names the environment variable that holds its token."""

    name: str
    type: str
    url: str
    token: str | None = None


@dataclass(frozen=True)
class Rules:
    """One environment, for one artifact. Every quorum of `approve` must be met; it is empty where nobody needs to approve."""

    name: EnvironmentName
    after: EnvironmentName | None = None
    soak: timedelta = timedelta(0)
    request: tuple[str, ...] = ("*",)
    run: tuple[str, ...] = ()
    emergency: tuple[str, ...] = ()
    approve: tuple[Quorum, ...] = ()
    expires: timedelta = timedelta(hours=24)
    metrics: Mapping[str, Bound] = field(default_factory=dict)
    targets: tuple[TargetRule, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def digest(self) -> Digest:
        """Of the rules as written: what an approval binds."""
        return Digest.read(wire.sha256(repr(sorted(_flat(self.source))).encode()))


@dataclass(frozen=True)
class Policy:
    """The whole policy, environments in the order in which they are written."""

    digest: Digest
    environments: Mapping[EnvironmentName, Rules]
    roles: Mapping[str, Role] = field(default_factory=dict)
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    emails: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    trust: str | None = None

    def rules_for(self, environment: EnvironmentName, artifact: ArtifactName, kind: Kind) -> Rules | None:
        """The rules that are in force for an artifact of a kind in an environment; None: the policy has no such environment."""
        return self.environments.get(environment)

    def roles_of(self, actor: Actor) -> tuple[str, ...]:
        """The roles that hold the actor, in the policy's order."""
        return tuple(name for name, role in self.roles.items() if role.holds(actor))

    def grants(self, wanted: tuple[str, ...], actor: Actor) -> bool:
        """Whether one of the wanted roles (or `*`) holds the actor."""
        return "*" in wanted or any(self.roles[name].holds(actor) for name in wanted if name in self.roles)

    def may_adopt(self, actor: Actor) -> bool:
        """Adopting a policy needs the right to run in every environment that somebody runs: nobody can widen a right of another's place."""
        run = [rules.run for rules in self.environments.values() if rules.run]
        return bool(run) and all(self.grants(roles, actor) for roles in run)

    @property
    def adopters(self) -> tuple[str, ...]:
        """The roles whose members may adopt a policy by that role alone."""
        run = [rules.run for rules in self.environments.values() if rules.run]
        return tuple(role for role in self.roles if run and all(role in roles for roles in run))

    def person_of(self, author: str) -> str | None:
        """The Slack user behind a digest of an e-mail address, if the policy names one."""
        return self.emails.get(author)

    def default_artifact(self, channel: str) -> ArtifactName | None:
        """The artifact that a channel is about."""
        name = self.channels.get(channel, {}).get("artifact")
        return ArtifactName.read(name) if name else None

    @property
    def announce(self) -> tuple[str, ...]:
        """The channels that are told of what is not about one promotion."""
        return tuple(channel for channel, rules in self.channels.items() if rules.get("announce"))


def email_digest(email: str) -> str:
    """How an author is recorded: the SHA-256 of the lower-cased address."""
    return "sha256:" + hashlib.sha256(email.strip().lower().encode()).hexdigest()


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `2h`, `7d`."""
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})


def read(text: str) -> Policy:
    """The policy in a text. Raises BadPolicy with every error at once."""
    try:
        document = strict_yaml.read(text)
    except strict_yaml.BadYaml as exc:
        raise BadPolicy(f"{FILE}:{exc.line}: {exc.why}") from exc
    errors = [f"{FILE}:{document.line(path)}: {why}" for path, why in _unprintable(document.data)]
    errors += [_said(error, document) for error in sorted(_validator().iter_errors(document.data), key=lambda e: list(map(str, e.path)))]
    if not errors:
        errors = [f"{FILE}:{document.line(path)}: {why}" for path, why in _contradictions(document.data)]
    if errors:
        raise BadPolicy(*errors[:20])
    return _policy(document.data, Digest.read(wire.sha256(text.encode())))


def _unprintable(value: Any, at: strict_yaml.Path = ()) -> Iterator[tuple[strict_yaml.Path, str]]:
    """Words with line breaks or invisible characters: a pattern's `$` lets a last line break pass, and people cannot see the others."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _unprintable(key, (*at, key))
            yield from _unprintable(part, (*at, key))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from _unprintable(part, (*at, i))
    elif isinstance(value, str) and not value.isprintable():
        yield at, f"{value[:80]!r} holds a line break or an invisible character; write it without"


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(SCHEMA)


def _said(error: ValidationError, document: strict_yaml.Document) -> str:
    schema: Mapping[str, Any] = dict(error.schema) if isinstance(error.schema, Mapping) else {}
    given: Any = error.instance
    path = tuple(error.path)
    place = ".".join(map(str, path)) or "the file"
    if error.validator == "additionalProperties":
        known = list(schema.get("properties", {}))
        unknown = [str(key) for key in given if not _known(str(key), schema)]
        path = (*path, unknown[0]) if unknown else path
        shown = ", ".join(known) or "names such as those in the documentation"
        return f"{FILE}:{document.line(path)}: {place} has {', '.join(map(repr, unknown))}, which is not known; known: {shown}"
    if error.validator == "pattern":
        return f"{FILE}:{document.line(path)}: {place} is {error.instance!r}, which is not of the form that is needed ({error.validator_value})"
    return f"{FILE}:{document.line(path)}: {place}: {error.message[:200]}"


def _known(key: str, schema: Mapping[str, Any]) -> bool:
    patterns = schema.get("patternProperties", {})
    return key in schema.get("properties", {}) or any(re.search(pattern, key) for pattern in patterns)


def _contradictions(data: Mapping[str, Any]) -> Iterator[tuple[strict_yaml.Path, str]]:
    environments, roles = data["environments"], data.get("roles", {})
    earlier: set[str] = set()
    for name, rules in environments.items():
        at = ("environments", name)
        rules = rules or {}  # noqa: PLW2901  # an environment without rules is written as nothing
        after = rules.get("after")
        if after is not None and after not in earlier:
            yield (*at, "after"), f"{name} comes after {after}, which must be an environment written above it"
        if "soak" in rules and after is None:
            yield (*at, "soak"), f"{name} has a soak but no `after`: soak counts from the success there"
        for key in ("request", "run"):
            for role in rules.get(key, ()):
                if role != "*" and role not in roles:
                    yield (*at, key), f"the role {role!r} is not in `roles`"
        for role in rules.get("approve", {}).get("from", ()):
            if role not in roles:
                yield (*at, "approve", "from"), f"the role {role!r} is not in `roles`"
        targets = [target["name"] for target in rules.get("targets", ())]
        if len(set(targets)) != len(targets):
            yield (*at, "targets"), "two targets have one name"
        earlier.add(name)
    yield from _shared_addresses(data)
    yield from _shared_keys(data)
    yield from _scattered_bounds(data)


def _scattered_bounds(data: Mapping[str, Any]) -> Iterator[tuple[strict_yaml.Path, str]]:
    for name, rules in data["environments"].items():
        metrics = [metric for gate in (rules or {}).get("gates", ()) for metric in gate["metrics"]]
        for metric in sorted({one for one in metrics if metrics.count(one) > 1}):
            yield ("environments", name, "gates"), f"the metric {metric!r} stands twice; write its bounds in one place"


def _shared_addresses(data: Mapping[str, Any]) -> Iterator[tuple[strict_yaml.Path, str]]:
    seen: dict[str, str] = {}
    for user, person in data.get("people", {}).items():
        for address in person.get("git", ()):
            if seen.setdefault(address.lower(), user) != user:
                yield ("people", user, "git"), f"{address} is already {seen[address.lower()]}'s address"


def _shared_keys(data: Mapping[str, Any]) -> Iterator[tuple[strict_yaml.Path, str]]:
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


def _policy(data: Mapping[str, Any], digest: Digest) -> Policy:
    roles = {name: Role(frozenset(r.get("users", ())), frozenset(r.get("groups", ()))) for name, r in data.get("roles", {}).items()}
    people = data.get("people", {})
    return Policy(
        digest=digest,
        environments={EnvironmentName.read(name): _rules(name, rules or {}, roles) for name, rules in data["environments"].items()},
        roles=roles,
        channels=data.get("channels", {}),
        emails={email_digest(address): user for user, person in people.items() for address in person.get("git", ())},
        keys={user: " ".join(person["ssh"].split()[:2]) for user, person in people.items() if "ssh" in person},
        trust=data.get("trust"),
    )


def _rules(name: str, rules: Mapping[str, Any], roles: Mapping[str, Role]) -> Rules:
    approve = rules.get("approve")
    return Rules(
        name=EnvironmentName.read(name),
        after=EnvironmentName.read(rules["after"]) if "after" in rules else None,
        soak=duration(rules["soak"]) if "soak" in rules else timedelta(0),
        request=tuple(rules.get("request", ("*",))),
        run=tuple(rules.get("run", ())),
        approve=(_quorum(approve, roles),) if approve else (),
        expires=duration(approve["expires"]) if approve and "expires" in approve else timedelta(hours=24),
        metrics={metric: Bound(**bound) for gate in rules.get("gates", ()) for metric, bound in gate["metrics"].items()},
        targets=tuple(TargetRule(**target) for target in rules.get("targets", ())),
        source=_with_roles(rules, roles),
    )


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


def _with_roles(rules: Mapping[str, Any], roles: Mapping[str, Role]) -> dict[str, Any]:
    """The rules with the members of the roles that approve, so that a change of a role changes the digest that approvals bind."""
    named = rules.get("approve", {}).get("from", ())
    return {**rules, "members": {role: [sorted(roles[role].users), sorted(roles[role].groups)] for role in named}}


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from _flat(part, f"{at}[{i}]")
    else:
        yield at, repr(value)


def is_number(text: str) -> bool:
    """Whether a metric's text is a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
