"""`abort` and `accept live` over a real ledger: the person's own signature travels with what an effect saw for them."""

from __future__ import annotations

from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.names import Digest, PromotionId
from workers.contract.outcomes import Refused
from workers.effects.deployment import RETRY_AFTER
from workers.tasks import effects
from workers.tasks.changes import step_name

from .town import ANA, BEN, Town

P1 = PromotionId.read("P-1")


def stuck(town: Town) -> None:
    """P-1 was begun, and no effect ever answered."""
    town.promotes()
    town.drain()
    town.sent.clear()
    town.later(minutes=3, seconds=5)
    town.ticks()
    assert town.state("P-1") == "needs_attention"
    town.sent.clear()


def test_what_is_live_is_accepted_by_the_word_of_who_runs_the_place(town: Town) -> None:
    stuck(town)
    asked = town.says(BEN, ask.AcceptLive(P1, "I looked myself"))
    town.works()
    assert town.state("P-1") == "succeeded"
    event = town.promotion("P-1").events[-1]
    assert (event.actor, event.because) == (BEN.id, "I looked myself")
    record = town.git("show", f"towpath:records/0/{event.seq}.json")
    assert asked.signature.split("\n")[1][:40] in record


def test_a_look_that_nobody_asked_for_is_none(town: Town) -> None:
    """Whoever holds the key of the effects alone cannot end a promotion."""
    stuck(town)
    other = town.sealed(BEN, ask.Retry(P1)).to_wire()
    found = (ask.Sighting("eu", digest=Digest.read("sha256:" + "0" * 64)),)
    town.wiring.observation._reporter.observed(ask.Observed(P1, 1, found, other))
    town.drain()
    assert town.state("P-1") == "needs_attention"
    assert town.events()[-1] == "anomaly"


def test_a_look_while_a_step_is_at_work_is_put_off_and_then_refused(town: Town) -> None:

    stuck(town)
    town.says(BEN, ask.AcceptLive(P1))
    town.drain()
    ((task, fields),) = town.sent
    assert task == lanes.OBSERVE
    with town.wiring.leases.hold(step_name(P1, 1), 5):
        assert effects.observe(town.wiring, fields, 1) == RETRY_AFTER
        assert effects.observe(town.wiring, fields, effects.OBSERVE_TRIES) is None
    town.drain()
    (refused,) = [one for one in town.told(Refused) if one.what == "accept live P-1"]
    assert "still at work" in refused.reasons[1].text
    assert town.state("P-1") == "needs_attention"


def test_an_abort_ends_with_what_was_before_and_without_a_hold(town: Town) -> None:
    town.promotes()
    town.drain()
    begun = [*town.sent]
    town.says(ANA, ask.Abort(P1, "the wrong one"))
    town.drain()
    assert [fields["generation"] for task, fields in town.sent if task == lanes.RESTORE] == [2]
    town.sent[:] = [*begun, *(one for one in town.sent if one not in begun)]
    town.works()
    assert town.state("P-1") == "rolled_back"
    assert not town.world().holds
    assert town.events()[-2:] == ["aborted", "rolled_back"]
