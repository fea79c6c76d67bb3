"""What a beat remembers of its last one is never seen in what it says: with an empty memory it says the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.envelope import Sender, seal, stamp
from workers.contract.names import Instant, PromotionId, VersionAsk
from workers.domain import decision as d
from workers.domain import steady
from workers.domain.decide import decide

from .test_voting import adopted
from .worlds import ANA, BEN, BIOPSY, KEYS, MIA, POLICY, PROD, Story, version_of

P2 = PromotionId.read("P-2")
FROZEN = POLICY.replace("    soak: 1h\n", '    soak: 1h\n    freeze: [{from: "Mon 12:00", until: "Mon 14:00"}]\n')


def beat(story: Story) -> d.Decision:
    """What is due, found with what is remembered and without it."""
    envelope = story._envelope(PROCESSES["clock"], ask.Tick(), None, issued=story.now)
    case = d.Case(envelope, seal(envelope, Sender.CLOCK, KEYS["clock"]), story.now)
    found = decide(story.world, case)
    before, steady._plans, steady._waits = (steady._plans, steady._waits), steady.Memory(), steady.Memory()
    try:
        assert decide(story.world, case) == found
    finally:
        steady._plans, steady._waits = before
    return found


def at(story: Story, **later: float) -> Instant:
    return Instant.read(stamp(story.now + timedelta(**later)))


CHANGES: dict[str, Callable[[Story], object]] = {
    "nothing": lambda story: None,
    "a freeze": lambda story: story.says(BEN, ask.Freeze(PROD, at(story, hours=9), "stock-taking")),
    "a lock": lambda story: story.says(MIA, ask.Lock(BIOPSY, PROD, because="measuring")),
    "a pause": lambda story: story.says(ANA, ask.Pause(P2)),
    "a hold": lambda story: story.says(BEN, ask.Hold(BIOPSY, VersionAsk.read("v1.0.0"), PROD, "wrong labels")),
    "a deprecation": lambda story: story.says(BEN, ask.Deprecate(BIOPSY, VersionAsk.read("v1.0.0"), "wrong labels")),
    "another policy": lambda story: adopted(story, FROZEN.replace("soak: 1h", "soak: 3h")),
    "somebody leaves the role": lambda story: adopted(story, FROZEN.replace("[UBEN, UMIA, UDANA]", "[UMIA, UDANA]")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_beat_says_the_same_with_and_without_what_it_remembers(change: str) -> None:
    story = Story(FROZEN).registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.promotes(ANA, "v1.0.0")
    beat(story)
    story.says(BEN, ask.Approve(P2))
    assert story.state("P-2") == "queued"
    for _ in range(2):
        assert beat(story) == d.NOTHING
    CHANGES[change](story)
    for minutes in (0, 0, 30, 40, 170, 1, 60, 90, 600):
        story.later(minutes=minutes)
        beat(story)
        story.ticks()


def test_what_is_queued_is_told_when_the_policys_freeze_begins_although_nothing_else_has_changed() -> None:
    story = Story(FROZEN.replace("soak: 1h", "soak: 6h")).registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(P2))
    for _ in range(2):
        assert beat(story) == d.NOTHING
    story.later(hours=3, minutes=59)
    assert beat(story) == d.NOTHING
    story.later(minutes=1)
    (told,) = story.ticks()
    assert told.promotion and any("frozen by the policy" in reason for reason in told.promotion.reasons)
