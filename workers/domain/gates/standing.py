"""The gates that stand everywhere, whatever the policy lists: order, holds, deprecation, separation."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract.promotion import GateResult, Result
from workers.domain.authors import makers
from workers.domain.gates.candidate import Candidate


def judge(candidate: Candidate) -> Iterator[GateResult]:
    """Their results; a gate that has nothing to say is silent."""
    for gate in (_order, _hold, _deprecated, _separation):
        yield from gate(candidate)


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
    made_by = makers(candidate.world, candidate.version)
    nameless = [author for author, person in made_by.items() if person is None]
    if nameless or not made_by:
        text = "nobody can say who made this version, so the author cannot be kept from approving it; add the commit's e-mail address to `people`"
        yield GateResult("separation", Result.CANNOT_TELL, text, tuple(nameless))
    else:
        people = sorted({person for person in made_by.values() if person})
        yield GateResult("separation", Result.PASS, f"made by {', '.join(people)}, who may not approve it")
