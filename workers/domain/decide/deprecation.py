"""`deprecate` and `undeprecate`: a version that is promoted no more, by the word of who runs the places where it lives."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.names import EnvironmentName, PromotionId
from workers.contract.outcomes import Choose, Option, Reason, Receipt
from workers.contract.promotion import Deprecated, RegisteredVersion
from workers.domain import decision as d
from workers.domain import rights, states, subject
from workers.domain.state import World

Wanted = ask.Deprecate | ask.Undeprecate


def deprecate(world: World, case: d.Case, wanted: ask.Deprecate) -> d.Decision:
    """The version stays where it runs, and a rollback to it stays possible; only new promotions are stopped, by a gate."""
    found = _may_change(world, case, wanted)
    if isinstance(found, d.Decision):
        return found
    if gone := found.deprecated:
        return d.answer(Receipt(f"{found.artifact} {found.version} is deprecated since {gone.at}: {gone.because}. Nothing to do."))
    after = replace(found, deprecated=Deprecated(case.actor.id, case.time, wanted.because))
    runs, waiting = _places(world, found), _waiting(world, found)
    said = f"{found.artifact} {found.version} is deprecated: it is not promoted any more."
    said += f" It goes on running in {', '.join(runs)}." if runs else ""
    said += f" {', '.join(waiting)} will be refused by the gates." if waiting else ""
    said += f" To take that back: undeprecate {found.artifact} {found.version} because ..."
    return _changed("deprecated", after, said)


def undeprecate(world: World, case: d.Case, wanted: ask.Undeprecate) -> d.Decision:
    """The version may be promoted again."""
    found = _may_change(world, case, wanted)
    if isinstance(found, d.Decision):
        return found
    if found.deprecated is None:
        reason = Reason("not-deprecated", f"{found.artifact} {found.version} is not deprecated.")
        return d.refuse(world, case, _what(wanted), reason)
    said = f"{found.artifact} {found.version} is no longer deprecated; it may be promoted again."
    return _changed("undeprecated", replace(found, deprecated=None), said)


def _changed(event: str, version: RegisteredVersion, said: str) -> d.Decision:
    return d.Decision(
        event=event,
        subject=f"{version.artifact} {version.version}: {event}",
        documents=(version,),
        about=(version.artifact, version.version, None),
        outcomes=(Receipt(said),),
    )


def _what(wanted: Wanted) -> str:
    return f"{type(wanted).__name__.lower()} {wanted.artifact} {wanted.version}"


def _may_change(world: World, case: d.Case, wanted: Wanted) -> RegisteredVersion | d.Decision:
    """The one version that is meant, or the answer when there is none, when there are several, or when the actor has not the right."""
    name = subject.artifact_of(world, wanted.artifact)
    if isinstance(name, Reason):
        return d.refuse(world, case, _what(wanted), name)
    found = subject.matching(world, name, wanted.version)
    if not found:
        known = ", ".join(sorted(world.versions[name], key=lambda one: one.order, reverse=True)[:8])
        text = f"No version {wanted.version} of {name} is registered. There are: {known}."
        return d.refuse(world, case, _what(wanted), Reason("unknown-version", text))
    if len(found) > 1:
        return d.answer(_menu(wanted, found))
    if reasons := _denied(world, case, found[0]):
        return d.refuse(world, case, _what(wanted), *reasons)
    if not wanted.because.strip():
        return d.refuse(world, case, _what(wanted), Reason("because", "It needs a reason: because ..."))
    return found[0]


def _menu(wanted: Wanted, found: list[RegisteredVersion]) -> Choose:
    verb = type(wanted).__name__.lower()
    options = (Option(one.version, f"{verb} {one.artifact} {one.version} because {wanted.because}") for one in found[:100])
    return Choose(f"{wanted.artifact} has several versions that {wanted.version} could mean. Which one?", tuple(options))


def _denied(world: World, case: d.Case, version: RegisteredVersion) -> list[Reason]:
    """Why not: somebody who runs an environment may say so, and for a version that is live, only who runs every place where it is."""
    lanes = (world.policy.rules_for(name, version.artifact, version.kind) for name in world.policy.environments)
    everywhere = [rights.may_run(world, case, rules) for rules in lanes if rules]
    if all(everywhere):
        return [Reason("right-run", "You may not run any environment, so you may not say which versions are promoted.")]
    there = (world.policy.rules_for(name, version.artifact, version.kind) for name in _places(world, version))
    denied = (rights.may_run(world, case, rules) for rules in there if rules)
    lives = f"{version.artifact} {version.version} is live there."
    return [replace(reason, text=f"{reason.text} {lives}") for reason in denied if reason]


def _places(world: World, version: RegisteredVersion) -> list[EnvironmentName]:
    """The environments where the version runs or is on its way."""
    releases = [one for one in world.releases.values() if one.artifact == version.artifact]
    return [one.environment for one in releases if version.version in {placed.version for placed in (one.live, one.desired) if placed}]


def _waiting(world: World, version: RegisteredVersion) -> list[PromotionId]:
    """The promotions of the version that have not begun to deploy."""
    found = (world.promotions[id_] for id_ in world.open)
    here = [one for one in found if (one.artifact, one.to.version) == (version.artifact, version.version)]
    return sorted((one.id for one in here if one.state in states.BEFORE_DEPLOYMENT), key=lambda id_: id_.number)
