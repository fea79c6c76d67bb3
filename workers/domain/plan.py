"""The plan of a promotion: what approvals bind, what differs from what runs now, whose approval is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from workers.contract import wire
from workers.contract.names import Digest
from workers.contract.promotion import Change, GateResult, Placed, Promotion, Quorum, RegisteredVersion, State
from workers.domain import shape, states
from workers.domain.gates.metrics import is_number
from workers.domain.policy import Rules
from workers.domain.state import World


def ahead(world: World, promotion: Promotion) -> list[Promotion]:
    """The promotions of the lane that go first, in their order: the one under way, queued emergencies, then those with a lower number.

    One that waits by somebody's own will (paused, or for an instant) lets others pass: it must not keep the lane for days.
    """
    if world.is_alone(promotion):
        return []
    others = [one for one in world.in_lane(promotion.environment, promotion.artifact) if one.id != promotion.id]
    queued = [one for one in others if one.state is State.QUEUED and turn(one) < turn(promotion) and not _lets_pass(one)]
    return [*(one for one in others if one.state in states.IN_FLIGHT), *sorted(queued, key=turn)]


def turn(promotion: Promotion) -> tuple[bool, int]:
    """Where a promotion stands in the queue of its lane: what is frozen or soaks must not keep an emergency waiting that passes that over."""
    return not promotion.skipped, promotion.id.number


def _lets_pass(promotion: Promotion) -> bool:
    return promotion.paused is not None or promotion.start_at is not None


def baseline(world: World, promotion: Promotion) -> Placed | None:
    """What the promotion is compared with: what the lane will run once the promotion right ahead of it has ended as asked."""
    if first := ahead(world, promotion):
        return first[-1].to
    release = world.release(promotion.environment, promotion.artifact)
    return release.live if release else None


def digest(promotion: Promotion, live: Placed | None, rules: Rules, gates: tuple[GateResult, ...]) -> Digest:
    """The plan digest: promotion, from, to, the rules in force, the evidence. Nothing observed and nothing timed, so it is the same tomorrow."""
    evidence = tuple(sorted({one for gate in gates for one in gate.evidence}))
    skipped = tuple(sorted(promotion.skipped))
    place = (promotion.id, promotion.artifact, promotion.kind, promotion.environment)
    return _hashed((*place, live.digest if live else None, promotion.to.digest, promotion.to.commit, rules.digest, evidence, skipped))


_PARTS = ("promotion", "artifact", "kind", "environment", "from", "to", "commit", "rules", "evidence", "skipped")


@lru_cache(maxsize=1 << 15)
def _hashed(parts: tuple[object, ...]) -> Digest:
    """Remembered: a sweep asks it of everything that is queued, and almost always it is what it was."""
    plan = {name: part for name, part in zip(_PARTS, parts, strict=True) if name != "skipped" or part}
    return Digest.read(wire.sha256(wire.canonical(plan)))


def quorums(rules: Rules, promotion: Promotion) -> tuple[Quorum, ...]:
    """Whose approvals are needed: every one of them. The requester never counts, whatever the policy says; where nobody asked, no author does."""
    never = ("requester",) if promotion.requester.is_person else ("requester", "author")
    return tuple(replace(one, exclude=tuple(dict.fromkeys((*never, *one.exclude)))) for one in rules.approve)


def changes(then: RegisteredVersion, now: RegisteredVersion | None) -> tuple[Change, ...]:
    """What differs between the version that would go live and the one that runs now: digest, metrics, lineage, size, rows, columns, signature."""
    return tuple(_changes(then, now))


def _changes(then: RegisteredVersion, now: RegisteredVersion | None) -> Iterator[Change]:
    yield Change("digest", now.digest.short if now else "nothing", then.digest.short)
    here, there = _images(now), _images(then)
    for image in sorted({*here, *there}):
        if here.get(image) != there.get(image):
            yield Change(f"image {image}", here.get(image, "none"), there.get(image, "none"))
    before = now.metrics if now else {}
    for name in sorted({*then.metrics, *before}):
        old, new = before.get(name, "none"), then.metrics.get(name, "none")
        if old != new:
            yield Change(name, old, f"{new}{_delta(old, new)}")
    for what, old_text, new_text in (
        ("evaluated on", now.dataset if now else None, then.dataset),
        ("trained on", ", ".join(now.trained) if now else None, ", ".join(then.trained)),
        ("training code", _code(now), _code(then)),
        ("size", _size(now) if now else None, _size(then)),
    ):
        if (old_text or None) != (new_text or None):
            yield Change(what, old_text or "nothing", new_text or "nothing")
    yield from shape.changes(then, now)


def _code(version: RegisteredVersion | None) -> str | None:
    return version.code[:12] if version and version.code else None


def _images(version: RegisteredVersion | None) -> dict[str, str]:
    """The digests of each image, in short; almost always one."""
    outputs = version.outputs if version else ()
    return {one.image: ", ".join(other.digest.short for other in outputs if other.image == one.image) for one in outputs}


def _size(version: RegisteredVersion) -> str:
    return f"{version.bytes:,} bytes" + (f" in {version.files} files" if version.files != 1 else "")


def _delta(old: str, new: str) -> str:
    if not (is_number(old) and is_number(new)) or old == new:
        return ""
    return f" ({float(new) - float(old):+.4g})"
