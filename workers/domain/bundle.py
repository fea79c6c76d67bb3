"""Promotions that move together, all or nothing. The first of them leads: its card, its votes and its plan stand for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workers.contract import wire
from workers.contract.names import Digest
from workers.contract.promotion import Change, GateResult, Member, Promotion, Quorum, State
from workers.domain import states
from workers.domain.state import World

BROKEN = (states.TERMINAL - {State.SUCCEEDED}) | {State.ROLLING_BACK}
"""Once one is in such a state, none of the others may stay."""


def leads(promotion: Promotion) -> bool:
    """Whether the promotion stands for itself, or for its bundle."""
    return not promotion.bundle or promotion.bundle[0] == promotion.id


def leader(world: World, promotion: Promotion) -> Promotion:
    """The promotion that stands for the bundle."""
    return world.promotions[promotion.bundle[0]] if promotion.bundle else promotion


def others(world: World, promotion: Promotion) -> list[Promotion]:
    """The rest of the bundle, in order; those alone that the ledger holds already."""
    return [world.promotions[id_] for id_ in promotion.bundle if id_ != promotion.id and id_ in world.promotions]


def is_failing(world: World, promotion: Promotion) -> bool:
    """Whether another of the bundle has ended otherwise than asked, or is being taken back."""
    return any(other.state in BROKEN for other in others(world, promotion))


def is_proved_but_for(world: World, promotion: Promotion) -> bool:
    """Whether all others were proved already."""
    return all(other.proved_at or other.state is State.SUCCEEDED for other in others(world, promotion))


def member(promotion: Promotion) -> Member:
    """What the leader's card shows of one."""
    return Member(promotion.id, promotion.artifact, promotion.kind, promotion.to, promotion.state, promotion.live)


def joined(lead: Promotion, rest: Sequence[Promotion]) -> Promotion:
    """The leader as it stands for all: every quorum, gate, author and change, and a plan that binds every plan."""
    every = (lead, *rest)
    quorums = _merged(every)
    return replace(
        lead,
        plan=Digest.read(wire.sha256(wire.canonical({"promotion": lead.id, "plans": [one.plan for one in every]}))),
        quorum=quorums[0] if quorums else None,
        also_needed=quorums[1:],
        gates=tuple(_named(gate, one) for one in every for gate in one.gates),
        changes=tuple(replace(change, what=f"{one.artifact} {change.what}") for one in every for change in _told(one)),
        rules={f"{one.artifact}: {name}": value for one in every for name, value in one.rules.items()},
        authors=tuple(sorted({author for one in every for author in one.authors})),
        members=tuple(member(one) for one in every),
    )


def _merged(every: Sequence[Promotion]) -> tuple[Quorum, ...]:
    """Every quorum of every one, once where they are equal."""
    return tuple(dict.fromkeys(quorum for one in every for quorum in one.quorums))


def _named(gate: GateResult, of: Promotion) -> GateResult:
    return replace(gate, gate=f"{gate.gate} ({of.artifact})", text=f"{of.artifact} {of.to.version}: {gate.text}")


def _told(one: Promotion) -> list[Change]:
    return [change for change in one.changes if change.what != "digest"]
