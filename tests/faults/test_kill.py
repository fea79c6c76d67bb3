"""`kill -9` of a worker at each boundary between record, effect and answer: the promotion ends well, nothing is done twice, nothing is lost."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest

from tests.faults.play import Scene

BOUNDARIES = ("after GitLedger.push", "before RedisInbox.done", "after ModelServer.apply", "after Reporter.step")
"""With whole Celery workers, a few; `test_seeded` goes through all of them."""


@pytest.mark.parametrize("boundary", BOUNDARIES)
async def test_a_worker_killed_at_a_boundary_leaves_a_promotion_that_ends_once(scene: Scene, boundary: str) -> None:
    version = scene.other_version("staging")
    flips = _flips(scene)
    crash = scene.installation.folder / "data" / "crash"
    crash.write_text(boundary)
    promotion = await scene.promote(version, "staging")
    await scene.ends(promotion, "succeeded")
    assert crash.with_name("crashed").read_text() == boundary, "the worker never came to the boundary"
    crash.with_name("crashed").unlink()
    new = _flips(scene) - flips
    assert sum(new.values()) == 1, f"the target was switched {dict(new)}"
    scene.serves_what_is_recorded("staging")
    await scene.is_told_once(promotion)
    scene.is_sound()


def _flips(scene: Scene) -> Counter[str]:
    """The switches that really changed something, by operation."""
    return Counter(one["operation_id"] for one in scene.operations("staging") if one["op"] == "default" and one["result"] == "done")


async def test_the_bot_killed_while_a_promotion_waits_loses_and_doubles_nothing(scene: Scene) -> None:
    promotion = await scene.promote(scene.other_version("prod"), "prod")
    await scene.approve(promotion, "mia")
    os.kill(scene.installation.pid("web"), signal.SIGKILL)
    await scene.until(lambda: scene.promotion(promotion).get("votes") is not None, "the vote counts")
    card = await scene.card(promotion)
    ack = await scene.workspace.person("dana").say("biopsy", "approve", thread_ts=card.ts)
    assert ack.ts
    await scene.ends(promotion, "succeeded")
    scene.serves_what_is_recorded("prod")
    await scene.is_told_once(promotion)
    scene.is_sound()
