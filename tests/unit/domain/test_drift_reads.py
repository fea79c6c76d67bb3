"""What `show drift` is about: guessed where the place says it, and said; refused with what to do where nothing can be measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from workers.contract import outcomes as out
from workers.contract.actors import Conversation, Origin
from workers.contract.drift import ColumnDrift, DriftReport, DriftWatch, Level, Snooze, Window
from workers.contract.envelope import LIFETIME, Envelope, request_id, stamp
from workers.contract.names import ArtifactName, Digest, Duration, EnvironmentName, Instant, PromotionId, RetrainingId, Version
from workers.contract.promotion import Kind, Placed, Release
from workers.contract.requests import ShowDrift
from workers.contract.retraining import How, Recipe, Retraining, Stage
from workers.contract.stories import Card
from workers.domain import drift_reads, layout
from workers.domain.drift_reads import Wanted
from workers.domain.state import apply

from .worlds import ANA, BEGIN, BIOPSY, CHANNEL, PROD, STAGING, Story, commit_of, digest_of, version_of

POLICY = """\
version: 1
channels: {CBIOPSY: {artifact: biopsy}}
environments:
  staging: {}
  prod: {drift: {rows: {type: parquet, path: biopsy}, every: 1d, window: 3d}}
  vault: {}
"""
NOW = stamp(BEGIN)
WINE, TRIAGE = ArtifactName("wine"), ArtifactName("triage")


class Lanes(Story):
    """A ledger in which versions are live without anybody's promotion."""

    def holds(self, *documents: layout.Document) -> Lanes:
        files = {layout.path_of(one): layout.write(one) for one in documents}
        self.world = apply(self.world, commit_of(repr(files)), files, None)
        return self

    def asked(self, request: ShowDrift, channel: str = CHANNEL, thread: str | None = None) -> object:
        where = Conversation(channel, Origin.MENTION, thread)
        envelope = Envelope(request_id("x"), "repo", NOW, stamp(BEGIN + LIFETIME), ANA, request, where, "show drift")
        return drift_reads.wanted(self.world, envelope, request)


def live(artifact: str, environment: EnvironmentName, *versions: str, kind: Kind = Kind.MODEL) -> Release:
    placed = tuple(Placed(Version(one), commit_of(one), digest_of(one), PromotionId("P-1"), NOW) for one in versions)
    return Release(ArtifactName(artifact), kind, environment, 1, placed[-1], None, placed)


def report(version: str = "v2.0.0", verdict: Level = Level.ALERT, psi: str = "0.4", artifact: str = "biopsy") -> DriftReport:
    columns = (ColumnDrift("mean_area", "number", verdict, psi=psi),)
    return DriftReport(
        ArtifactName(artifact), Version(version), PROD, verdict, "It drifted.", Window(None, None, 400), Window(None, None, 900), NOW,
        Digest(digest_of(psi)), columns, 1, 1,
    )  # fmt: skip


@pytest.fixture
def lanes() -> Lanes:
    """biopsy is live in staging and prod, the service triage in prod; wine is registered only."""
    found = Lanes(POLICY)
    found.registers(
        version_of("v1.0.0"), replace(version_of("v2.0.0"), retrain=Recipe(How.COMMAND, ("python", "train.py"))), version_of("v1.0.0", "wine"),
        version_of("v1.0.0", "triage", Kind.SERVICE),
    )  # fmt: skip
    return found.holds(
        live("biopsy", STAGING, "v2.0.0"), live("biopsy", PROD, "v1.0.0", "v2.0.0"), live("triage", PROD, "v1.0.0", kind=Kind.SERVICE)
    )


def refusal(found: object) -> str:
    assert isinstance(found, out.Refused), found
    (reason,) = found.reasons
    return reason.text


def test_what_is_named_is_measured_over_the_policys_window(lanes: Lanes) -> None:
    one = lanes.asked(ShowDrift(BIOPSY, PROD))
    assert isinstance(one, Wanted)
    assert (one.version.version, one.environment, one.window, one.is_own, one.notes) == ("v2.0.0", PROD, timedelta(days=3), True, ())
    asked = lanes.asked(ShowDrift(BIOPSY, PROD, Duration("12h")))
    assert isinstance(asked, Wanted) and (asked.window, asked.is_own) == (timedelta(hours=12), False)


def test_the_channel_says_which_artifact_and_the_policy_where_and_both_are_told(lanes: Lanes) -> None:
    one = lanes.asked(ShowDrift())
    assert isinstance(one, Wanted)
    assert (one.version.artifact, one.environment) == (BIOPSY, PROD)
    assert one.notes == ("this channel is about biopsy; `show drift all` shows every model", "in prod; it is live in staging too")


def test_a_name_that_nobody_knows_is_read_as_the_nearest(lanes: Lanes) -> None:
    one = lanes.asked(ShowDrift(ArtifactName("biopsi"), PROD))
    assert isinstance(one, Wanted) and one.notes == ("read biopsi as biopsy",)
    assert "No version of cherry is registered" in refusal(lanes.asked(ShowDrift(ArtifactName("cherry"))))
    assert "Did you mean prod?" in refusal(lanes.asked(ShowDrift(BIOPSY, EnvironmentName("prodd"))))


