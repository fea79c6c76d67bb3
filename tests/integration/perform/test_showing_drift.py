"""`show drift` on the effects lane: one measurement serves all who ask at once, every asker gets a word, and nobody fills Git by asking."""

from __future__ import annotations

import base64
import hashlib
import io
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.redis import RedisServer
from workers.contract import lanes
from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.actors import Actor, Standing
from workers.contract.drift import Bars, ColumnDrift, DriftReport, DriftWatch, Level, Watching, Window
from workers.contract.envelope import Sealed, stamp
from workers.contract.names import ActorId, ArtifactName, Digest, Duration, EnvironmentName
from workers.contract.promotion import RegisteredVersion
from workers.contract.wire import load, read
from workers.domain import layout
from workers.domain.policy.rules import DriftRules
from workers.effects import picture
from workers.ports.errors import BadContent, Unreachable
from workers.tasks import changes, drift
from workers.tasks.wiring import now

from . import town as towns
from .town import ANA, BEN, BIOPSY, STAGING, Foundation, Town, copied

POLICY = towns.POLICY.replace(
    "staging: {run: [leads]}", "staging: {run: [leads], drift: {rows: {type: parquet, path: biopsy}, every: 1d, alert: 0.3}}"
)
ROWS = Bars("mean_area", ("below 400", "400 to 800", "above 800"), ("0.33", "0.33", "0.34"), ("0.1", "0.2", "0.7"))


