"""A newer promotion in place of those of its lane that have not begun: where the policy says so, and for the same version in an emergency."""

from __future__ import annotations

from dataclasses import replace

from workers.contract.names import ArtifactName, EnvironmentName
from workers.contract.promotion import Promotion, State
from workers.domain import decision as d
from workers.domain.state import World


def waiting(world: World, artifact: ArtifactName, environment: EnvironmentName) -> list[Promotion]:
    """The promotions of a lane that a newer one may take the place of: they wait, alone, and are no emergency."""
    here = (one for one in world.in_lane(environment, artifact) if one.state in (State.CHECKING, State.WAITING, State.QUEUED))
    return [one for one in here if not one.bundle and not one.skipped]


def without(world: World, gone: list[Promotion]) -> World:
    """The state in which these promotions wait no more: what comes in their place is not planned against them."""
    if not gone:
        return world
    lane = (gone[0].environment, gone[0].artifact)
    return replace(world, lanes={**world.lanes, lane: world.lanes[lane] - {one.id for one in gone}})


def instead(world: World, case: d.Case, begun: d.Decision, gone: list[Promotion]) -> d.Decision:
    """The decision that opened a promotion, with those that it takes the place of. One that the gates refused takes nobody's place."""
    by = begun.promotion
    if by is None or by.state is State.REFUSED:
        return begun
    text = f"{by.id} ({by.artifact} {by.to.version}) takes its place: it was asked for later."
    ended = (d.move(world, case, one, State.SUPERSEDED, "superseded", text, expires_at=None, look_at=None, reasons=()) for one in gone)
    return replace(begun, documents=(*begun.documents, *ended))
