"""The answers to questions: pure functions over the same state that decisions are made on. Reads may guess, and say so."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.actors import Actor, Standing
from workers.contract.commands import COMMANDS, Right
from workers.contract.envelope import Envelope, read_stamp
from workers.contract.names import ArtifactName, CommitId, EnvironmentName
from workers.contract.promotion import Promotion, RegisteredVersion, Release, State
from workers.contract.watched import Step, Watched
from workers.domain import affected, bundle, foresight, in_force, lineage, listing, rights, shape, states, subject
from workers.domain.policy import Rules
from workers.domain.state import World

LONGEST = 20
Commits = Mapping[int, CommitId]


def answer(world: World, commits: Commits, envelope: Envelope, judge: foresight.Judge) -> out.Outcome:
    """What a read request is answered with. Who does not count is told nothing but who they are and what they could ask.

    `judge` is the one decision point: a question about another request is answered by what it would decide.
    """
    reason = rights.membership(envelope.actor)
    if reason and not isinstance(envelope.request, ask.Help | ask.Whoami):
        return out.Refused(type(envelope.request).__name__.lower(), (reason,))
    if isinstance(envelope.request, ask.NESTING):
        return foresight.answer(world, envelope, judge)
    reader: Callable[[World, Commits, Envelope, Any], out.Outcome] = _READERS[type(envelope.request)]
    return reader(world, commits, envelope, envelope.request)


def _guess(world: World, name: ArtifactName | None) -> tuple[ArtifactName | None, str | None, out.Refused | None]:
    """The artifact that is meant, a note when it was guessed, and a refusal when nothing is near."""
    if name is None or name in world.versions:
        return name, None, None
    near = subject.near(name, world.versions)
    if near:
        return ArtifactName.read(near[0]), f"read {name} as {near[0]}", None
    reason = subject.artifact_of(world, name)
    assert isinstance(reason, out.Reason), "an unknown name has a reason"
    return None, None, out.Refused(f"show {name}", (reason,))


def _status(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowStatus) -> out.Outcome:
    artifact, note, refused = _guess(world, wanted.artifact)
    if refused:
        return refused
    if wanted.environment and wanted.environment not in world.policy.environments:
        reason = subject.rules_of(world, wanted.environment)
        return out.Refused(f"show {wanted.environment}", (reason,) if isinstance(reason, out.Reason) else ())
    environments = (wanted.environment,) if wanted.environment else tuple(world.policy.environments)
    holds = tuple(one for one in world.holds.values() if artifact in (None, one.artifact) and one.environment in environments)
    found = releases(world, artifact, environments)
    shown = found if artifact else foremost(found)
    return out.Status(tuple(shown), environments, holds, world.head, None, note, len(found))


def releases(world: World, artifact: ArtifactName | None, environments: tuple[EnvironmentName, ...]) -> list[Release]:
    """The releases of one artifact (or of all, by name) in these environments, in the policy's order."""
    names = (artifact,) if artifact else sorted({name for _, name in world.releases})
    found = (world.releases.get((environment, name)) for name in names for environment in environments)
    return [one for one in found if one]


def foremost(found: list[Release]) -> list[Release]:
    """Those that a person wants to see of very many: what is on its way, then what changed last; in the order in which they came."""
    if len(found) <= LONGEST:
        return found
    chosen = set(heapq.nlargest(LONGEST, range(len(found)), key=lambda at: (found[at].in_flight is not None, _since(found[at]))))
    return [one for at, one in enumerate(found) if at in chosen]


def _since(release: Release) -> str:
    return release.desired.since if release.desired else ""


def _versions(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowVersions) -> out.Outcome:
    artifact, note, refused = _guess(world, wanted.artifact or _subject(world, envelope))
    if refused:
        return refused
    found = versions(world, artifact)
    live: dict[str, tuple[str, ...]] = {}
    for release in world.releases.values():
        if release.live and artifact in (None, release.artifact):
            key = f"{release.artifact} {release.live.version}"
            live[key] = (*live.get(key, ()), release.environment)
    shown = tuple(shape.in_short(one) for one in found[:LONGEST])
    return out.Versions(artifact, shown, live, len(found), note, lineage.counted(world, shown))


def _lineage(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowLineage) -> out.Outcome:
    name = wanted.artifact or _subject(world, envelope)
    if name is None:
        reason = out.Reason("which-artifact", "Say which artifact, such as `show lineage biopsy`.")
        return out.Refused("show lineage", (reason,))
    if lineage.is_known(world, name):
        return lineage.of(world, name, wanted.version, None)
    artifact, note, refused = _guess(world, name)
    return refused or lineage.of(world, artifact or name, wanted.version, note)


def versions(world: World, artifact: ArtifactName | None) -> list[RegisteredVersion]:
    """Every version of an artifact, or of all of them by name, newest first."""
    names = [artifact] if artifact else sorted(world.versions)
    return [one for name in names for one in sorted(world.versions[name].values(), key=lambda v: v.version.order, reverse=True)]