class Rows:
    """Live rows that a test changes: what is measured of them. `before` happens while they are read."""

    def __init__(self) -> None:
        self.psi = "0.41"
        self.read: list[tuple[str, timedelta]] = []
        self.before: Callable[[], object] = lambda: None
        self.broken: Exception | None = None

    def measure(self, version: RegisteredVersion, rules: DriftRules, environment: EnvironmentName, window: timedelta) -> DriftReport:
        self.read.append((version.version, window))
        self.before()
        if self.broken:
            raise self.broken
        column = ColumnDrift("mean_area", "number", Level.ALERT, psi=self.psi)
        digest = Digest("sha256:" + hashlib.sha256(self.psi.encode()).hexdigest())
        return DriftReport(
            version.artifact, version.version, environment, Level.ALERT, "1 of 1 drifted.", Window(None, None, 400), Window(None, None, 900),
            stamp(now()), digest, (column,), 1, 1, bars=(ROWS,),
        )  # fmt: skip


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, server: RedisServer) -> Foundation:
    """An installation whose policy has drift measured in staging, where biopsy is live."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(towns, "POLICY", POLICY)
        foundation = Foundation(tmp_path_factory.mktemp("drift") / "town").lay()
        town = Town.found(foundation, server.url)
    town.promotes("v2.0.0")
    town.works()
    return foundation


@pytest.fixture
def place(tmp_path: Path, server: RedisServer, watched: Foundation) -> Town:
    town = Town(copied(watched, tmp_path / "town"), server.url)
    town.client.flushall()
    town._asked = 9000
    changes.rebuild_now(town.wiring)
    town.outcomes()
    town.wiring.__dict__["measuring"] = Rows()
    return town


def rows(town: Town) -> Rows:
    found = town.wiring.__dict__["measuring"]
    assert isinstance(found, Rows)
    return found


def asks(town: Town, request: ask.ShowDrift | None = None, who: Actor = ANA, number: int = 1, thread: str | None = None) -> float | None:
    sealed = town.sealed(who, request or ask.ShowDrift(BIOPSY), thread)
    return drift.answer(town.wiring, sealed.to_wire(), lambda: None, number)


def reported(town: Town) -> list[ask.Measured]:
    """What lies in the inbox, to become evidence."""
    entries: Any = town.client.xrange(lanes.INBOX)
    sealed = [Sealed.from_wire(fields[b"envelope"].decode()) for _, fields in entries]
    found = [one.open(town.key("effects").public, (town.folder / "keys/repo_id").read_text()).request for one in sealed]
    return [one for one in found if isinstance(one, ask.Measured)]


def test_the_answer_has_a_picture_and_becomes_evidence(place: Town) -> None:
    assert asks(place) is None
    (delivery,) = place.outcomes()
    shown = delivery.outcome
    assert isinstance(shown, out.DriftShown)
    assert (delivery.actor, delivery.channel) == (ANA.id, "CBIOPSY")
    assert (shown.report.version, shown.report.environment, shown.watched) == ("v2.0.0", "staging", True)
    assert (shown.report.warning, shown.report.alert) == ("0.1", "0.3")
    assert shown.offers[-1].startswith("snooze drift biopsy in staging for 24h")
    assert "mean_area 0.41 alert" in shown.picture_text
    assert shown.picture
    kept: Any = place.client.get(lanes.picture(shown.picture))
    png = base64.b64decode(kept)
    assert "sha256:" + hashlib.sha256(png).hexdigest() == shown.picture and png.startswith(b"\x89PNG")
    assert 3000 < place.client.ttl(lanes.picture(shown.picture)) <= 3600
    (measured,) = reported(place)
    assert measured.report == shown.report and measured.asked_by
    assert rows(place).read == [("v2.0.0", timedelta(days=7))]


def test_who_asks_a_moment_later_gets_the_same_measurement(place: Town) -> None:
    for who in (ANA, BEN, ANA):
        assert asks(place, who=who) is None
    shown = place.told(out.DriftShown)
    assert len(shown) == 3 and len({one.report.at for one in shown}) == 1
    assert len(rows(place).read) == 1 and len(reported(place)) == 1


def test_another_window_is_another_question_and_no_evidence(place: Town) -> None:
    asks(place, ask.ShowDrift(BIOPSY, last=Duration("12h")))
    assert rows(place).read == [("v2.0.0", timedelta(hours=12))]
    assert reported(place) == []
    asks(place)
    assert len(rows(place).read) == 2 and len(reported(place)) == 1


def test_nobody_fills_git_by_asking(place: Town) -> None:
    """The same again is no news for ten minutes, and news come once a minute."""

    def forgotten(*names: str) -> None:
        for name in [*place.client.scan_iter("towpath:drift:*"), *(key for one in names for key in place.client.scan_iter(one))]:
            place.client.delete(name)

    asks(place)
    for psi in ("0.41", "0.42"):
        rows(place).psi = psi
        forgotten()
        asks(place)
    assert len(rows(place).read) == 3 and len(reported(place)) == 1
    for psi in ("0.42", "0.41", "0.42"):
        rows(place).psi = psi
        forgotten("towpath:once:drift-kept:staging:biopsy")  # a minute later
        asks(place)
    assert len(rows(place).read) == 6
    assert [one.report.columns[0].psi for one in reported(place)] == ["0.41", "0.42"]


def test_while_somebody_s_rows_are_read_others_wait_and_are_told_when_it_takes_long(place: Town) -> None:
    begun, end = threading.Event(), threading.Event()

    def reading() -> None:
        begun.set()
        assert end.wait(30)

    rows(place).before = reading
    first = threading.Thread(target=asks, args=(place,))
    first.start()
    assert begun.wait(30)
    assert asks(place, who=BEN) == drift.COME_BACK
    assert asks(place, ask.ShowDrift(BIOPSY, last=Duration("1h")), BEN) == drift.COME_BACK
    assert asks(place, who=BEN, number=drift.TRIES) is None
    (told,) = place.told(out.Trouble)
    assert "are being read for somebody else" in told.what and not told.kept
    end.set()
    first.join(30)
    assert asks(place, who=BEN) is None
    assert len(place.told(out.DriftShown)) == 2
    assert len(rows(place).read) == 1


def test_who_waits_more_than_a_moment_is_told_what_is_read(place: Town) -> None:
    def until_told() -> None:
        deadline = time.monotonic() + 30
        while not place.client.xlen(lanes.outcomes(lanes.shard_of("CBIOPSY"))) and time.monotonic() < deadline:
            time.sleep(0.02)

    rows(place).before = until_told
    asks(place)
    told = [one.outcome for one in place.outcomes()]
    assert isinstance(told[0], out.Receipt) and isinstance(told[1], out.DriftShown)
    assert (
        told[0].text
        == "Reading the live rows of biopsy v2.0.0 in staging, the last 7 days, against what it learned from. The answer follows here."
    )


def test_a_world_that_is_broken_is_said(place: Town) -> None:
    rows(place).broken = Unreachable("reading s3://logs")
    assert asks(place) is None
    (trouble,) = place.told(out.Trouble)
    assert "the drift of biopsy was not measured: reading s3://logs" in trouble.what
    rows(place).broken = BadContent("biopsy v2.0.0 names no reference: say `drift` in artifact.yaml")
    assert asks(place) is None
    (refused,) = place.told(out.Refused)
    assert [reason.text for reason in refused.reasons] == ["biopsy v2.0.0 names no reference: say `drift` in artifact.yaml"]
    rows(place).broken = TypeError("a secret of somebody's rows")
    assert asks(place) is None
    (trouble,) = place.told(out.Trouble)
    assert "met a defect of Towpath (TypeError)" in trouble.what and "secret" not in trouble.what
    rows(place).broken = None
    assert asks(place) is None
    assert len(place.told(out.DriftShown)) == 1 and len(reported(place)) == 1


def test_without_matplotlib_the_numbers_come_with_what_to_install(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    asks(place)
    (shown,) = place.told(out.DriftShown)
    assert shown.picture is None and any("towpath[drift]" in note for note in shown.notes)


def test_who_does_not_count_is_told_nothing(place: Town) -> None:
    asks(place, who=Actor(ActorId.read("UGIO@THOME"), Standing.GUEST, ()))
    (refused,) = place.told(out.Refused)
    assert refused.reasons and rows(place).read == []


def test_a_table_reads_no_rows(place: Town) -> None:
    asks(place, ask.ShowDrift(ArtifactName.read("all")))
    (table,) = place.told(out.DriftTable)
    assert [(one.artifact, one.environment) for one in table.lines] == [("biopsy", "staging")]
    assert rows(place).read == []


def test_without_a_projection_it_is_made_and_the_task_comes_back(place: Town) -> None:
    place.client.flushall()
    asked: list[str] = []
    sealed = place.sealed(ANA, ask.ShowDrift(BIOPSY)).to_wire()
    assert drift.answer(place.wiring, sealed, lambda: asked.append("rebuild"), 1) == drift.COME_BACK
    assert asked == ["rebuild"]
    changes.rebuild_now(place.wiring)
    assert drift.answer(place.wiring, sealed, lambda: None, 2) is None
    assert len(place.told(out.DriftShown)) == 1


def test_a_forged_or_another_question_is_not_answered(place: Town) -> None:
    for sealed in (
        place.sealed(ANA, ask.ShowDrift(BIOPSY), key="clock"),
        place.sealed(ANA, ask.AuditVerify()),
        place.sealed(ANA, ask.ShowStatus()),
    ):
        assert drift.answer(place.wiring, sealed.to_wire(), lambda: None, 1) is None
    assert place.outcomes() == [] and rows(place).read == []


def test_the_page_of_a_lane_is_published_with_what_the_ledger_knows(place: Town) -> None:
    """As the loop does it: the changed documents on top of the state they were made on; and the whole anew."""
    asks(place)
    (shown,) = place.told(out.DriftShown)
    watch = DriftWatch(BIOPSY, STAGING, shown.report)
    world = replace(place.world(), drifts={(STAGING, BIOPSY): watch})
    path = layout.drift(STAGING, BIOPSY)
    head = place.client.get(lanes.document("head"))
    assert isinstance(head, bytes)
    place.wiring.board.show_all(world, {path: layout.write(watch)}, {world.seq: world.head})
    found: Any = place.client.get(lanes.document("drift:staging:biopsy"))
    assert read(Watching, load(found)) == Watching(watch, world.head)
    worse = replace(watch, in_a_row=1)
    later = replace(world, drifts={(STAGING, BIOPSY): worse}, seq=world.seq + 1)
    files = {path: layout.write(worse), f"records/0/{later.seq}.json": b"{}"}
    place.wiring.board.show(later, files, (), {world.seq: world.head, later.seq: later.head})
    found = place.client.get(lanes.document("drift:staging:biopsy"))
    assert read(Watching, load(found)).watch == worse


def test_the_picture_is_the_same_for_the_same_report_and_small(place: Town) -> None:
    asks(place)
    report = place.told(out.DriftShown)[0].report
    drawn = picture.draw(report)
    assert drawn and drawn == picture.draw(report) and len(drawn) < 60_000
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.size == (800, 1000)
