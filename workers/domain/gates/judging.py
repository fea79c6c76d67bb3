"""Judging a candidate by every gate at once, and saying which evidence must be gathered first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from workers.contract.promotion import GateResult, Result
from workers.domain.gates import standing, table
from workers.domain.gates.candidate import Candidate
from workers.domain.gates.gate import Dossier, Gate, Need, Settings
from workers.domain.gates.listing import Listed

LONGEST = 1000


def judge(candidate: Candidate) -> tuple[GateResult, ...]:
    """Every gate of the environment, all results at once."""
    listed = (result for name, settings in candidate.rules.gates for result in _of(name, settings, candidate.dossier))
    return (*standing.judge(candidate), *dict.fromkeys(listed))


def stops(gates: tuple[GateResult, ...]) -> list[GateResult]:
    """The results that stop a promotion."""
    return [gate for gate in gates if gate.result in (Result.FAIL, Result.CANNOT_TELL)]


def to_gather(candidate: Candidate, since: str) -> tuple[Need, ...]:
    """What to look at before a request that was made at `since` is judged: evidence that is missing, too old, or no pass.

    What was gathered after it was made is as new as can be, whatever it says: so nothing is gathered twice for one request.
    """
    dossier = candidate.dossier
    found = (need for gate, settings, need in needs(candidate.rules.gates, dossier) if _is_wanted(gate, settings, need, dossier, since))
    return tuple(dict.fromkeys(found))


def unseen(listed: Listed, dossier: Dossier, since: str) -> tuple[tuple[str, Need], ...]:
    """Each gate that waits for a look on behalf of a promotion that was asked for at `since`, with what is to be looked at.

    Its evidence is missing, too old, no pass of before; or it leaves the question open, and a later look may answer it.
    """
    found = needs(listed, dossier)
    return tuple(
        (gate.name, need)
        for gate, settings, need in found
        if _is_wanted(gate, settings, need, dossier, since) or _is_open(gate, settings, need, dossier)
    )


def not_looked_at(candidate: Candidate) -> frozenset[str]:
    """The gates whose evidence is only gathered when somebody asks for the promotion."""
    dossier = candidate.dossier
    return frozenset(gate.name for gate, _, need in needs(candidate.rules.gates, dossier) if dossier.seen(need) is None)


def needs(listed: Listed, dossier: Dossier) -> Iterator[tuple[Gate, Settings, Need]]:
    """The gates of a list that need evidence of this version, each with its need. One that breaks over the question needs none, and breaks again later."""
    for name, settings in listed:
        gate = table.find(name)
        if gate and dossier.version.kind in gate.kinds and (need := _need(gate, settings, dossier)):
            yield gate, settings, need


def _need(gate: Gate, settings: Settings, dossier: Dossier) -> Need | None:
    with suppress(Exception):
        return gate.needs(dossier, settings)
    return None


def _is_wanted(gate: Gate, settings: Settings, need: Need, dossier: Dossier, since: str) -> bool:
    found = dossier.seen(need)
    if found is None:
        return True
    passes = all(result.result is Result.PASS for result in _of(gate.name, settings, dossier))
    return found.at < since and not passes


def _is_open(gate: Gate, settings: Settings, need: Need, dossier: Dossier) -> bool:
    """Whether another look may tell what this one could not. What was seen of something that never changes is as it is."""
    found = dossier.seen(need)
    may_change = found is not None and (need.at_most_age is not None or not found.facts)
    return may_change and any(one.result is Result.CANNOT_TELL for one in _of(gate.name, settings, dossier))


def _of(name: str, settings: Settings, dossier: Dossier) -> tuple[GateResult, ...]:
    gate = table.find(name)
    if gate is None:
        text = "this gate is not installed here; install its package for every process that decides, or take it out of the policy"
        return (GateResult(name, Result.CANNOT_TELL, text),)
    kind = dossier.version.kind
    if kind not in gate.kinds:
        return (GateResult(name, Result.NOT_APPLICABLE, f"not applicable to a {kind.value}"),)
    try:
        if gate in table.BUILT_IN:
            return tuple(gate.judge(dossier, settings))
        return tuple(_plain(name, result) for result in _some(gate.judge(dossier, settings)))
    except Exception as exc:  # a gate of somebody's package may raise anything, and then it has not said yes
        return (GateResult(name, Result.CANNOT_TELL, f"the gate itself broke ({type(exc).__name__}); tell whoever wrote it"),)


def _some(results: Iterable[GateResult]) -> list[GateResult]:
    found = list(results)
    if not found:
        raise ValueError("a gate that says nothing has not said yes")
    return found


def _plain(name: str, result: GateResult) -> GateResult:
    """A result of somebody's gate made fit for the ledger: its own name first, one line, not endless. Raises what a wrong one raises."""
    said, text = (" ".join(str(one).split()) for one in (result.gate, result.text))
    shown = "".join(sign if sign.isprintable() else "�" for sign in text)[:LONGEST]
    return GateResult(said if said.startswith(name) else name, Result(result.result), shown, tuple(str(one) for one in result.evidence))