def _subject(world: World, envelope: Envelope) -> ArtifactName | None:
    where = envelope.conversation
    if where is None:
        return None
    thread = world.threads.get((where.channel, where.thread)) if where.thread else None
    if thread:
        return world.promotions[thread].artifact
    default = world.policy.default_artifact(where.channel)
    return default if default in world.versions else None


def _pending(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowPending) -> out.Outcome:
    artifact, note, refused = _guess(world, wanted.artifact)
    if refused:
        return refused
    found = (world.promotions[id_] for id_ in world.open)
    fitting = [p for p in found if artifact in (None, p.artifact) and wanted.environment in (None, p.environment)]
    return out.Pending(tuple(sorted(fitting, key=lambda p: p.id.number)[:LONGEST]), len(fitting), note)


def _policy(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowPolicy) -> out.Outcome:
    artifact, note, refused = _guess(world, wanted.artifact or _subject(world, envelope))
    if refused:
        return refused
    if wanted.environment and isinstance(reason := subject.rules_of(world, wanted.environment), out.Reason):
        return out.Refused(f"show policy {wanted.environment}", (reason,))
    environments = (wanted.environment,) if wanted.environment else tuple(world.policy.environments)
    whom = (artifact, subject.kind_of(world, artifact) if artifact else None)
    lanes = (in_force.lane(world.policy, name, whom, read_stamp(envelope.issued_at)) for name in environments)
    shown = out.PolicyShown(world.policy.digest, tuple(one for one in lanes if one), artifact, note=note)
    if artifact is None:
        shown = replace(shown, refinements={name: found for name in environments if (found := _refinements(world, name))})
    adopted = world.adoption
    if adopted is None or adopted.digest != world.policy.digest:
        return shown
    return replace(shown, by=adopted.by, at=adopted.at, record=adopted.seq, commit=commits.get(adopted.seq))


def _refinements(world: World, environment: EnvironmentName) -> tuple[str, ...]:
    refined = world.policy.refinements.get(environment)
    return (*(kind.value for kind in refined.kinds), *refined.artifacts) if refined else ()


def _queue(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowQueue) -> out.Outcome:
    artifact, note, refused = _guess(world, wanted.artifact)
    return refused or replace(listing.queue(world, artifact, wanted.environment, read_stamp(envelope.issued_at)), note=note)


def _locks(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowLocks) -> out.Outcome:
    artifact, note, refused = _guess(world, wanted.artifact)
    return refused or replace(listing.locks(world, artifact, wanted.environment, read_stamp(envelope.issued_at)), note=note)


def _freezes(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowFreezes) -> out.Outcome:
    return listing.freezes(world, wanted.environment, read_stamp(envelope.issued_at))


def _holds(world: World, commits: Commits, envelope: Envelope, wanted: ask.ShowHolds) -> out.Outcome:
    artifact, note, refused = _guess(world, wanted.artifact)
    return refused or replace(listing.holds(world, artifact, wanted.environment), note=note)


def _debts(world: World, commits: Commits, envelope: Envelope, wanted: ask.AuditDebts) -> out.Outcome:
    return listing.debts(world)


def _history(world: World, commits: Commits, envelope: Envelope, wanted: ask.History) -> out.Outcome:
    artifact, note, refused = _guess(world, wanted.artifact)
    if refused:
        return refused
    ended = changes(world, commits, artifact, wanted.environment)
    return out.Changes(tuple(ended[:LONGEST]), len(ended), note)


def changes(world: World, commits: Commits, artifact: ArtifactName | None, environment: EnvironmentName | None) -> list[out.HistoryLine]:
    """Every change of an artifact (None: of any) in an environment (None: in any), newest first."""
    ended = [
        line
        for promotion in world.promotions.values()
        if artifact in (None, promotion.artifact) and environment in (None, promotion.environment)
        for line in _lines(world, promotion, commits)
    ]
    return sorted(ended, key=lambda line: line.time, reverse=True)


_SAID = {State.SUCCEEDED, State.FAILED, State.ROLLED_BACK, State.NEEDS_ATTENTION, State.DEPLOYING, State.VERIFYING, State.ROLLING_BACK}


def _lines(world: World, promotion: Promotion, commits: Commits) -> Iterator[out.HistoryLine]:
    if promotion.state not in _SAID and not (promotion.state is State.SUPERSEDED and promotion.generation):
        return
    last = promotion.arrived
    yield out.HistoryLine(
        time=last.time,
        artifact=promotion.artifact,
        environment=promotion.environment,
        version=promotion.to.version,
        before=promotion.live.version if promotion.live else None,
        promotion=promotion.id,
        requester=promotion.requester,
        outcome=promotion.state.value.replace("_", " "),
        approvers=tuple(vote.actor for vote in bundle.leader(world, promotion).votes),
        commit=commits.get(last.seq),
    )


