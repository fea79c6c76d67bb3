"""A large estate: a channel is shown the foremost releases and how many there are, a terminal all of them."""

from __future__ import annotations

from dataclasses import replace

from tests.unit.domain.worlds import Story
from workers.app.reading import ledger
from workers.app.reading.asking import Question
from workers.contract import outcomes as out
from workers.contract.names import ArtifactName, EnvironmentName, PromotionId
from workers.contract.promotion import Kind, Release
from workers.domain import reads

PROD = EnvironmentName.read("prod")


def test_a_channel_gets_what_is_on_its_way_first_and_a_terminal_gets_everything() -> None:
    names = [ArtifactName.read(f"m-{number:03}") for number in range(50)]
    idle = {(PROD, name): Release(name, Kind.MODEL, PROD) for name in names}
    moving = replace(idle[PROD, names[40]], in_flight=PromotionId.read("P-1"))
    world = replace(Story().world, releases=idle | {(PROD, names[40]): moving})
    question = Question("status", None, None, None)
    shown = ledger._asked(world, {}, question)
    assert isinstance(shown, out.Status)
    assert (len(shown.releases), shown.total) == (reads.LONGEST, 50)
    assert moving in shown.releases
    whole = ledger._all_of(shown, world, {}, question)
    assert isinstance(whole, out.Status)
    assert [one.artifact for one in whole.releases] == names
