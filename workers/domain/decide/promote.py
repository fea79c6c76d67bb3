"""`promote`: a new promotion is opened, with all its gates judged at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from workers.contract import requests as ask
from workers.contract.envelope import read_stamp, stamp
from workers.contract.names import ActorId, ArtifactName, Digest, EnvironmentName, Instant
from workers.contract.outcomes import Choose, Reason, Receipt
from workers.contract.promotion import Placed, Promotion, RegisteredVersion, State
from workers.domain import decision as d
from workers.domain import gates, lane, rights, subject
from workers.domain.decide import evidence, superseding
from workers.domain.policy import Rules
from workers.domain.state import World

FURTHEST = timedelta(days=30)
NO_PLAN = Digest.read("sha256:" + "0" * 64)


@dataclass(frozen=True)
class Asking:
    """What is asked for, in words, and which right it needs."""

    what: str
    denied: Callable[[World, d.Case, Rules], Reason | None]


def promote(world: World, case: d.Case, wanted: ask.Promote) -> d.Decision:
    """Open a promotion, or say every reason why not."""
    found = find(world, case, wanted, Asking(_what(wanted), rights.may_request))
    if isinstance(found, d.Decision):
        return found
    rules, version, onwards = found.rules, found.version, found.then_to
    if there := already(world, rules, version):
        further = f" Ask for {onwards} when it has succeeded." if onwards else ""
        return d.answer(replace(there, text=there.text + further))
    gone = superseding.waiting(world, version.artifact, rules.name) if rules.supersede else []
    cleared = superseding.without(world, gone)
    promotion = lane.judged(
        cleared, new(cleared, case, rules, version, replace(by(case), then_to=onwards, start_at=wanted.at)), rules, case.now
    )
    if first := evidence.gather_first(cleared, case, (promotion, rules)):
        return first
    begun = opened(cleared, case, promotion, rules, f"Goes on to {onwards} once it has succeeded here." if onwards else "")
    return superseding.instead(world, case, begun, gone)


@dataclass(frozen=True)
class Found:
    """What a sentence means: the rules of the place that is gone to now, the version, and where it is to go from there."""

    rules: Rules
    version: RegisteredVersion
    then_to: EnvironmentName | None = None


def find(world: World, case: d.Case, wanted: ask.Promote, asking: Asking) -> Found | d.Decision:
    """What is meant, or the answer when it is not clear, not known, or not allowed."""
    what = asking.what
    artifact = subject.find_artifact(world, case, wanted)
    if isinstance(artifact, Choose):
        return d.answer(artifact)
    rules = subject.rules_of(world, wanted.environment, artifact if isinstance(artifact, str) else None)
    if isinstance(rules, Reason) or isinstance(artifact, Reason):
        if _worth_a_look(wanted, artifact, case) and not isinstance(rules, Reason):
            return _look(wanted, case)
        return d.refuse(world, case, what, *(reason for reason in (rules, artifact) if isinstance(reason, Reason)))
    first = _first_stop(world, wanted, artifact)
    if isinstance(first, Reason):
        return d.refuse(world, case, what, first)
    denied = [reason for one in (rules, first) if one and (reason := asking.denied(world, case, one))]
    if reasons := denied or list(unfit(case, wanted.at)):
        return d.refuse(world, case, what, *reasons)
    version = subject.find_version(world, wanted, artifact)
    if isinstance(version, Choose):
        return d.answer(version)
    if version is None:
        return _unknown(world, case, what, replace(wanted, artifact=artifact))
    if isinstance(version, Reason):
        return d.refuse(world, case, what, version)
    if first and not world.succeeded_since(first.name, artifact, version.digest):
        return Found(first, version, rules.name)
    return Found(rules, version)


def _first_stop(world: World, wanted: ask.Promote, artifact: ArtifactName) -> Rules | Reason | None:
    """The rules of the environment that is gone through first, if one is; it must stand before the other."""
    if wanted.via is None:
        return None
    rules, order = subject.rules_of(world, wanted.via, artifact), list(world.policy.environments)
    if isinstance(rules, Reason) or order.index(wanted.via) < order.index(wanted.environment):
        return rules
    return Reason("via", f"{wanted.via} does not stand before {wanted.environment} in the policy. The way is: {', '.join(order)}.")


def _what(wanted: ask.Promote) -> str:
    via = f" via {wanted.via}" if wanted.via else ""
    return f"promote {wanted.artifact or ''} {wanted.version or ''} to {wanted.environment}{via}".replace("  ", " ")


def unfit(case: d.Case, at: Instant | None) -> Iterator[Reason]:
    """Why it cannot be scheduled for then. The rules of so far a day are not known, and nobody remembers what was asked."""
    until_then = read_stamp(at) - case.now if at else None
    if until_then is not None and until_then <= timedelta(0):
        yield Reason("past", f"{at} is past. To have it begin as soon as it may, leave the time out.")
    if until_then is not None and until_then > FURTHEST:
        yield Reason("too-far", f"{at} is more than {FURTHEST.days} days away. Ask nearer to that day.")


def _unknown(world: World, case: d.Case, what: str, wanted: ask.Promote) -> d.Decision:
    assert wanted.artifact and wanted.version, "only an asked version can be unknown"
    if not case.looked:
        return _look(wanted, case)
    return d.refuse(world, case, what, subject.unknown_version(world, wanted.artifact, wanted.version))


def _worth_a_look(wanted: ask.Promote, artifact: object, case: d.Case) -> bool:
    unknown = isinstance(artifact, Reason) and artifact.code == "unknown-artifact"
    return unknown and wanted.artifact is not None and wanted.version is not None and not case.looked


def _look(wanted: ask.Promote, case: d.Case) -> d.Decision:
    assert wanted.artifact and wanted.version, "a look needs a name and a version"
    return d.answer(effects=(d.Inspect(wanted.artifact, wanted.version, case.wire),))


@dataclass(frozen=True)
class Asker:
    """Who wants a promotion: the person (or, where nobody asked, our process), where its card goes, where it is to go from there, and when."""

    id: ActorId
    channel: str
    because: str | None = None
    then_to: EnvironmentName | None = None
    start_at: Instant | None = None


def by(case: d.Case) -> Asker:
    """The actor of a request, in the conversation where it was said."""
    return Asker(case.actor.id, case.conversation.channel if case.conversation else "", case.because)


def opened(world: World, case: d.Case, promotion: Promotion, rules: Rules, said: str = "") -> d.Decision:
    """What becomes of a promotion whose gates were judged: refused, asked for approval, queued, or begun."""
    event = "emergency" if promotion.skipped else "checked" if promotion.events else "requested"
    if stopped := gates.stops(promotion.gates):
        if not promotion.events and d.floods(world, case):
            what = f"promote {promotion.artifact} {promotion.to.version} to {rules.name}"
            return d.refuse(world, case, what, *(Reason(gate.gate, gate.text) for gate in stopped))
        reasons = tuple(gate.text for gate in stopped)
        text = f"{len(stopped)} of {len(promotion.gates)} gates {'stops' if len(stopped) == 1 else 'stop'} it."
        return d.moved(d.move(world, case, promotion, State.REFUSED, "refused", f"{said} {text}".strip(), reasons=reasons))
    if promotion.quorum:
        when = f"It begins at {promotion.start_at}, or as soon as it is approved after that." if promotion.start_at else ""
        expires, text = stamp(case.now + rules.expires), " ".join(part for part in (said, "Asked for approval.", when) if part)
        return d.moved(d.move(world, case, promotion, State.WAITING, event, text, expires_at=expires, reasons=()))
    needed = "" if promotion.skipped and rules.approve else "No approval is needed."
    return lane.proceed(world, case, promotion, rules, event, f"{said} {needed}".strip())


def already(world: World, rules: Rules, version: RegisteredVersion) -> Receipt | None:
    """The answer when the version is on its way there or there already."""
    for other in world.in_lane(rules.name, version.artifact):
        if other.to.digest == version.digest and other.to.version == version.version:
            return Receipt(
                f"{other.id} already asks for {version.artifact} {version.version} in {rules.name}: {other.state.value}.", other.id
            )
    release = world.release(rules.name, version.artifact)
    if release and release.live and not release.in_flight and release.live.digest == version.digest:
        live = release.live
        return Receipt(
            f"{version.artifact} {live.version} has been in {rules.name} since {live.since} ({live.promotion or 'external'}). Nothing to do.",
            live.promotion,
        )
    return None


def new(world: World, case: d.Case, rules: Rules, version: RegisteredVersion, asker: Asker) -> Promotion:
    """A promotion that nothing was judged of yet."""
    id_ = world.next_promotion
    return Promotion(
        id=id_,
        artifact=version.artifact,
        kind=version.kind,
        environment=rules.name,
        to=Placed(version.version, version.commit, version.digest, id_, case.time, version.outputs),
        state=State.CHECKING,
        requester=asker.id,
        requested_at=case.time,
        channel=asker.channel,
        plan=NO_PLAN,
        policy=world.policy.digest,
        request_id=case.envelope.request_id,
        because=asker.because,
        then_to=asker.then_to,
        start_at=asker.start_at,
    )
