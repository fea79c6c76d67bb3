"""The gates: each a pure function of evidence in the ledger, with a result that people can read. What cannot be told stops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workers.contract.promotion import GateResult, Kind, RegisteredVersion, Result
from workers.domain.policy import Bound, Rules, is_number
from workers.domain.state import World


@dataclass(frozen=True)
class Candidate:
    """What gates may look at: the ledger, the environment's rules, the version asked for, and the one that runs there now."""

    world: World
    rules: Rules
    version: RegisteredVersion
    live: RegisteredVersion | None


def judge(candidate: Candidate) -> tuple[GateResult, ...]:
    """Every gate of the environment, all results at once."""
    return tuple(gate for judged in (_order, _hold, _deprecated, _separation, _metrics) for gate in judged(candidate))


def stops(gates: tuple[GateResult, ...]) -> list[GateResult]:
    """The results that stop a promotion."""
    return [gate for gate in gates if gate.result in (Result.FAIL, Result.CANNOT_TELL)]


def _order(candidate: Candidate) -> Iterator[GateResult]:
    after = candidate.rules.after
    if after is None:
        return
    version = candidate.version
    since = candidate.world.succeeded_since(after, version.artifact, version.digest)
    if since is None:
        yield GateResult("order", Result.FAIL, f"{version.version} has not succeeded in {after} yet; promote it there first")
    elif hold := candidate.world.holder(after, version.artifact, version.digest):
        yield GateResult("order", Result.FAIL, f"{version.version} is on hold in {after}: {hold.because}")
    else:
        yield GateResult("order", Result.PASS, f"succeeded in {after} with the identical digest, {since}", (version.digest,))


def _hold(candidate: Candidate) -> Iterator[GateResult]:
    version, environment = candidate.version, candidate.rules.name
    if hold := candidate.world.holder(environment, version.artifact, version.digest):
        by = hold.by if hold.by.is_person else "Towpath"
        fix = f"unhold {version.artifact} {version.version} in {environment} because ..."
        yield GateResult("hold", Result.FAIL, f"on hold in {environment} since {hold.since} by {by}: {hold.because} (to lift it: {fix})")


def _deprecated(candidate: Candidate) -> Iterator[GateResult]:
    version = candidate.version
    if gone := version.deprecated:
        fix = f"undeprecate {version.artifact} {version.version} because ..."
        yield GateResult("deprecated", Result.FAIL, f"deprecated since {gone.at} by {gone.by}: {gone.because} (to take that back: {fix})")


def _separation(candidate: Candidate) -> Iterator[GateResult]:
    if not any("author" in one.exclude for one in candidate.rules.approve):
        return
    nameless = [author for author in candidate.version.authors if candidate.world.policy.person_of(author) is None]
    if nameless or not candidate.version.authors:
        text = "nobody can say who made this version, so the author cannot be kept from approving it; add the commit's e-mail address to `people`"
        yield GateResult("separation", Result.CANNOT_TELL, text, tuple(nameless))
    else:
        people = sorted({candidate.world.policy.emails[author] for author in candidate.version.authors})
        yield GateResult("separation", Result.PASS, f"made by {', '.join(people)}, who may not approve it")


def _metrics(candidate: Candidate) -> Iterator[GateResult]:
    if not candidate.rules.metrics:
        return
    if candidate.version.kind is not Kind.MODEL:
        yield GateResult("metrics", Result.NOT_APPLICABLE, f"not applicable to a {candidate.version.kind.value}")
        return
    proof = (candidate.version.metrics_digest,) if candidate.version.metrics_digest else ()
    for name, bound in candidate.rules.metrics.items():
        result, text = _metric(name, bound, candidate)
        yield GateResult(f"metrics: {name}", result, text, proof)


def _metric(name: str, bound: Bound, candidate: Candidate) -> tuple[Result, str]:
    have = candidate.version.metrics.get(name)
    if have is None or not is_number(have):
        return Result.CANNOT_TELL, f"{name} is not in the version's metrics"
    value = float(have)
    if bound.at_least is not None and value < bound.at_least:
        return Result.FAIL, f"{name} is {have}, below {bound.at_least}"
    if bound.at_most is not None and value > bound.at_most:
        return Result.FAIL, f"{name} is {have}, above {bound.at_most}"
    limits = [f"at least {bound.at_least}"] if bound.at_least is not None else []
    limits += [f"at most {bound.at_most}"] if bound.at_most is not None else []
    if bound.not_worse_than_live_by is None or candidate.live is None:
        return Result.PASS, f"{name} is {have}" + (f", {' and '.join(limits)} is needed" if limits else "")
    return _against_live(name, have, bound, candidate.live, candidate.version)


def _against_live(name: str, have: str, bound: Bound, live: RegisteredVersion, version: RegisteredVersion) -> tuple[Result, str]:
    allowed = bound.not_worse_than_live_by or 0.0
    was = live.metrics.get(name)
    if was is None or not is_number(was):
        return Result.CANNOT_TELL, f"the live version {live.version} has no {name} to compare with"
    if (live.dataset, live.dataset_digest) != (version.dataset, version.dataset_digest):
        text = f"{name} was measured on {version.dataset or 'nobody says what'}, the live version's on {live.dataset or 'nobody says what'}"
        return Result.CANNOT_TELL, f"{text}: not comparable"
    lower_is_better = bound.at_least is None and bound.at_most is not None
    worse = (float(have) - float(was)) if lower_is_better else (float(was) - float(have))
    said = f"{name} is {have}, the live {live.version} has {was}"
    if round(worse, 12) > allowed:
        return Result.FAIL, f"{said}: worse by {worse:.4g}, {allowed} is allowed"
    return Result.PASS, said
