"""Lineage: which dataset versions and which code a version came from, and which models came from a dataset version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from workers.contract import outcomes as out
from workers.contract.names import ArtifactName, Version, VersionAsk
from workers.contract.promotion import Kind, Promotion, RegisteredVersion
from workers.domain import subject
from workers.domain.state import World

LONGEST = 10
MOST_KIN = 20
TRAINED, EVALUATED = "trained on", "evaluated on"


def is_known(world: World, name: ArtifactName) -> bool:
    """Whether a version of it is registered, or a registered version says that it came from one."""
    return name in world.versions or any(True for _ in _spoken_of(world, name))


def of(world: World, artifact: ArtifactName, wanted: VersionAsk | None, note: str | None) -> out.Lineage | out.Refused:
    """The lineage of the versions that are meant: all of them when none is named."""
    every = {*world.versions.get(artifact, {}), *_spoken_of(world, artifact)}
    meant = sorted((one for one in every if wanted is None or wanted.matches(one)), key=lambda one: one.order, reverse=True)
    if not meant:
        known = ", ".join(sorted(every, key=lambda one: one.order, reverse=True)[:LONGEST]) or "none"
        reason = out.Reason("unknown-version", f"There is no version {wanted} of {artifact}. Known are: {known}.")
        return out.Refused(f"show lineage {artifact} {wanted or ''}".strip(), (reason,))
    kind = subject.kind_of(world, artifact)
    return out.Lineage(artifact, kind, tuple(descent(world, artifact, one) for one in meant[:LONGEST]), len(meant), note)


def of_promotion(world: World, promotion: Promotion) -> out.Descent | None:
    """The lineage of the version that a promotion brings; None when it is not registered."""
    found = world.version(promotion.artifact, promotion.to.version)
    return descent(world, promotion.artifact, found.version) if found else None


def descent(world: World, artifact: ArtifactName, version: Version) -> out.Descent:
    """What one version came from, and what came from it."""
    found = world.version(artifact, version)
    children = _children(world, artifact, version) if found is None or found.kind is Kind.DATASET else []
    if found is None:
        return out.Descent(version, children=tuple(children[:MOST_KIN]), total=len(children))
    return out.Descent(
        version=version,
        commit=found.commit,
        code=found.code or found.commit,
        authors=len(found.authors),
        live=_live(world, artifact, version),
        parents=tuple(_parents(world, found)),
        children=tuple(children[:MOST_KIN]),
        total=len(children),
        retraining=found.retraining,
        parameters=found.parameters,
    )


def counted(world: World, versions: Iterable[RegisteredVersion]) -> Mapping[str, int]:
    """For the datasets among these versions: how many registered model versions were trained on each, by `name version`."""
    asked = {f"{one.artifact}@{one.version}" for one in versions if one.kind is Kind.DATASET}
    counts: dict[str, int] = {}
    for model in _registered(world) if asked else ():
        for dataset in set(model.trained) & asked:
            key = dataset.replace("@", " ")
            counts[key] = counts.get(key, 0) + 1
    return counts


def _registered(world: World) -> Iterator[RegisteredVersion]:
    for versions in world.versions.values():
        yield from versions.values()


def _sources(version: RegisteredVersion) -> Iterator[tuple[str, str]]:
    """How and from which `name@version` a version came."""
    yield from ((TRAINED, one) for one in version.trained)
    if version.dataset:
        yield EVALUATED, version.dataset


def _spoken_of(world: World, name: ArtifactName) -> Iterator[Version]:
    for one in _registered(world):
        for _, source in _sources(one):
            dataset, _, version = source.partition("@")
            if dataset == name:
                yield Version.read(version)


def _parents(world: World, version: RegisteredVersion) -> Iterator[out.Kin]:
    for how, source in _sources(version):
        name, _, number = source.partition("@")
        yield _kin(world, how, ArtifactName.read(name), Version.read(number))


def _children(world: World, artifact: ArtifactName, version: Version) -> list[out.Kin]:
    """What is live comes first, then the newest."""
    source = f"{artifact}@{version}"
    found = [_kin(world, how, one.artifact, one.version) for one in _registered(world) for how, name in _sources(one) if name == source]
    found.sort(key=lambda kin: kin.version.order, reverse=True)
    found.sort(key=lambda kin: (not kin.live, kin.how != TRAINED, kin.artifact))
    return found


def _kin(world: World, how: str, artifact: ArtifactName, version: Version) -> out.Kin:
    found = world.version(artifact, version)
    succeeded = {str(name): since for name, since in found.succeeded_in.items()} if found else {}
    return out.Kin(how, artifact, version, found is not None, _live(world, artifact, version), succeeded)


def _live(world: World, artifact: ArtifactName, version: Version) -> tuple[out.Standing, ...]:
    placed = ((name, world.release(name, artifact)) for name in world.policy.environments)
    live = ((name, release.live) for name, release in placed if release and release.live)
    return tuple(out.Standing(name, one.promotion, one.since) for name, one in live if one.version == version)
