"""What targets report, for a person who wants to accept it: what is not told is never taken for something."""

from __future__ import annotations

import pytest

from tests.unit.domain.worlds import ANA, BEN, CHANNEL, KEYS, REPO, Story, version_of
from workers.contract import requests as ask
from workers.contract.actors import Conversation, Origin
from workers.contract.envelope import LIFETIME, Envelope, Sender, request_id, seal, stamp
from workers.contract.requests import Seen, Sighting
from workers.domain import decision as d
from workers.ports.errors import Unreachable
from workers.ports.target import Fence, Live

from .places import Bench, Place


@pytest.fixture
def story() -> Story:
    """P-3 stopped on its way to prod, which has two targets."""
    story = Story().registers(version_of("v1.0.0"))
    story.succeeds("v1.0.0", "staging")
    story.later(hours=2).promotes(ANA, "v1.0.0")
    story.says(BEN, ask.Approve(story.promotion("P-2").id))
    story.deploys("P-2", Seen.UNCLEAR, "the answer was lost")
    return story


def asked(story: Story, request: ask.Request, key: str = "bot") -> d.Observe:
    where = Conversation(CHANNEL, Origin.BUTTON, None)
    envelope = Envelope(request_id("look"), REPO, stamp(story.now), stamp(story.now + LIFETIME), BEN, request, where, "accept live P-2")
    promotion = story.promotion("P-2")
    return d.Observe(promotion.id, promotion.generation, seal(envelope, Sender.BOT, KEYS[key]).to_wire())


def found(bench: Bench) -> tuple[Sighting, ...]:
    (said,) = bench.said
    assert isinstance(said, ask.Observed)
    return said.found


def test_each_target_is_told_as_it_reports_itself(story: Story) -> None:
    bench = Bench(story, Place("eu", live=Live("v1.0.0-abc", "sha256:1", 3)), Place("us", live=Unreachable("no route")))
    bench.observation.look(asked(story, ask.AcceptLive(story.promotion("P-2").id)))
    assert found(bench) == (Sighting("eu", "v1.0.0-abc", "sha256:1"), Sighting("us", trouble="no route"))
    assert all(place.asked == [] for place in bench.places.values())


def test_silence_is_nothing_only_where_the_kind_of_target_reports(story: Story) -> None:
    bench = Bench(story, Place("eu"), Place("us", reports_digest=False))
    bench.observation.look(asked(story, ask.AcceptLive()))
    assert found(bench) == (Sighting("eu"), Sighting("us", trouble="it does not tell what it serves"))


@pytest.mark.parametrize(("request_", "key"), [(ask.Retry(), "bot"), (ask.AcceptLive(), "effects")])
def test_only_a_signed_request_to_accept_makes_it_look(story: Story, request_: ask.Request, key: str) -> None:
    bench = Bench(story)
    bench.observation.look(asked(story, request_, key))
    bench.observation.is_busy(asked(story, request_, key))
    assert (bench.put, bench.places) == ([], {})


def test_where_a_target_holds_no_fence_the_ledger_is_read_again_before_each_one(story: Story) -> None:
    """While the first target is served, somebody aborts: the second is not touched any more."""
    promotion = story.promotion("P-2").id
    story.says(BEN, ask.Retry(promotion))

    class Aborting(Place):
        def apply(self, *given: object) -> object:  # type: ignore[override]
            story.says(BEN, ask.Abort(promotion))
            return super().apply(*given)  # type: ignore[arg-type]

    bench = Bench(story, Aborting("eu", fence=Fence.CHECKED), Place("us", fence=Fence.CHECKED))
    bench.deployment.deploy(bench.attempt("P-2"))
    assert [len(bench.places[name].asked) for name in ("eu", "us")] == [1, 0]
    assert bench.put == []
