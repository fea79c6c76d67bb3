"""Freezes, locks, holds and debts lie in the ledger: they win or lose by the push, outlive every process, and the record stays sound."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from workers.contract import lanes, wire
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.envelope import Sealed, stamp
from workers.contract.names import CommitId, GateName, Instant, VersionAsk
from workers.contract.outcomes import Announcement, Moved
from workers.contract.stopped import Debts, Freezes, Holds, Locks, Queue
from workers.domain.recents import Recents
from workers.ports.inbox import Entry
from workers.tasks import queries

from .test_verification import Auditor
from .town import ANA, BEN, BIOPSY, MIA, POLICY, PROD, STAGING, Town, projected


def until(town: Town, hours: int) -> Instant:
    return Instant.read(stamp(town.now + timedelta(hours=hours)))


def test_a_freeze_that_lands_first_stops_the_promotion_that_was_decided_before_it(town: Town) -> None:
    other = town.beside("two")
    frozen = other.sealed(BEN, ask.Freeze(STAGING, until(town, 2), "audit"))
    town.ledger.before_push = lambda: _lands(other, frozen)
    town.promotes("v1.0.0")
    town.works()
    assert town.state("P-1") == "queued"
    assert "frozen until" in town.promotion("P-1").reasons[0]
    town.later(hours=3)
    town.ticks()
    town.works()
    assert town.state("P-1") == "succeeded"
    assert "freeze_ended" in town.events()


def _lands(other: Town, sealed: Sealed) -> None:
    """Another writer lands exactly this, whatever waits in the inbox."""
    assert other.loop._land([Entry("0-0", sealed.to_wire())]).commits


def test_everything_is_there_again_for_a_writer_and_a_reader_who_begin_anew_and_the_record_is_sound(town: Town) -> None:
    town.says(BEN, ask.Freeze(PROD, until(town, 4), "audit"))
    town.says(BEN, ask.Lock(BIOPSY, STAGING, "I compare"))
    town.says(BEN, ask.Hold(BIOPSY, VersionAsk("v1"), PROD, "bad", until(town, -7)))
    town.drain()
    adopts(town)
    skipping = (GateName("order"), GateName("approval"), GateName("freeze"))
    town.says(MIA, ask.EmergencyPromote(VersionAsk("v2"), PROD, "prod is down", BIOPSY, skipping=skipping))
    town.works()
    town.later(minutes=5)
    town.says(BEN, ask.Hold(BIOPSY, VersionAsk("v2"), PROD, "it leaks", until(town, -1)))
    town.drain()
    shown = wire.read(Moved, wire.load(town.client.get(lanes.document("promotion:P-1")) or b""))
    assert shown.held is not None
    assert [(one.until, one.promotion) for one in shown.held.affected] == [(None, "P-1")]
    world = town.world()
    assert (len(world.freezes), len(world.locks), len(world.holds), len(world.debts)) == (1, 1, 2, 1)
    assert town.loop.read() == world
    assert replace(world, recent=Recents()) == projected(town)
    texts = [one.text for one in town.told(Announcement)]
    assert [text.split(" ", maxsplit=1)[0] for text in texts] == ["prod", "biopsy", "biopsy", "Emergency:", "biopsy"]
    status, found = Auditor(town).trusting()
    assert (status, found["verdict"]) == (0, "sound")
    asked = (
        (ask.ShowFreezes(), Freezes),
        (ask.ShowLocks(), Locks),
        (ask.ShowHolds(), Holds),
        (ask.AuditDebts(), Debts),
        (ask.ShowQueue(), Queue),
    )
    for request, answer in asked:
        assert queries.answer(town.wiring, town.sealed(ANA, request).to_wire(), lambda: None)
        assert len(town.told(answer)) == 1


def adopts(town: Town) -> None:
    """A policy that lets leads break glass in prod."""
    text = POLICY.replace("    after: staging\n", "    after: staging\n    emergency: [leads]\n")
    commit = CommitId.read(town.git("rev-parse", "main"))
    town.wiring.inbox.put(town.sealed(PROCESSES["effects"], ask.PolicyProposed(commit, text), key="effects"))
    town.says(BEN, ask.AdoptPolicy(str(commit)))
    town.drain()
