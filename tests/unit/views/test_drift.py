"""What people are told of drift: the verdict first, each number with what it means, and nothing live of what a file holds."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.views import answer, can_be_shared
from bot.views.drift import LEVELS
from workers.contract.drift import Bars, ColumnDrift, DriftReport, Level, Realised, Window
from workers.contract.names import ArtifactName, Digest, EnvironmentName, Version
from workers.contract.outcomes import DriftLine, DriftShown, DriftTable

from .checks import check_post, elements, whole
from .drifts import AREA, RADIUS, SCANNER, SNOOZED, earlier, report
from .samples import NAMES, NoPages, Pages
from .test_hostile import ATTACKS

OFFERS = ("retrain biopsy", "rollback biopsy in prod", "snooze drift biopsy in prod for 24h")


def said(outcome: DriftShown | DriftTable) -> str:
    shown = answer(outcome, Pages(), NAMES)
    check_post(shown)
    return whole(shown)


def test_the_answer_says_everything_that_was_measured() -> None:
    found = said(DriftShown(report(), earlier(), snooze=SNOOZED, offers=OFFERS, notes=("in prod; it is live in staging too",)))
    for part in (
        "🚨 *Alert: biopsy v3.0.0 in prod*",
        "12,345 rows",
        "426 rows, which v3.0.0 learned from",
        "2 of 30 drifted",
        "*mean_area*: alert, PSI 0.41 (alert from 0.25): live rows lie higher",
        "moved by 0.83 standard deviations",
        "2.0 in 100 more values are missing",
        "12 in 100 lie above all that it learned from",
        "*scanner*: warning, PSI 0.12 (warning from 0.1): less of “mk2” (60% before, 30% now)",
        "Cramér's V 0.22",
        "*mean_radius*: no drift, PSI 0.02",
        "(27 more)",
        "*Predictions:* *malignant*: warning",
        "*auc (realised):* 0.951 now, 0.996 at registration, on 310 rows; labels come 26.5 hours late",
        "*auc (estimated):* 0.94 now",
        "cannot see that the world itself has changed",
        "warning then, alert now",
        "drifted since: mean_area",
        "mean_area PSI 0.08 then, 0.41 now",
        "*Snoozed* until",
        "by Léa: the new scanner is being calibrated",
        "it is live in staging too",
        "https://towpath.example/drift/prod/biopsy?token=a&amp;b=c|the whole report",
        "rows from parquet biopsy/",
        "digest `",
    ):
        assert part in found, part


def test_the_buttons_are_sentences_and_what_changes_something_asks_once_more() -> None:
    pressed = elements(answer(DriftShown(report(), offers=OFFERS), Pages(), NAMES).blocks)
    assert [one["value"] for one in pressed] == list(OFFERS)
    assert all("confirm" in one for one in pressed)


@pytest.mark.parametrize("level", list(Level))
def test_each_level_has_a_word_beside_its_sign(level: Level) -> None:
    sign, word = LEVELS[level]
    found = said(DriftShown(report(level)))
    assert f"{sign} *{word}: biopsy v3.0.0 in prod*" in found


def test_what_is_not_known_is_not_said() -> None:
    bare = DriftReport(
        ArtifactName("biopsy"), Version("v1.0.0"), EnvironmentName("prod"), Level.TOO_FEW, "Only 12 rows.", Window(None, None, 426),
        Window(None, None, 12), "2026-11-22T08:00:00.000Z", Digest("sha256:" + "ab" * 32),
    )  # fmt: skip
    shown = answer(DriftShown(bare), NoPages(), NAMES)
    check_post(shown)
    found = whole(shown)
    assert "Too few rows to tell" in found and "12 rows" in found and "this is the first" in found
    for absent in ("Worst features", "Predictions", "None", "Problem", "PSI", "realised"):
        assert absent not in found, absent


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (None, "this is the first"),
        (report(), "nothing."),
        (earlier(version=Version("v2.0.0")), "that was of v2.0.0"),
        (replace(report(), digest=Digest("sha256:" + "ef" * 32)), "alert as before"),
        (earlier(columns=(replace(RADIUS, verdict=Level.ALERT), SCANNER)), "no longer: mean_radius"),
    ],
)
def test_what_changed_since_the_last_report(before: DriftReport | None, words: str) -> None:
    assert words in said(DriftShown(report(), before))


def test_the_direction_is_told_from_the_bars() -> None:
    lower = Bars("mean_area", ("a", "b", "c"), ("0.33", "0.33", "0.34"), ("0.8", "0.1", "0.1"))
    wider = Bars("mean_area", ("a", "b", "c"), ("0.2", "0.6", "0.2"), ("0.4", "0.2", "0.4"))
    uneven = Bars("mean_area", ("a", "b"), ("0.2", "0.6", "0.2"), ("0.4", "0.2", "0.4"))
    assert "lie lower" in said(DriftShown(report(bars=(lower,))))
    assert "are spread otherwise" in said(DriftShown(report(bars=(wider,))))
    assert "live rows" not in said(DriftShown(report(bars=(uneven,), text="")))


def test_the_table_is_worst_first_as_it_came_with_why_where_nothing_was_measured() -> None:
    staging = EnvironmentName("staging")
    lines = (
        DriftLine(ArtifactName("biopsy"), EnvironmentName("prod"), Version("v3.0.0"), report(), None, SNOOZED),
        DriftLine(ArtifactName("wine"), staging, Version("v1.1.0"), None, "the policy says nothing of drift in staging"),
    )
    found = said(DriftTable(lines, 17, "in every environment"))
    assert found.index("biopsy v3.0.0") < found.index("wine v1.1.0")
    for part in (
        "🚨 Alert",
        "worst mean_area (PSI 0.41)",
        "2 of 30 features",
        "says nothing of drift in staging",
        "snoozed until",
        "(15 more",
    ):
        assert part in found, part
    assert "No model is live yet" in said(DriftTable())


def test_both_answers_can_be_shared() -> None:
    assert can_be_shared(DriftShown(report()))
    assert can_be_shared(DriftTable())


def hostile(text: str, times: int) -> DriftReport:
    """A report in which everything that a file may hold is this text."""
    column = ColumnDrift(
        text, "category", Level.ALERT, **{one.name: text for one in fields(ColumnDrift) if one.default is None}, notes=(text,) * times
    )
    bars = Bars(text, (text,) * 3, ("0.2", text, "nan"), ("0.9", "0", text))
    return replace(
        report(), text=text, columns=(column,) * times, prediction=column, realised=(Realised(text, text, 3, text, text),) * times,
        bars=(bars,) * times, problems=(text,) * times, source=text, approximate=text, warning=text, alert=text,
    )  # fmt: skip


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_that_a_file_holds_is_live(text: str) -> None:
    bad = hostile(text, 3)
    said(
        DriftShown(
            bad, replace(bad, digest=Digest("sha256:" + "cd" * 32)), notes=(text,), snooze=replace(SNOOZED, because=text), offers=(text,)
        )
    )
    said(DriftTable((DriftLine(bad.artifact, bad.environment, bad.version, bad, text),), 1, text))
    said(DriftTable((DriftLine(bad.artifact, bad.environment, bad.version, None, text),), 1, text))


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=4_000), st.integers(1, 30))
def test_no_answer_is_too_long(text: str, times: int) -> None:
    bad = hostile(text, times)
    said(DriftShown(bad, earlier(columns=bad.columns), offers=OFFERS, notes=(text,) * times))
    said(DriftTable((DriftLine(bad.artifact, bad.environment, bad.version, bad),) * times, times + 5, text))


def test_the_worst_feature_is_in_the_words_for_notifications() -> None:
    shown = answer(DriftShown(report()), Pages(), NAMES)
    assert shown.text.startswith("🚨 Alert: biopsy v3.0.0 in prod. 2 of 30 features drifted")
    assert AREA.column in shown.text and SCANNER.column not in shown.text