def _audit(world: World, commits: Commits, envelope: Envelope, wanted: ask.Audit) -> out.Outcome:
    where = envelope.conversation
    in_thread = world.threads.get((where.channel, where.thread)) if where and where.thread else None
    id_ = wanted.promotion or in_thread
    if id_ is None:
        reason = out.Reason("which-promotion", "Say which promotion, such as `audit P-1`, or say it in the promotion's thread.")
        return out.Refused("audit", (reason,))
    promotion = world.promotions.get(id_)
    if promotion is None:
        last = f" The last one is P-{world.last_promotion}." if world.promotions else ""
        return out.Refused(f"audit {id_}", (out.Reason("unknown-promotion", f"There is no promotion {id_}.{last}"),))
    named = {str(event.seq): commits[event.seq] for event in promotion.events if event.seq in commits}
    verified = bool(named) or None
    descent, held = lineage.of_promotion(world, promotion), affected.of_promotion(world, promotion)
    return out.Page(out.Moved(promotion, named, world.head, verified, descent, held))


def _help(world: World, commits: Commits, envelope: Envelope, wanted: ask.Help) -> out.Outcome:
    held = held_anywhere(world, envelope.actor)
    allowed = [command for command in COMMANDS if command.right.value in held]
    if wanted.verb is None:
        return out.Commands(tuple(command.verb for command in allowed))
    fitting = tuple(c.verb for c in COMMANDS if wanted.verb in (c.verb, *c.synonyms) or c.verb.split()[0] == wanted.verb)
    return out.Commands(fitting or tuple(command.verb for command in allowed), wanted.verb)


def held_anywhere(world: World, actor: Actor) -> frozenset[str]:
    """The rights that the actor holds in any lane: what help shows. The decision itself looks at the lane that is named."""
    lanes = world.policy.every_rules() if actor.standing is Standing.MEMBER else ()
    return frozenset({Right.ANYONE.value, *(right for rules in lanes for right in _rights_by(world, actor, rules))})


def rights_of(world: World, actor: Actor) -> dict[EnvironmentName, tuple[str, ...]]:
    """For each environment, which of request, approve, run and emergency the actor holds."""
    if actor.standing is not Standing.MEMBER:
        return {}
    return {name: _rights_by(world, actor, rules) for name, rules in world.policy.environments.items()}


def _rights_by(world: World, actor: Actor, rules: Rules) -> tuple[str, ...]:
    approve = tuple(role for quorum in rules.approve for role in quorum.roles)
    wanted = {Right.REQUEST: rules.request, Right.APPROVE: approve, Right.RUN: rules.run, Right.EMERGENCY: rules.emergency}
    return tuple(right.value for right, roles in wanted.items() if world.policy.grants(roles, actor))


def _refined_rights(world: World, actor: Actor) -> dict[str, tuple[str, ...]]:
    """The rights that are others for a kind or an artifact than in its environment: `prod, artifact fraud`."""
    if actor.standing is not Standing.MEMBER:
        return {}
    everywhere = rights_of(world, actor)
    found = ((rules, _rights_by(world, actor, rules)) for rules in world.policy.every_rules() if rules.refined)
    named = {f"{rules.name}, {' and '.join(dict.fromkeys(rules.refined.values()))}": (rules, held) for rules, held in found}
    return {whom: held for whom, (rules, held) in named.items() if held != everywhere[rules.name]}


def _whoami(world: World, commits: Commits, envelope: Envelope, wanted: ask.Whoami) -> out.Outcome:
    actor = envelope.actor
    rights = {str(name): held for name, held in rights_of(world, actor).items()} | _refined_rights(world, actor)
    return out.Person(actor.id, actor.standing.value, world.policy.roles_of(actor), rights)


_READERS: dict[type[ask.Request], Callable[[World, Commits, Envelope, Any], out.Outcome]] = {
    ask.ShowStatus: _status,
    ask.ShowVersions: _versions,
    ask.ShowLineage: _lineage,
    ask.ShowPending: _pending,
    ask.ShowPolicy: _policy,
    ask.ShowQueue: _queue,
    ask.ShowLocks: _locks,
    ask.ShowFreezes: _freezes,
    ask.ShowHolds: _holds,
    ask.AuditDebts: _debts,
    ask.History: _history,
    ask.Audit: _audit,
    ask.Help: _help,
    ask.Whoami: _whoami,
}


def vocabulary(world: World) -> dict[str, object]:
    """What the bot's grammar knows of names: kinds of artifacts, environments in order."""
    kinds = {name: next(iter(found.values())).kind.value for name, found in sorted(world.versions.items()) if found}
    return {"artifacts": kinds, "environments": list(world.policy.environments)}


def watched(world: World) -> Watched:
    """What somebody watches for who cannot ask: the channels to tell, and until when each step that is under way may stay without an answer."""
    steps = [Step(str(one.id), one.state.value.replace("_", " "), one.look_at) for one in under_way(world) if one.look_at]
    return Watched(world.policy.announce, tuple(sorted(steps, key=lambda step: step.until)))


def under_way(world: World) -> list[Promotion]:
    """Promotions whose effect must be running, or be started again. One that is proved only waits for the rest of its bundle."""
    found = (world.promotions[id_] for id_ in world.open)
    return [
        promotion for promotion in found if promotion.state in states.UNDER_WAY and not (promotion.proved_at and promotion.look_at is None)
    ]
