"""The gates of an environment as they would judge a version that is not registered yet, and what no hand can run."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract.names import CommitId
from workers.contract.promotion import GateResult, Quorum, RegisteredVersion, Result
from workers.domain import gates
from workers.domain.gates import table
from workers.domain.policy import Policy, Rules
from workers.domain.state import World

BY_HAND = "cannot run by hand"
Line = tuple[str, str, str]


def empty(policy: Policy) -> World:
    """A world without a ledger."""
    return World("", CommitId("0" * 40), -1, policy, "", {})


def judge(world: World, rules: Rules, version: RegisteredVersion, *, known: bool) -> Iterator[Line]:
    """Gate, result and words of each. `known`: whether the ledger was read; without it nobody can compare with what is live."""
    release = world.release(rules.name, version.artifact)
    live = world.version(version.artifact, release.live.version) if release and release.live else None
    candidate = gates.Candidate(world, rules, version, live)
    later = gates.not_looked_at(candidate)
    for gate in gates.judge(candidate):
        if gate.gate in later:
            yield gate.gate, BY_HAND, "it is looked at when somebody asks for the promotion"
        elif gate.gate != "order":
            yield _told(gate, rules, known=known)
    yield from _by_hand(world.policy, rules, known=known)


def _told(gate: GateResult, rules: Rules, *, known: bool) -> Line:
    if not known and gate.result is Result.PASS and _compares(gate.gate, rules):
        return gate.gate, Result.CANNOT_TELL.value, "the ledger was not read, so there is no live version to compare with"
    return gate.gate, gate.result.value, gate.text


def _compares(gate: str, rules: Rules) -> bool:
    """Whether a gate looks at the live version."""
    bound = rules.metrics.get(gate.removeprefix("metrics: "))
    found = table.find(gate)
    return bool(bound and bound.not_worse_than_live_by is not None) or bool(found and found.compares)


def _by_hand(policy: Policy, rules: Rules, *, known: bool) -> Iterator[Line]:
    if not known:
        yield "hold", BY_HAND, "the ledger was not read; it is looked at when somebody asks for the promotion"
    if rules.after:
        yield "order", BY_HAND, f"the identical bytes must have succeeded in {rules.after}"
    if rules.soak:
        yield "soak", BY_HAND, f"{rules.soak} after the success in {rules.after}"
    for quorum in rules.approve:
        without = f", without the {' and the '.join(quorum.exclude)}" if quorum.exclude else ""
        yield "approval", BY_HAND, f"{quorum.count} of {' or '.join(quorum.roles)}{without}{_signed(policy, quorum)}"


def _signed(policy: Policy, quorum: Quorum) -> str:
    """What a rule says of signatures, and whose vote it can therefore not count."""
    if not quorum.signed:
        return ""
    lacking = policy.without_key(quorum)
    missing = f"; `people` has no ssh key of {', '.join(lacking)}" if lacking else ""
    return f", each signed with a key of their own{missing}"
