"""A hundred clicks by twenty people, every payload delivered three times to two bots at work at once: one vote a person, one execution."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.faults.seeded import auditor
from tests.faults.seeded.channel import TASKS
from tests.faults.seeded.ground import MANY, Ground
from workers.contract import lanes

PROMOTION = "P-3"
CLICKS = 100


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with Ground(tmp_path / "ground") as ground:
        yield ground


@pytest.mark.timeout(300)
def test_a_hundred_clicks_by_twenty_people_are_twenty_votes_and_one_deployment(ground: Ground) -> None:
    folder, cast, slack, chance = ground.copy(), ground.cast, ground.slack, Random(7)  # noqa: S311  # no secret
    slack.do(slack.workspace.person("ana").command("biopsy", "/towpath", "promote biopsy v1.0.0 to crowd"))
    _settle(ground)
    card = auditor.card_of(slack, PROMOTION)
    for number in range(CLICKS):
        slack.do(slack.workspace.person(MANY[number % len(MANY)]).click_as_seen(card, "Approve"))
    mails = [mail for mail in slack.mailbox.mails for _ in range(3)]
    slack.mailbox.mails.clear()
    chance.shuffle(mails)
    cast.need("bot1")
    cast.need("bot2")
    for mail in mails:
        said = cast.ask(chance.choice(("bot1", "bot2")), do="take", **mail)
        assert said is not None
        assert said["result"] is True
    for _ in range(len(mails) // 64 + 1):
        cast.ask_both("bot1", "bot2", do="turn")
    _settle(ground)
    found = auditor.Ledger(folder).promotion(PROMOTION)
    assert found is not None
    assert found["state"] == "succeeded"
    assert sorted(vote["actor"] for vote in found["votes"]) == [f"{user}@T0CEDAR" for user in MANY]
    assert [event["event"] for event in found["events"]].count("approved") == len(MANY)
    assert found["generation"] == 1
    world = auditor.Ledger(folder).read(cast.keys)
    recorded = [one.event for one in world.recent if one.promotion == PROMOTION]
    assert recorded.count("verifying") == recorded.count("succeeded") == 1
    auditor.messages(slack, PROMOTION, found)


def _settle(ground: Ground) -> None:
    """One bot and the workers, until nothing is left to do."""
    cast, slack, shard = ground.cast, ground.slack, lanes.shard_of("C0BIOPSY")
    for _ in range(20):
        while slack.mailbox.mails:
            cast.ask("bot1", do="take", **slack.mailbox.mails.pop(0))
        cast.ask("bot1", do="turn")
        while (taken := cast.take_task(0)) is not None:
            cast.ask(lanes.QUEUES[taken[0]], task=taken[0], fields=taken[1])
        cast.ask("bot1", do="show", shard=shard, within=60)
        if not slack.mailbox.mails and not cast.client.llen(TASKS) and not cast.client.xlen(lanes.INTAKE):
            return
    raise AssertionError("it never comes to an end")
