"""What a sentence is about: which environment, artifact, version, promotion. A write never guesses: it is refused or offers a menu."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.drift import Incident
from workers.contract.names import ArtifactName, EnvironmentName, IncidentId, PromotionId, RetrainingId, VersionAsk
from workers.contract.outcomes import Choose, Option, Reason
from workers.contract.promotion import Kind, Promotion, RegisteredVersion
from workers.contract.retraining import Retraining
from workers.domain import bundle
from workers.domain import decision as d
from workers.domain.policy import Rules
from workers.domain.state import World


def near(word: str, known: Iterable[str]) -> list[str]:
    """Known words that the word may have been meant as, the nearest first."""
    return difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.6)


def rules_of(world: World, environment: EnvironmentName, artifact: ArtifactName | None = None) -> Rules | Reason:
    """The rules of an artifact's lane in an environment (without one: those that are the environment's own), or why there are none."""
    if rules := world.policy.rules_for(environment, artifact, kind_of(world, artifact) if artifact else None):
        return rules
    known = ", ".join(world.policy.environments)
    guess = near(environment, world.policy.environments)
    meant = f" Did you mean {guess[0]}?" if guess else ""
    return Reason("unknown-environment", f"There is no environment {environment}.{meant} There are: {known}.")


def artifact_of(world: World, name: ArtifactName) -> ArtifactName | Reason:
    """The artifact if a version of it is registered, or why not."""
    if name in world.versions:
        return name
    guess = near(name, world.versions)
    meant = f" Did you mean {guess[0]}?" if guess else ""
    shown = f" Registered are: {', '.join(sorted(world.versions)[:10])}." if world.versions else " Nothing is registered yet."
    return Reason("unknown-artifact", f"No version of {name} is registered.{meant}{shown}")


def thread_promotion(world: World, case: d.Case) -> Promotion | None:
    """The promotion whose thread the sentence was said in."""
    where = case.conversation
    if where is None or where.thread is None:
        return None
    id_ = world.threads.get((where.channel, where.thread))
    return world.promotions.get(id_) if id_ else None


def thread_story(world: World, case: d.Case) -> Incident | Retraining | None:
    """The incident or the retraining whose thread the sentence was said in."""
    where = case.conversation
    id_ = world.stories.get((where.channel, where.thread)) if where and where.thread else None
    return (world.incidents.get(IncidentId(id_)) or world.retrainings.get(RetrainingId(id_))) if id_ else None


def find_promotion(world: World, case: d.Case, id_: PromotionId | None) -> Promotion | Reason:
    """The promotion that is named, or whose thread this is."""
    if id_ is None:
        return thread_promotion(world, case) or Reason("which-promotion", "Say which promotion, or say it in the promotion's thread.")
    if promotion := world.promotions.get(id_):
        return promotion
    return Reason(
        "unknown-promotion", f"There is no promotion {id_}." + (f" The last one is P-{world.last_promotion}." if world.promotions else "")
    )


def find_leader(world: World, case: d.Case, id_: PromotionId | None) -> Promotion | Reason:
    """The same; of a bundle the one that stands for all of it."""
    found = find_promotion(world, case, id_)
    return found if isinstance(found, Reason) else bundle.leader(world, found)


def find_artifact(world: World, case: d.Case, wanted: ask.Promote | ask.Rollback) -> ArtifactName | Reason | Choose:
    """The artifact that a sentence without a name means: the thread's, the channel's, the only one that fits; else a menu."""
    kind = getattr(wanted, "kind", None)
    if wanted.artifact:
        return _of_kind(world, artifact_of(world, wanted.artifact), kind)
    if (promotion := thread_promotion(world, case)) and kind in (None, promotion.kind):
        return promotion.artifact
    if (story := thread_story(world, case)) and kind in (None, kind_of(world, story.artifact)):
        return story.artifact
    default = world.policy.default_artifact(case.conversation.channel) if case.conversation else None
    if default and (kind is None or kind_of(world, default) in (None, kind)):
        return default
    fitting = sorted(name for name in world.versions if _fits(world, name, wanted, kind))
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        return Reason(
            "which-artifact", "Say which artifact; none fits the sentence. Registered are: " + ", ".join(sorted(world.versions)[:10]) + "."
        )
    return Choose("Which one?", tuple(Option(_label(world, name, wanted), _sentence(wanted, name)) for name in fitting[:100]))


def _of_kind(world: World, found: ArtifactName | Reason, kind: Kind | None) -> ArtifactName | Reason:
    if isinstance(found, Reason) or kind in (None, kind_of(world, found)):
        return found
    have = kind_of(world, found)
    return Reason("other-kind", f"{found} is a {have.value if have else 'thing without versions'}, not a {kind.value if kind else ''}.")


def kind_of(world: World, artifact: ArtifactName) -> Kind | None:
    """What an artifact is, by its registered versions."""
    return next((version.kind for version in world.versions.get(artifact, {}).values()), None)


def _fits(world: World, name: ArtifactName, wanted: ask.Promote | ask.Rollback, kind: Kind | None) -> bool:
    if isinstance(wanted, ask.Rollback):
        release = world.release(wanted.environment, name)
        return release is not None and release.live is not None
    versions = world.versions[name].values()
    return any(kind in (None, one.kind) and (wanted.version is None or wanted.version.matches(one.version)) for one in versions)


def _label(world: World, name: ArtifactName, wanted: ask.Promote | ask.Rollback) -> str:
    release = world.release(wanted.environment, name)
    live = release.live if release else None
    return f"{name} (now {live.version if live else 'nothing'} in {wanted.environment})"


def _sentence(wanted: ask.Promote | ask.Rollback, name: ArtifactName) -> str:
    if isinstance(wanted, ask.Rollback):
        words = ["rollback", name, "in", wanted.environment, *(("to", wanted.to) if wanted.to else ())]
    else:
        source = ("from", wanted.source) if wanted.source else ()
        via = ("via", wanted.via) if wanted.via else ()
        at = ("at", wanted.at) if wanted.at else ()
        words = ["promote", name, *((wanted.version,) if wanted.version else ()), *source, "to", wanted.environment, *via, *at]
    return " ".join(words)


def find_version(world: World, wanted: ask.Promote, artifact: ArtifactName) -> RegisteredVersion | Reason | Choose | None:
    """The version that is meant. None: it is not registered, but the repository may hold a tag that nobody has looked at yet."""
    if wanted.version is None:
        return _live_in(world, wanted, artifact)
    if wanted.source and (reason := _not_live_there(world, wanted, artifact)):
        return reason
    found = matching(world, artifact, wanted.version)
    if len(found) == 1:
        return found[0]
    if not found:
        return None
    named = replace(wanted, artifact=artifact)
    options = (replace(named, version=VersionAsk.read(str(one.version))) for one in found[:100])
    labels = (f"{one.version}{_metrics(one)}" for one in found[:100])
    return Choose(
        f"{artifact} has several versions that {wanted.version} could mean. Which one?",
        tuple(Option(label, _sentence(option, artifact)) for label, option in zip(labels, options, strict=True)),
    )


def _not_live_there(world: World, wanted: ask.Promote, artifact: ArtifactName) -> Reason | None:
    """`from ENV` beside a version is a claim about what runs there: a claim that does not hold is not passed over."""
    assert wanted.source and wanted.version, "a claim names a place and a version"
    release = world.release(wanted.source, artifact)
    live = release.live if release else None
    if live and wanted.version.matches(live.version):
        return None
    runs = live.version if live else "nothing"
    return Reason("not-there", f"{artifact} {wanted.version} does not run in {wanted.source}: {runs} does.")


def matching(world: World, artifact: ArtifactName, wanted: VersionAsk) -> list[RegisteredVersion]:
    """The registered versions that an asked version could mean, newest first. An exact match is alone."""
    versions = world.versions.get(artifact, {})
    exact = [one for one in versions.values() if str(one.version) == str(wanted)]
    fitting = (one for one in versions.values() if wanted.matches(one.version))
    return exact or sorted(fitting, key=lambda one: one.version.order, reverse=True)


def _live_in(world: World, wanted: ask.Promote, artifact: ArtifactName) -> RegisteredVersion | Reason:
    if wanted.source is None:
        return Reason("which-version", f"Say which version of {artifact}: {_some(world, artifact)}.")
    release = world.release(wanted.source, artifact)
    live = release.live if release else None
    found = world.version(artifact, live.version) if live else None
    return found or Reason("nothing-there", f"Nothing of {artifact} runs in {wanted.source}.")


def unknown_version(world: World, artifact: ArtifactName, wanted: VersionAsk) -> Reason:
    """Why a version cannot be promoted: nobody registered it, and no tag of the repository names it."""
    guess = near(str(wanted), map(str, world.versions.get(artifact, ())))
    meant = f" Did you mean {guess[0]}?" if guess else ""
    text = f"{artifact} has no version {wanted}, neither registered nor as a tag.{meant} There are: {_some(world, artifact)}."
    return Reason("unknown-version", text)


def _some(world: World, artifact: ArtifactName) -> str:
    found = sorted(world.versions.get(artifact, ()), key=lambda one: one.order, reverse=True)
    if not found:
        return "none"
    return ", ".join(found[:8]) + (f" and {len(found) - 8} older" if len(found) > 8 else "")


def _metrics(version: RegisteredVersion) -> str:
    shown = [f"{name} {value}" for name, value in list(version.metrics.items())[:2]]
    return f" ({', '.join(shown)})" if shown else ""
