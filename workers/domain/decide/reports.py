"""What our own processes report: versions read, steps of a deployment done. A report that no longer fits the ledger changes nothing."""

from __future__ import annotations

from dataclasses import replace

from workers.contract import requests as ask
from workers.contract.envelope import stamp
from workers.contract.outcomes import Notice, Reason, Registered
from workers.contract.promotion import Promotion, RegisteredVersion, State, Step
from workers.domain import bundle, gates, lane, rights
from workers.domain import decision as d
from workers.domain.decide import together
from workers.domain.state import World

Report = ask.Deployed | ask.Verified | ask.Restored


def inspected(world: World, case: d.Case, report: ask.Inspected) -> d.Decision:
    """A version enters the ledger, once: another content under a known name is refused, never followed."""
    if case.asked and (reason := rights.standing(case)):
        return d.refuse(world, case, f"register {report.found.artifact} {report.found.version}", reason)
    found = replace(report.found, registered_at=case.time, seq=world.seq + 1, succeeded_in={}, deprecated=None)
    known = world.version(found.artifact, found.version)
    if known is not None:
        return _again(world, case, known, found)
    if reason := _conflict(world, found):
        return d.refuse(world, case, f"register {found.artifact} {found.version}", reason)
    return d.Decision(
        event="registered",
        subject=f"{found.artifact} {found.version}: registered",
        documents=(found,),
        about=(found.artifact, found.version, None),
        outcomes=(Registered(found, environments=_today(world, found)),) if case.asked else (),
    )


def _again(world: World, case: d.Case, known: RegisteredVersion, found: RegisteredVersion) -> d.Decision:
    if (known.commit, known.digest) == (found.commit, found.digest):
        return d.answer(Registered(known, environments=_today(world, known))) if case.asked else d.NOTHING
    text = f"{known.artifact} {known.version} is registered and never changes: {_difference(known, found)}"
    return d.refuse(world, case, f"register {known.artifact} {known.version}", Reason("version-exists", text))


def _difference(known: RegisteredVersion, found: RegisteredVersion) -> str:
    """What a known version is and what was found under its name, with what to do."""
    if known.commit != found.commit:
        return f"it lies on {known.commit[:12]}, that is {found.commit[:12]}. Give what is new a new version."
    if set(known.outputs) != set(found.outputs):
        has, named = (_images(one) for one in (known, found))
        return f"it has {has}, that names {named}. An image that was built anew needs a new version, on a commit of its own."
    return f"its digest is {known.digest.short}, the files at {known.commit[:12]} have {found.digest.short} now. Somebody replaced them."


def _images(version: RegisteredVersion) -> str:
    return " and ".join(one.short for one in version.outputs) or "no image"


def _conflict(world: World, found: RegisteredVersion) -> Reason | None:
    versions = world.versions.get(found.artifact, {}).values()
    if other := next((one for one in versions if one.commit == found.commit), None):
        text = (
            f"{found.commit[:12]} is already {found.artifact} {other.version}; one commit holds one version of an artifact. "
            f"Promote {other.version}, or commit what is new (an empty commit will do) and register that."
        )
        return Reason("commit-taken", text)
    if other := next((one for one in versions if one.kind is not found.kind), None):
        return Reason(
            "kind-changed", f"{found.artifact} is a {other.kind.value} since {other.version}; a {found.kind.value} needs another name."
        )
    return None


def not_inspected(world: World, case: d.Case, report: ask.NotInspected) -> d.Decision:
    """The version could not be read; who asked is told every reason."""
    reasons = tuple(Reason("content", text) for text in report.reasons)
    what = f"register {report.artifact} {report.version}"
    if case.asked:
        return d.refuse(world, case, what, *reasons)
    text = f"The tag of {report.artifact} {report.version} cannot be registered: {' '.join(report.reasons)} Nothing was changed."
    return d.Decision(announce=(Notice(f"{text} Mend the commit, and tag it as another version."),))


def deployed(world: World, case: d.Case, report: ask.Deployed) -> d.Decision:
    """The target took the version (verify it), or said no (the old version went on serving), or nobody knows.

    A no says that this deployment changed nothing. What an earlier one may have changed, if its end was not seen, it does not say.
    """
    promotion = _under_way(world, report, State.DEPLOYING)
    if promotion is None:
        return d.NOTHING
    if report.seen is ask.Seen.DONE and (other := together.broken(world, promotion)):
        return together.take_back(world, case, promotion, other)
    if report.seen is ask.Seen.DONE:
        moved = _step(world, case, promotion, State.VERIFYING, "verifying", report, look_at=_deadline(case))
        return d.moved(moved, effects=(d.Verify(promotion.id, promotion.generation),))
    if report.seen in (ask.Seen.REFUSED, ask.Seen.UNREACHABLE) and lane.settled(world, promotion):
        return d.moved(_step(world, case, promotion, State.FAILED, "failed", report, look_at=None), lane.gone_back(world, promotion))
    if report.seen is ask.Seen.MISMATCH and not promotion.rollback:
        return _roll_back(world, case, promotion, report)
    return attention(world, case, promotion, report.text, report)


