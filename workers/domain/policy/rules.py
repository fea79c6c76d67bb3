"""The policy as it holds: roles, the rules of each environment, and what is refined there for a kind or for one artifact."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from workers.contract import wire
from workers.contract.actors import Actor
from workers.contract.names import ArtifactName, Digest, EnvironmentName
from workers.contract.promotion import Kind, Quorum
from workers.domain.calendar import Period
from workers.domain.gates import listing
from workers.domain.gates.metrics import GATE as METRICS
from workers.domain.gates.metrics import Bound


@dataclass(frozen=True)
class Role:
    """Slack users and user groups, by id: display names prove nothing."""

    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def holds(self, actor: Actor) -> bool:
        """Whether the actor is of this role. Groups that could not be looked up hold nobody."""
        return actor.id.user in self.users or bool(self.groups & frozenset(actor.groups or ()))


@dataclass(frozen=True)
class TargetRule:
    """One target of an environment. `token` names the environment variable that holds its token."""

    name: str
    type: str
    url: str
    token: str | None = None


@dataclass(frozen=True)
class LiveRows:
    """Where the live rows of an environment's models are. `path` is below the host's folder for them, or in an object store; `{artifact}` and
    `{environment}` stand for the lane's names. `time` is the column that says when a row was seen.
    """

    type: str
    path: str | None = None
    database: str | None = None
    query: str | None = None
    time: str | None = None


@dataclass(frozen=True)
class DriftRules:
    """How drift is watched in an environment. Without `every` it is measured only when somebody asks."""

    rows: LiveRows
    window: timedelta = timedelta(days=7)
    every: timedelta | None = None
    warning: float = 0.1
    alert: float = 0.25
    at_least: int = 200
    in_a_row: int = 2
    quiet: Quiet | None = None


@dataclass(frozen=True)
class Quiet:
    """Hours of the day in which nobody is called, `HH:MM` in a time zone; `until` may be earlier than `begin`, then it is over midnight."""

    begin: str
    until: str
    timezone: str = "UTC"


@dataclass(frozen=True)
class Rules:
    """One environment, for one artifact. Every quorum of `approve` must be met; it is empty where nobody needs to approve.

    `refined` says of each key that is not the environment's own for what it is so: `kind service`, `artifact fraud`.
    """

    name: EnvironmentName
    after: EnvironmentName | None = None
    soak: timedelta = timedelta(0)
    request: tuple[str, ...] = ("*",)
    run: tuple[str, ...] = ()
    emergency: tuple[str, ...] = ()
    supersede: bool = False
    approve: tuple[Quorum, ...] = ()
    expires: timedelta = timedelta(hours=24)
    start_within: timedelta = timedelta(hours=1)
    freeze: tuple[Period, ...] = ()
    on_register: tuple[Kind, ...] = ()
    gates: listing.Listed = ()
    targets: tuple[TargetRule, ...] = ()
    drift: DriftRules | None = None
    refined: Mapping[str, str] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def metrics(self) -> Mapping[str, Bound]:
        """The bounds of all metrics that the gates name."""
        return {metric: Bound(**bound) for name, settings in self.gates if name == METRICS.name for metric, bound in settings.items()}

    @cached_property
    def looks(self) -> bool:
        """Whether a gate may need evidence that is gathered."""
        return listing.gathers(self.gates)

    @cached_property
    def digest(self) -> Digest:
        """Of the rules as written: what an approval binds."""
        return Digest.read(wire.sha256(repr(sorted(_flat(self.source))).encode()))


@dataclass(frozen=True)
class Refinement:
    """What an environment says of one kind, or of one artifact: each key takes the place of the whole key. `fields` are those of Rules."""

    fields: Mapping[str, Any]
    source: Mapping[str, Any]

    def of(self, rules: Rules, whom: str) -> Rules:
        """The rules with what is said here in their place."""
        said = {key: whom for key in self.source if key != "members"}
        return replace(rules, **self.fields, source={**rules.source, **self.source}, refined={**rules.refined, **said})


@dataclass(frozen=True)
class Refined:
    """The refinements of an environment."""

    kinds: Mapping[Kind, Refinement] = field(default_factory=dict)
    artifacts: Mapping[ArtifactName, Refinement] = field(default_factory=dict)


@dataclass(frozen=True)
class Policy:
    """The whole policy, environments in the order in which they are written; `environments` has their rules without refinements."""

    digest: Digest
    environments: Mapping[EnvironmentName, Rules]
    refinements: Mapping[EnvironmentName, Refined] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    emails: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    trust: str | None = None

    def rules_for(self, environment: EnvironmentName, artifact: ArtifactName | None, kind: Kind | None) -> Rules | None:
        """The rules that are in force for an artifact of a kind in an environment; None: the policy has no such environment.

        What is said of the artifact goes before what is said of its kind, and that before what is said of the environment.
        """
        refined = self.refinements.get(environment)
        if refined is None:
            return self.environments.get(environment)
        named = artifact if artifact in refined.artifacts else None
        sort = kind if kind in refined.kinds else None
        return self._merged(environment, named, sort)

    def _merged(self, environment: EnvironmentName, artifact: ArtifactName | None, kind: Kind | None) -> Rules:
        key = (environment, artifact, kind)
        if key not in self._lanes:
            rules, refined = self.environments[environment], self.refinements[environment]
            rules = refined.kinds[kind].of(rules, f"kind {kind.value}") if kind else rules
            self._lanes[key] = refined.artifacts[artifact].of(rules, f"artifact {artifact}") if artifact else rules
        return self._lanes[key]

    @cached_property
    def _lanes(self) -> dict[tuple[EnvironmentName, ArtifactName | None, Kind | None], Rules]:
        """Merged rules are kept: a policy never changes."""
        return {}

    def every_rules(self) -> Iterator[Rules]:
        """The rules of each environment, and those of each kind and each artifact that has others there."""
        for name, rules in self.environments.items():
            yield rules
            refined = self.refinements.get(name, Refined())
            yield from (self._merged(name, None, kind) for kind in refined.kinds)
            for artifact in refined.artifacts:
                yield from (self._merged(name, artifact, kind) for kind in (None, *refined.kinds))

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

    def without_key(self, quorum: Quorum) -> tuple[str, ...]:
        """Who could vote in a quorum but for the key that a signed vote needs: their Slack ids. Members of user groups are not known here."""
        return tuple(user for user in quorum.users if user not in self.keys) if quorum.signed else ()

    def person_of(self, author: str) -> str | None:
        """The Slack user behind a digest of an e-mail address, if the policy names one."""
        return self.emails.get(author)

    def default_artifact(self, channel: str) -> ArtifactName | None:
        """The artifact that a channel is about."""
        name = self.channels.get(channel, {}).get("artifact")
        return ArtifactName.read(name) if name else None

    def channel_of(self, artifact: ArtifactName) -> str | None:
        """Where what nobody asked for in a channel is shown: the channel that is about the artifact, else the first that is told of everything."""
        about = (channel for channel, rules in self.channels.items() if rules.get("artifact") == artifact)
        return next(about, next(iter(self.announce), None))

    def told_of(self, artifact: ArtifactName | None) -> tuple[str, ...]:
        """The channels that are told what happens to an artifact (None: to whole environments): those about it, and those that are told of all."""
        about = (channel for channel, rules in self.channels.items() if artifact and rules.get("artifact") == artifact)
        return tuple(dict.fromkeys((*self.announce, *about)))

    @property
    def announce(self) -> tuple[str, ...]:
        """The channels that are told of what is not about one promotion."""
        return tuple(channel for channel, rules in self.channels.items() if rules.get("announce"))


def email_digest(email: str) -> str:
    """How an author is recorded: the SHA-256 of the lower-cased address."""
    return "sha256:" + hashlib.sha256(email.strip().lower().encode()).hexdigest()


def _flat(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from _flat(part, f"{at}[{i}]")
    else:
        yield at, repr(value)