def test_a_thread_is_about_its_promotion_or_its_retraining() -> None:
    story = Lanes(POLICY.replace("  prod: {", "  prod: {run: [], "))
    story.registers(version_of("v1.0.0"), version_of("v1.0.0", "wine"))
    story.succeeds("v1.0.0", "staging")
    story.card("P-1", "111.1", "COTHER")
    story.holds(live("wine", PROD, "v1.0.0"))
    assert "does not say where the live rows of biopsy in staging" in refusal(story.asked(ShowDrift(), "COTHER", "111.1"))
    recipe, card = Recipe(How.COMMAND, ("python", "train.py")), Card("COTHER", "222.2")
    base, asked = commit_of("main"), request_id("retrain")
    story.holds(
        Retraining(RetrainingId("T-9"), WINE, PROD, Stage.RUNNING, ANA.id, NOW, "COTHER", asked, recipe, base, "models/wine", card=card)
    )
    one = story.asked(ShowDrift(), "COTHER", "222.2")
    assert isinstance(one, Wanted) and (one.version.artifact, one.environment) == (WINE, PROD)


def test_what_cannot_be_measured_is_refused_with_what_to_do(lanes: Lanes) -> None:
    assert "triage is a service: drift is measured of models" in refusal(lanes.asked(ShowDrift(TRIAGE, PROD)))
    assert "No version of wine is live anywhere" in refusal(lanes.asked(ShowDrift(WINE)))
    assert "No version of wine is live in prod" in refusal(lanes.asked(ShowDrift(WINE, PROD)))
    text = refusal(lanes.asked(ShowDrift(BIOPSY, STAGING)))
    assert "`environments: staging:`" in text and "drift: {rows: {type: parquet, path: biopsy}, every: 1d}" in text
    lanes.holds(live("biopsy", PROD, "v9.0.0"))
    assert "v9.0.0 runs in prod, but it is not registered" in refusal(lanes.asked(ShowDrift(BIOPSY, PROD)))


def test_the_snippet_of_the_refusal_is_a_policy_that_works() -> None:
    text = drift_reads.no_rules(BIOPSY, STAGING).text
    snippet = text.partition("adopt it: ")[2].partition(". The path")[0]
    story = Lanes(POLICY.replace("staging: {}", f"staging: {{{snippet}}}"))
    assert drift_reads.drift_rules(story.world, STAGING, BIOPSY) is not None


def test_without_a_name_the_table_holds_every_live_model_worst_first(lanes: Lanes) -> None:
    lanes.holds(live("wine", PROD, "v1.0.0"), DriftWatch(BIOPSY, PROD, report("v1.0.0")))
    lanes.holds(DriftWatch(WINE, PROD, report("v1.0.0", Level.WARNING, "0.1", "wine")))
    found = lanes.asked(ShowDrift(), "CELSEWHERE")
    assert isinstance(found, out.DriftTable) and found.total == 3
    assert [(one.artifact, one.environment) for one in found.lines] == [(WINE, PROD), (BIOPSY, PROD), (BIOPSY, STAGING)]
    assert found.lines[1].report is None and "the last report is of v1.0.0" in (found.lines[1].why or "")
    assert found.lines[2].why == "the policy says nothing of drift in staging"
    assert lanes.asked(ShowDrift(ArtifactName("all"))) == found
    assert isinstance(prod := lanes.asked(ShowDrift(None, PROD), "CELSEWHERE"), out.DriftTable)
    assert {one.environment for one in prod.lines} == {PROD}


def test_worst_is_by_verdict_then_by_how_far(lanes: Lanes) -> None:
    for name, verdict, psi in (("a", Level.NONE, "0.05"), ("b", Level.BROKEN, "0"), ("c", Level.ALERT, "0.3"), ("d", Level.ALERT, "0.9")):
        lanes.holds(live(name, PROD, "v1.0.0"), DriftWatch(ArtifactName(name), PROD, report("v1.0.0", verdict, psi, name)))
    assert [one.artifact for one in drift_reads.table(lanes.world, PROD).lines] == ["d", "c", "b", "a", "biopsy"]


def test_an_artifact_may_be_called_all(lanes: Lanes) -> None:
    lanes.registers(version_of("v1.0.0", "all"))
    assert "No version of all is live" in refusal(lanes.asked(ShowDrift(ArtifactName("all"))))


def offers(lanes: Lanes, verdict: Level) -> tuple[str, ...]:
    one = lanes.asked(ShowDrift(BIOPSY, PROD))
    assert isinstance(one, Wanted)
    return drift_reads.shown(lanes.world, one, report(verdict=verdict), NOW).offers


def test_what_may_come_next_is_offered_where_there_is_something_to_do(lanes: Lanes) -> None:
    snooze = "snooze drift biopsy in prod for 24h"
    assert offers(lanes, Level.ALERT) == ("retrain biopsy", "rollback biopsy in prod", snooze)
    assert offers(lanes, Level.WARNING) == ("retrain biopsy", snooze)
    assert offers(lanes, Level.BROKEN) == ("rollback biopsy in prod", snooze)
    assert offers(lanes, Level.NONE) == offers(lanes, Level.TOO_FEW) == ()
    lanes.holds(DriftWatch(BIOPSY, PROD, snooze=Snooze(ANA.id, NOW, Instant("2026-11-24T08:00:00.000Z"))))
    assert offers(lanes, Level.WARNING) == ("retrain biopsy", "unsnooze drift biopsy in prod")
    lanes.holds(DriftWatch(BIOPSY, PROD, snooze=Snooze(ANA.id, NOW, Instant("2026-11-23T07:00:00.000Z"))))
    assert offers(lanes, Level.WARNING) == ("retrain biopsy", snooze)


def test_the_answer_knows_the_last_report(lanes: Lanes) -> None:
    lanes.holds(DriftWatch(BIOPSY, PROD, report(psi="0.1"), report(psi="0.05")))
    one = lanes.asked(ShowDrift(BIOPSY, PROD))
    assert isinstance(one, Wanted)
    shown = drift_reads.shown(lanes.world, one, report(), NOW)
    assert shown.before == report(psi="0.1") and shown.watched
