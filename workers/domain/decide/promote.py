"""`promote` and `rollback`: a new promotion is opened, with all its gates judged at once."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.envelope import stamp
from workers.contract.names import Digest
from workers.contract.outcomes import Choose, Reason, Receipt
from workers.contract.promotion import Placed, Promotion, RegisteredVersion, Release, State
from workers.domain import decision as d
from workers.domain import gates, lane, rights, subject
from workers.domain.policy import Rules
from workers.domain.state import World

NO_PLAN = Digest.read("sha256:" + "0" * 64)


def promote(world: World, case: d.Case, wanted: ask.Promote) -> d.Decision:
    """Open a promotion, or say every reason why not."""
    what = f"promote {wanted.artifact or ''} {wanted.version or ''} to {wanted.environment}".replace("  ", " ")
    rules = subject.rules_of(world, wanted.environment)
    artifact = subject.find_artifact(world, case, wanted)
    if isinstance(artifact, Choose):
        return d.answer(artifact)
    if isinstance(rules, Reason) or isinstance(artifact, Reason):
        if _worth_a_look(wanted, artifact, case) and not isinstance(rules, Reason):
            return _look(wanted, case)
        return d.refuse(world, case, what, *(reason for reason in (rules, artifact) if isinstance(reason, Reason)))
    if reason := rights.may_request(world, case, rules):
        return d.refuse(world, case, what, reason)
    version = subject.find_version(world, wanted, artifact)
    if isinstance(version, Choose):
        return d.answer(version)
    if version is None:
        return _unknown(world, case, what, replace(wanted, artifact=artifact))
    if isinstance(version, Reason):
        return d.refuse(world, case, what, version)
    return _open(world, case, rules, version, what)


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


def _open(world: World, case: d.Case, rules: Rules, version: RegisteredVersion, what: str) -> d.Decision:
    if there := already(world, rules, version):
        return d.answer(there)
    promotion = _new(world, case, rules, version)
    if stopped := gates.stops(promotion.gates):
        if d.floods(world, case):
            return d.refuse(world, case, what, *(Reason(gate.gate, gate.text) for gate in stopped))
        reasons = tuple(gate.text for gate in stopped)
        text = f"{len(stopped)} of {len(promotion.gates)} gates {'stops' if len(stopped) == 1 else 'stop'} it."
        return d.moved(d.move(world, case, promotion, State.REFUSED, "refused", text, reasons=reasons))
    if promotion.quorum:
        expires = stamp(case.now + rules.expires)
        return d.moved(d.move(world, case, promotion, State.WAITING, "requested", "Asked for approval.", expires_at=expires))
    return lane.proceed(world, case, promotion, rules, "requested", "No approval is needed.")


def already(world: World, rules: Rules, version: RegisteredVersion) -> Receipt | None:
    """What to say when there is nothing to ask for: somebody did, or it runs there."""
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


def _new(world: World, case: d.Case, rules: Rules, version: RegisteredVersion) -> Promotion:
    return lane.judged(world, bare(world, case, rules, version), rules)


def bare(world: World, case: d.Case, rules: Rules, version: RegisteredVersion) -> Promotion:
    """A promotion of which nothing is judged yet."""
    id_ = world.next_promotion
    channel = case.conversation.channel if case.conversation else ""
    return Promotion(
        id=id_,
        artifact=version.artifact,
        kind=version.kind,
        environment=rules.name,
        to=Placed(version.version, version.commit, version.digest, id_, case.time, version.outputs),
        state=State.CHECKING,
        requester=case.actor.id,
        requested_at=case.time,
        channel=channel,
        plan=NO_PLAN,
        policy=world.policy.digest,
        request_id=case.envelope.request_id,
        because=case.because,
    )


def rollback(world: World, case: d.Case, wanted: ask.Rollback) -> d.Decision:
    """Go back at once: a running promotion of the lane is stopped, what is left behind is put on hold."""
    what = f"roll back {wanted.artifact or ''} in {wanted.environment}".replace("  ", " ")
    rules = subject.rules_of(world, wanted.environment)
    artifact = subject.find_artifact(world, case, wanted)
    if isinstance(artifact, Choose):
        return d.answer(artifact)
    if isinstance(rules, Reason) or isinstance(artifact, Reason):
        return d.refuse(world, case, what, *(reason for reason in (rules, artifact) if isinstance(reason, Reason)))
    if reason := rights.may_run(world, case, rules):
        return d.refuse(world, case, what, reason)
    release = world.release(rules.name, artifact)
    to = _goal(world, release, wanted) if release else None
    if release is None or to is None:
        return d.refuse(
            world,
            case,
            what,
            Reason("nothing-good", f"No earlier version of {artifact} has succeeded in {rules.name} and is free of holds."),
        )
    if isinstance(to, Reason):
        return d.refuse(world, case, what, to)
    return _go_back(world, case, rules, release, to)


def _goal(world: World, release: Release, wanted: ask.Rollback) -> Placed | Reason | None:
    if wanted.to is None:
        return lane.last_good(world, release)
    for placed in reversed(release.succeeded):
        if wanted.to.matches(placed.version):
            if hold := world.holder(release.environment, release.artifact, placed.digest):
                return Reason("hold", f"{placed.version} is on hold in {release.environment}: {hold.because}")
            if placed == release.live and not release.in_flight:
                return Reason("already-live", f"{placed.version} is what runs in {release.environment} now.")
            return placed
    return Reason("never-succeeded", f"No version {wanted.to} of {release.artifact} has succeeded in {release.environment}.")


def _go_back(world: World, case: d.Case, rules: Rules, release: Release, to: Placed) -> d.Decision:
    version = world.version(release.artifact, to.version)
    assert version is not None, "what succeeded is registered"
    opened = _new(world, case, rules, version)
    left = release.desired if release.in_flight else release.live
    stopped = world.promotions.get(release.in_flight) if release.in_flight else None
    passed = _passed_over(rules, stopped, version)
    opened = replace(opened, rollback=True, quorum=None, live=left, gates=())
    text = f"Going back from {left.version if left else 'nothing'} to {to.version}. Passed over: {', '.join(passed)}."
    begun = lane.start(world, case, opened, "requested", text)
    extra: list[Promotion] = []
    if stopped:
        extra.append(
            d.move(world, case, stopped, State.SUPERSEDED, "superseded", f"Stopped by {opened.id}, which goes back to {to.version}.")
        )
    holds = (lane.hold_on(opened, left, case, case.because or f"left behind by {opened.id}"),) if left and left.digest != to.digest else ()
    return replace(begun, documents=(*begun.documents, *extra, *holds))


def _passed_over(rules: Rules, stopped: Promotion | None, version: RegisteredVersion) -> list[str]:
    passed = ["approval"] if rules.approve else []
    passed += ["soak"] if rules.soak else []
    passed += ["gates"] if rules.metrics or rules.after else []
    passed += [f"{stopped.id}, which was {stopped.state.value.replace('_', ' ')}"] if stopped else []
    passed += [f"that {version.version} is deprecated ({version.deprecated.because})"] if version.deprecated else []
    return passed or ["nothing"]
