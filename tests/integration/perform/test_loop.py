"""From sealed envelopes to signed commits: once, in order, whatever else happens."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from workers.contract import lanes
from workers.contract import requests as ask
from workers.contract.actors import PROCESSES
from workers.contract.envelope import Sealed, Sender
from workers.contract.names import CommitId, PromotionId, RefName, Version, VersionAsk
from workers.contract.outcomes import Moved, Refused, Registered, Status, Trouble
from workers.contract.promotion import State
from workers.domain import record as records
from workers.domain.recents import Recents
from workers.perform import loop as loops
from workers.ports.errors import RefusedByHost, Unreachable
from workers.ports.inbox import Entry
from workers.tasks import changes, queries

from .town import ANA, BEN, BIOPSY, MIA, PROD, STAGING, Town, projected


def test_from_a_sentence_to_production_and_back(town: Town) -> None:
    for version, staged, released in (("v1.0.0", "P-1", "P-2"), ("v2.0.0", "P-3", "P-4")):
        town.promotes(version)
        town.works()
        assert town.state(staged) == "succeeded"
        town.promotes(version, "prod")
        town.works()
        assert town.state(released) == "waiting"
        town.approves(released)
        town.works()
        assert town.state(released) == "succeeded"
    town.says(BEN, ask.Rollback(PROD, BIOPSY, because="slow"))
    town.works()
    world = town.world()
    release = world.release(PROD, BIOPSY)
    assert release is not None
    assert release.live is not None
    assert (release.live.version, release.generation, release.in_flight) == ("v1.0.0", 3, None)
    assert [hold.version for hold in world.holds.values()] == ["v2.0.0"]
    assert replace(world, recent=Recents()) == projected(town)
    assert town.loop.read() == world
    moved = town.told(Moved)
    assert moved[-1].promotion == world.promotions[PromotionId.read("P-5")]
    assert moved[-1].head == world.head
    assert set(moved[-1].commits) == {str(event.seq) for event in moved[-1].promotion.events}


def test_the_same_envelope_three_times_is_one_record(town: Town) -> None:
    sealed = town.promotes()
    town.wiring.inbox.put(sealed)
    town.works()
    town.wiring.inbox.put(sealed)
    before = town.head()
    town.drain()
    assert town.head() == before
    assert town.events().count("requested") == 1
    assert len(town.world().promotions) == 1


def test_what_was_refused_or_done_is_answered_again_the_same(town: Town) -> None:
    refused = town.says(ANA, ask.Rollback(PROD, BIOPSY))
    town.drain()
    (first,) = town.told(Refused)
    town.wiring.inbox.put(refused)
    before = town.head()
    town.drain()
    assert town.told(Refused) == [first]
    assert town.head() == before
    assert first.record == town.world().seq


def test_a_forged_envelope_is_one_anomaly_a_minute_and_nothing_else(town: Town) -> None:
    genuine = town.sealed(BEN, ask.Rollback(PROD, BIOPSY))
    forged = [
        genuine.to_wire().replace("prod", "dev"), "", "{}", "\x00", '{"payload":"\\ud800","sender":"bot@towpath","signature":"x"}', "x" * 300_000,
        town.sealed(BEN, ask.Rollback(PROD, BIOPSY), key="effects").to_wire(), '{"' + "k" * 5000 + '":1}',
        Sealed(Sender.BOT, genuine.payload, "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n").to_wire(),
    ]  # fmt: skip
    before = town.world()
    for wire in forged:
        town.client.xadd(lanes.INBOX, {"envelope": wire})
    town.client.xadd(lanes.INBOX, {"nothing": b"\xff"})
    town.drain()
    after = town.world()
    assert town.events()[-1] == "anomaly"
    assert after.seq == before.seq + 1
    assert (after.promotions, after.releases, after.holds) == (before.promotions, before.releases, before.holds)
    assert town.outcomes() == []
    assert town.client.xlen(lanes.INBOX) == 0
    assert len(town.git("show", f"towpath:records/{after.seq // 1000}/{after.seq}.json")) < 2000
    town.later(minutes=1)
    town.client.xadd(lanes.INBOX, {"envelope": ""})
    town.drain()
    assert town.events().count("anomaly") == 2


def test_a_report_cannot_speak_in_the_name_of_who_asked_for_something_else(town: Town) -> None:
    known = town.world().version(BIOPSY, Version.read("v1.0.0"))
    assert known is not None
    found = replace(known, version=Version.read("v9.0.0"), commit=CommitId.read(known.commit[::-1]))
    for asked in (
        town.sealed(ANA, ask.Register(BIOPSY, Version.read("v8.0.0"))),
        town.sealed(ANA, ask.Approve(PromotionId.read("P-1"))),
        town.sealed(ANA, ask.Register(BIOPSY, Version.read("v9.0.0")), key="effects"),
    ):
        town.later(minutes=1)
        report = town.sealed(PROCESSES["effects"], ask.Inspected(found, asked.to_wire()), key="effects")
        town.wiring.inbox.put(report)
        town.drain()
        assert town.events()[-1] == "anomaly"
    assert town.world().version(BIOPSY, Version.read("v9.0.0")) is None


def test_a_person_registers_what_no_tag_names(town: Town) -> None:
    town.says(ANA, ask.Register(BIOPSY, Version.read("v4.0.0"), at=RefName.read("main")))
    town.works()
    (registered,) = town.told(Registered)
    assert registered.version.version == "v4.0.0"
    assert registered.commit == town.head()
    assert town.git("log", "-1", "--format=%an", "towpath") == "UANA"
    assert town.git("tag", "--list", "biopsy@v4.0.0") == "biopsy@v4.0.0"


def test_an_unknown_version_is_looked_for_and_then_refused(town: Town) -> None:
    town.promotes("v7.0.0")
    town.works()
    (refused,) = town.told(Refused)
    assert refused.reasons[0].code == "unknown-version"


def test_a_question_that_strays_into_the_inbox_stops_nobody(town: Town) -> None:
    town.says(ANA, ask.ShowStatus())
    town.promotes()
    town.works()
    assert town.state("P-1") == "succeeded"
    assert len(town.told(Status)) == 1


def test_a_defect_of_ours_takes_one_request_and_not_the_ones_behind_it(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(world: object, case: object) -> object:
        monkeypatch.undo()
        raise ZeroDivisionError

    monkeypatch.setattr(loops, "decide", broken)
    lost = town.promotes("v2.0.0")
    town.promotes("v1.0.0")
    town.works()
    assert town.promotion("P-1").to.version == "v1.0.0"
    (trouble,) = town.told(Trouble)
    assert not trouble.kept
    assert json.loads(lost.payload)["request_id"] in trouble.what


def test_many_at_once_are_each_one_commit_in_one_push(town: Town) -> None:
    before = len(town.events())
    for n in range(40):
        town.says(ANA, ask.Promote(VersionAsk.read("v1.0.0"), PROD if n % 2 else STAGING, BIOPSY))
    town.works()
    assert [p.state for p in town.world().promotions.values()].count(State.SUCCEEDED) == 1
    assert len(town.events()) > before
    town.later(minutes=5)
    for n in range(8):
        town.card("P-1", f"{n}.1")
    before = len(town.events())
    town.drain()
    assert len(town.events()) == before + 8


def test_a_lost_race_is_judged_again_on_the_new_state(town: Town) -> None:
    town.promotes("v1.0.0")
    town.works()
    town.promotes("v1.0.0", "prod")
    town.drain()
    other = town.beside("two")
    town.approves("P-2")

    def cancelled() -> None:
        _performs(other, other.sealed(ANA, ask.Cancel(PromotionId.read("P-2"))))

    town.ledger.before_push = cancelled
    town.drain()
    assert town.state("P-2") == "cancelled"
    (refused,) = town.told(Refused)
    assert refused.reasons[0].code == "not-waiting"
    assert not [task for task, _ in town.sent if task == lanes.DEPLOY]
    assert town.world().release(PROD, BIOPSY) is None


def test_a_hold_that_lands_in_between_stops_what_was_about_to_start(town: Town) -> None:
    for version in ("v1.0.0", "v2.0.0"):
        town.promotes(version)
        town.works()
    town.promotes("v2.0.0", "prod")
    town.drain()
    town.outcomes()
    other = town.beside("two")
    town.approves("P-3")
    town.ledger.before_push = lambda: _performs(other, other.sealed(MIA, ask.Rollback(STAGING, BIOPSY, because="v2 leaks")))
    town.drain()
    assert town.state("P-3") == "refused"
    assert "on hold in staging: v2 leaks" in town.promotion("P-3").reasons[0]


def _performs(other: Town, sealed: Sealed) -> None:
    """The other writer judges exactly this one, although others wait: as if its inbox had held nothing else."""
    assert other.loop._land([Entry("0-0", sealed.to_wire())]).commits


def test_two_writers_on_one_inbox_lose_nothing_and_do_nothing_twice(town: Town) -> None:
    other = town.beside("two")
    for n in range(6):
        town.says(ANA, ask.Promote(VersionAsk.read(f"v{n % 3 + 1}.0.0"), STAGING, BIOPSY))
        (town if n % 2 else other).loop.perform()
    assert [p.state.value for p in town.world().promotions.values()] == ["deploying", "queued", "queued"]
    assert town.events().count("requested") == 3


@pytest.mark.parametrize("moment", ["before", "between"])
def test_without_the_remote_nothing_is_decided_and_nothing_is_lost(town: Town, moment: str) -> None:
    away = town.remote.with_name("away.git")
    town.loop.read()
    town.promotes()
    if moment == "before":
        town.remote.rename(away)
    else:
        town.ledger.before_push = lambda: shutil.move(town.remote, away)
    for _ in range(3):
        with pytest.raises(Exception) as caught:
            town.loop.perform()
        assert getattr(caught.value, "retry", False)
    (trouble,) = town.told(Trouble)
    assert trouble.kept
    away.rename(town.remote)
    town.works()
    assert town.state("P-1") == "succeeded"
    assert town.events().count("requested") == 1


def test_an_answer_to_a_push_that_was_lost_is_found_again(town: Town) -> None:
    """The remote took the commits, and the connection ended before it said so."""
    town.promotes()
    hook = town.remote / "hooks/post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o700)
    town.drain()
    hook.unlink()
    town.works()
    assert town.events().count("requested") == 1
    assert town.state("P-1") == "succeeded"


def test_a_host_that_refuses_is_told_in_its_words_and_kept(town: Town) -> None:
    hook = town.remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'only on Tuesdays' >&2\nexit 1\n")
    hook.chmod(0o700)
    town.promotes()
    before = town.head()
    for _ in range(2):
        with pytest.raises(RefusedByHost, match="only on Tuesdays"):
            town.loop.perform()
    (trouble,) = town.told(Trouble)
    assert "only on Tuesdays" in trouble.what
    assert town.head() == before
    hook.unlink()
    town.works()
    assert town.state("P-1") == "succeeded"


def test_questions_are_answered_from_the_projection_alone(town: Town) -> None:
    asked: list[int] = []
    sealed = town.sealed(ANA, ask.ShowStatus()).to_wire()
    assert not queries.answer(town.wiring, sealed, lambda: asked.append(1))
    changes.rebuild_now(town.wiring)
    town.outcomes()
    town.promotes()
    town.works()
    town.outcomes()
    away = town.remote.with_name("away.git")
    town.remote.rename(away)
    assert queries.answer(town.wiring, sealed, lambda: asked.append(1))
    (status,) = town.told(Status)
    assert [one.live.version for one in status.releases] == ["v1.0.0"]
    assert asked == [1]
    for stray in (town.sealed(BEN, ask.Rollback(PROD, BIOPSY)).to_wire(), "x", sealed.replace("staging", "prod") + " "):
        assert queries.answer(town.wiring, stray, lambda: asked.append(1))
    assert town.told(Refused) == []
    with pytest.raises(Unreachable):
        town.loop.read()


def test_a_record_answers_to_its_schema(town: Town) -> None:
    town.promotes()
    town.works()
    seq = town.world().seq
    found = json.loads(town.git("show", f"towpath:records/{seq // 1000}/{seq}.json"))
    assert (found["schema"], found["seq"], found["event"]) == (records.SCHEMA, seq, "succeeded")
    assert found["request"]["sender"] == "effects@towpath"