def verified(world: World, case: d.Case, report: ask.Verified) -> d.Decision:
    """The proof holds: succeeded. It does not: back to what was live, at once (but a rollback is never itself rolled back)."""
    promotion = _under_way(world, report, State.VERIFYING)
    if promotion is None:
        return d.NOTHING
    if report.seen is ask.Seen.DONE and not bundle.is_proved_but_for(world, promotion):
        return _proved(world, case, promotion, report)
    if report.seen is ask.Seen.DONE:
        moved = _step(world, case, promotion, State.SUCCEEDED, "succeeded", report, look_at=None)
        return d.moved(moved, *lane.succeeded(world, promotion, case.time))
    if report.seen is ask.Seen.MISMATCH and not promotion.rollback:
        return _roll_back(world, case, promotion, report)
    return attention(world, case, promotion, report.text, report)


def _proved(world: World, case: d.Case, promotion: Promotion, report: Report) -> d.Decision:
    """It serves what was asked, and waits for the others of its bundle: they succeed together."""
    if promotion.proved_at:
        return d.NOTHING
    text = f"{report.text} It waits for the rest of its bundle."
    return d.moved(d.note(world, case, promotion, "proved", text, proved_at=case.time, look_at=None, step=_seen(report, promotion)))


def _roll_back(world: World, case: d.Case, promotion: Promotion, report: Report) -> d.Decision:
    return lane.go_back(world, case, promotion, "rolling_back", report.text, _seen(report, promotion))


def restored(world: World, case: d.Case, report: ask.Restored) -> d.Decision:
    """The former version serves again: rolled back, and a digest whose proof did not hold is on hold here. Otherwise a person must look.

    Somebody who aborts has shown nothing about the bytes, nor has a target that did not take them: it may have been disturbed. Then there is no hold.
    """
    promotion = _under_way(world, report, State.ROLLING_BACK)
    if promotion is None:
        return d.NOTHING
    if report.seen is not ask.Seen.DONE:
        return attention(world, case, promotion, report.text, report)
    moved = _step(world, case, promotion, State.ROLLED_BACK, "rolled_back", report, look_at=None)
    began = next(event for event in reversed(promotion.events) if event.event in ("rolling_back", "aborted"))
    holds = (lane.hold_on(promotion, promotion.to, case, began.text),) if promotion.was_disproved else ()
    return d.moved(moved, lane.gone_back(world, promotion), *holds)


def attention(world: World, case: d.Case, promotion: Promotion, why: str, report: Report | None = None) -> d.Decision:
    """Nobody can tell what runs, or going back did not work: the lane is blocked until a named person decides."""
    back = f"rollback {promotion.artifact} in {promotion.environment}"
    reasons = (why, f"A person must decide: retry {promotion.id}, accept live {promotion.id}, or {back}.")
    step = _seen(report, promotion) if report else promotion.step
    moved = d.move(world, case, promotion, State.NEEDS_ATTENTION, "needs_attention", why, reasons=reasons, look_at=None, step=step)
    return d.moved(moved)


def _under_way(world: World, report: Report, state: State) -> Promotion | None:
    promotion = world.promotions.get(report.promotion)
    fits = promotion is not None and promotion.state is state and promotion.generation == report.generation
    return promotion if fits else None


def _step(world: World, case: d.Case, promotion: Promotion, state: State, event: str, report: Report, look_at: str | None) -> Promotion:
    return d.move(world, case, promotion, state, event, report.text, step=_seen(report, promotion), look_at=look_at)


def _seen(report: Report, promotion: Promotion) -> Step:
    name = type(report).__name__.lower()
    attempt = promotion.step.attempt + 1 if promotion.step and promotion.step.name == name else 1
    return Step(name, report.target, report.text, attempt)


def _deadline(case: d.Case) -> str:
    return stamp(case.now + lane.DEADLINE)


def _today(world: World, found: RegisteredVersion) -> dict[str, tuple[str, ...]]:
    """What each environment would refuse today."""
    told = {}
    for name in world.policy.environments:
        rules = world.policy.rules_for(name, found.artifact, found.kind)
        assert rules is not None, "each environment has rules"
        release = world.release(name, found.artifact)
        live = world.version(found.artifact, release.live.version) if release and release.live else None
        candidate = gates.Candidate(world, rules, found, live)
        later = gates.not_looked_at(candidate)
        told[str(name)] = tuple(gate.text for gate in gates.stops(gates.judge(candidate)) if gate.gate not in later)
    return told
