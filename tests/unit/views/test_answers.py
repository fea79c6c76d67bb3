from __future__ import annotations

import typing
from dataclasses import replace

import pytest

from bot.grammar import NotUnderstood, Sentence, Vocabulary, read
from bot.views import answer, not_understood
from bot.views.answers import VIEWS
from bot.views.post import Post
from bot.views.text import escaped
from workers.contract import outcomes as out
from workers.contract import requests as ask
from workers.contract.commands import COMMANDS
from workers.contract.externals import Around, External
from workers.contract.names import ArtifactName, DebtId, EnvironmentName, Version
from workers.contract.promotion import Kind, State, Table
from workers.contract.stopped import Closed, Debts, Freezes, Held, Holds, Locks, Period, Queue, Queued, QueueLane
from workers.contract.stops import Debt, DebtKind, Freeze, Lock
from workers.contract.verified import Found, Verdict, Verification

from . import drifts, incidents
from .checks import check_post, elements, whole
from .samples import ANA, COMMIT, LEA, NAMES, PLAN, TIME, P, Pages, descent, hold, kin, moved, promotion, registered, release, vote
from .test_retraining import EVERY as RETRAININGS

LINE = out.HistoryLine(
    "2026-11-23T08:00:00.123Z", ArtifactName("biopsy"), EnvironmentName("prod"), Version("v3.0.0"), Version("v2.0.0"), P, ANA, "succeeded", (LEA,), COMMIT
)  # fmt: skip
REFUSED = out.Refused(
    "promote biopsy v3.0.0 to prod",
    (out.Reason("hold", "v3.0.0 is on hold in prod.", "Anybody who may run prod can lift it."), out.Reason("soak", "It has not soaked.")),
    ("unhold biopsy v3 in prod", "show status biopsy"),
    412,
)

QUEUE = Queue(
    (
        QueueLane(
            EnvironmentName("prod"),
            ArtifactName("biopsy"),
            Version("v2.0.0"),
            (
                Queued(P, Version("v3.0.0"), State.DEPLOYING, ANA, 0),
                Queued(P, Version("v3.1.0"), State.QUEUED, ANA, 1, (f"behind P-142 by {LEA}",), TIME),
                Queued(P, Version("v3.2.0"), State.WAITING, LEA, None, (), None, TIME),
            ),
        ),
    ),
    25,
)
LOCK = Lock(ArtifactName("biopsy"), EnvironmentName("prod"), LEA, "I compare", TIME)
DEBT = Debt(
    DebtId("D-7"), DebtKind.EMERGENCY, P, ArtifactName("biopsy"), Version("v3.0.0"), EnvironmentName("prod"), LEA, "prod is down", TIME, ("soak", "approval")
)  # fmt: skip


UNMET = (
    out.Reason("right-run", "You may not run prod.", "may: ml-leads"),
    out.Reason(
        "approval", "1 of 2 approvals by ml-leads still needed", f"{LEA.user} or members of S0614TZR7, until 2026-11-24T08:00:00.000Z"
    ),
    out.Reason("gate metrics: auc", "auc is <!channel> *0.5*", None),
)


def _external(what: Around) -> External:
    lane = what in (Around.ASSIGNED, Around.RETIRED)
    version = None if what in (Around.RETIRED, Around.DEPRECATED) else Version("v3.0.0")
    return External(
        what, ArtifactName("biopsy"), "biopsy#prod#9", EnvironmentName("prod") if lane else None, version, str(COMMIT), COMMIT, COMMIT, TIME
    )


SAMPLES: dict[type[out.Outcome], list[out.Outcome]] = {
    out.Refused: [REFUSED, out.Refused("approve P-3")],
    out.Moved: [moved(promotion())],
    out.Receipt: [out.Receipt("Your approval already counts.", P), out.Receipt("Lifted.")],
    out.Choose: [
        out.Choose(
            "Which one?",
            (out.Option("biopsy (now v2.0.0)", "promote biopsy v3 to prod"), out.Option("digits", "promote digits v3 to prod")),
        ),
        out.Choose("Which one?", (out.Option("biopsy", "promote biopsy v3 to prod because " + "it holds " * 20),)),
        out.Choose("Which one?"),
    ],
    out.Registered: [out.Registered(registered(), COMMIT, {"prod": ("auc is too low",), "staging": ()}), out.Registered(registered())],
    out.PolicyWaits: [
        out.PolicyWaits(COMMIT, "+ soak: 2h\n- soak: 1h", ("ml-leads",)),
        out.PolicyWaits(COMMIT, "", errors=("line 3: `soak` is no duration",)),
    ],
    out.PolicyAdopted: [out.PolicyAdopted(COMMIT, "+ soak: 2h", LEA)],
    out.Status: [
        out.Status(
            (release(), release(None)), (EnvironmentName("prod"),), (hold(),), COMMIT, "2026-11-23T08:00:00.123Z", "read biopzy as biopsy"
        ),
        out.Status(),
    ],
    out.Versions: [out.Versions(ArtifactName("biopsy"), (registered(),), {"v3.0.0": ("prod",)}, 9), out.Versions()],
    out.Lineage: [
        out.Lineage(ArtifactName("biopsy"), Kind.MODEL, (descent(),), 3, "read biopzy as biopsy"),
        out.Lineage(ArtifactName("biopsies"), Kind.DATASET, (descent(children=(kin("trained on", live=True),), total=4, parents=()),), 1),
        out.Lineage(ArtifactName("biopsies"), None, (out.Descent(Version("v1.0.0")),), 1),
    ],
    out.Pending: [out.Pending((promotion(votes=(vote(),)), promotion(State.QUEUED, reasons=("soaking",)))), out.Pending()],
    out.Changes: [out.Changes((LINE,), 30, "read biopzy as biopsy"), out.Changes()],
    out.Page: [out.Page(moved(promotion()))],
    out.Commands: [out.Commands(tuple(row.verb for row in COMMANDS)), out.Commands(("promote",), "promote"), out.Commands((), "dance")],
    out.Person: [out.Person(ANA, "member", ("ml-leads",), {"prod": ("request", "approve"), "staging": ()}), out.Person(ANA, "guest")],
    out.Externals: [
        out.Externals(tuple(_external(what) for what in Around)),
        out.Externals((_external(Around.ASSIGNED),), settled=True),
        out.Externals((_external(Around.GONE),) * 40),
        out.Externals(),
    ],
    out.Late: [out.Late("promote biopsy v3 to prod because a < b", 17), out.Late("sing a song", 1)],
    out.Trouble: [out.Trouble("pushing towpath", kept=True), out.Trouble("fetching main", kept=False)],
    Verification: [
        Verification(Verdict.SOUND, head=COMMIT, records=42, checked=3, compared=("1a2b3c4d5e6f (given)",), notes=("A note.",)),
        Verification(Verdict.TAMPERED, (Found("gap", "Ledger commit 1a2b holds <!channel>.", COMMIT),) * 50, first_bad=COMMIT, head=COMMIT),
        Verification(Verdict.CANNOT_TELL, lacking=(Found("no-anchor", "Nothing shows that the end was not cut off."),)),
    ],
    out.Announcement: [
        out.Announcement(f"The lock of biopsy in prod was {LEA}'s.", (LEA, ANA), ("unlock biopsy in prod",)),
        out.Announcement("Emergency: biopsy v3.0.0 goes to prod.", is_emergency=True),
    ],
    Queue: [QUEUE, Queue()],
    Locks: [Locks((LOCK, replace(LOCK, until=TIME)), "read biopzy as biopsy"), Locks()],
    Freezes: [
        Freezes((Freeze(EnvironmentName("prod"), LEA, "holidays", TIME, TIME),)),
        Freezes(closed=(Closed(EnvironmentName("prod"), "Fri 16:00 to <!here>", TIME),)),
        Freezes(),
    ],
    Holds: [
        Holds((Held(replace(hold(), affected_since=TIME), True, (Period(TIME, None, P), Period(TIME, TIME))),), 3),
        Holds((Held(replace(hold(), affected_since=TIME)), Held(hold()))),
        Holds(),
    ],
    Debts: [Debts((DEBT, replace(DEBT, kind=DebtKind.DISPUTE, skipped=())), 30), Debts()],
    out.PolicyShown: [
        out.PolicyShown(
            PLAN,
            (
                out.LaneRules(
                    EnvironmentName("prod"), (out.Rule("run", "ml-leads (U024BE7LH)"), out.Rule("soak", "15m <!here>", "kind service"))
                ),
            ),
            ArtifactName("biopsy"),
            LEA,
            TIME,
            12,
            COMMIT,
            {"prod": ("service", "risk/fraud")},
            "read biopzy as biopsy",
        ),
        out.PolicyShown(PLAN, tuple(out.LaneRules(EnvironmentName(f"e{n}"), (out.Rule("gates", "x" * 900),) * 9) for n in range(50))),
    ],
    out.Planned: [
        out.Planned(
            "promote biopsy v3 to prod", "It would stand at waiting: Asked for approval.", promotion(), UNMET, ("P-1 is stopped.",)
        ),
        out.Planned("adopt policy 1a2b3c4", "It would be recorded: policy changed.", diff="+ soak: 2h\n" * 500),
        out.Planned("rollback biopsy in prod", "It would be refused.", None, UNMET * 30),
    ],
    out.Able: [
        out.Able("promote biopsy v3 to prod", "yes"),
        out.Able("rollback biopsy in prod", "no", UNMET),
        out.Able("approve P-3", "cannot tell", UNMET),
        out.Able("promote biopsy v3 to prod", "yes", UNMET),
    ],
    out.Unmet: [
        out.Unmet(
            "P-3: biopsy v3.0.0 to prod", UNMET, f"It stands at waiting since {TIME}.", P, ("In an emergency ops may pass over it.",)
        ),
        out.Unmet("promote biopsy v3 to prod because a < b & <!channel>", UNMET * 40),
        out.Unmet("approve P-3"),
    ],
    out.IncidentMoved: [incidents.moved(incidents.incident())],
    out.DriftShown: [out.DriftShown(drifts.report()), out.DriftShown(drifts.report(), drifts.earlier(), offers=("retrain biopsy",))],
    out.DriftTable: [
        out.DriftTable((out.DriftLine(ArtifactName("biopsy"), EnvironmentName("prod"), Version("v3.0.0"), drifts.report()),), 3)
    ],
    out.RetrainingMoved: [out.RetrainingMoved(one) for one in RETRAININGS],
    out.Notice: [out.Notice("Writes have stopped: the ledger has a foreign history.")],
}


def shown(outcome: out.Outcome) -> Post:
    return answer(outcome, Pages(), NAMES)


def test_every_outcome_has_a_view() -> None:
    assert set(VIEWS) == set(out.BY_NAME.values()) == set(typing.get_args(out.Outcome))
    assert set(SAMPLES) == set(VIEWS) - {out.Silence}


@pytest.mark.parametrize("outcome", [one for many in SAMPLES.values() for one in many], ids=lambda one: type(one).__name__)
def test_every_outcome_is_a_message_that_slack_takes(outcome: out.Outcome) -> None:
    check_post(shown(outcome))


def test_silence_is_no_post() -> None:
    assert shown(out.Silence()) == Post("")


def test_a_refusal_says_what_why_that_nothing_was_changed_and_what_next() -> None:
    post = shown(REFUSED)
    for part in (
        "Refused",
        "`promote biopsy v3.0.0 to prod`",
        "on hold in prod",
        "can lift it",
        "not soaked",
        "Nothing was changed.",
        "record 412",
    ):
        assert part in whole(post), part
    for part in ("promote biopsy v3.0.0 to prod", "on hold in prod", "not soaked", "Nothing was changed."):
        assert part in post.text, part


def test_a_lacking_right_says_who_has_it() -> None:
    lacking = out.Refused("approve P-3", (out.Reason("right-approve", "You may not approve promotions to prod.", "may: ml-leads"),))
    assert "You may not approve promotions to prod. _Who may: ml-leads_" in whole(shown(lacking))


def test_a_registration_counts_files_and_names_people() -> None:
    held = out.Registered(registered(), COMMIT, {"prod": (f"on hold in prod since 2026-11-23T08:00:00.123Z by {LEA}: it times out",)})
    text = whole(shown(held))
    assert ", 1 file." in text
    assert "by Léa: it times out" in text
    assert "<@U0LEA222>" in whole(answer(held, Pages()))


def test_suggested_writes_ask_once_more_and_reads_run_at_once() -> None:
    write, read_ = elements(shown(REFUSED).blocks)
    assert (write["action_id"], write["value"]) == ("unhold", "unhold biopsy v3 in prod")
    assert write["confirm"]["text"]["text"] == "unhold biopsy v3 in prod"
    assert (read_["action_id"], "confirm" in read_) == ("show_status", False)


def test_two_suggestions_of_one_verb_have_ids_of_their_own() -> None:
    post = shown(out.Refused("x", (), ("promote biopsy v3 to prod", "promote biopsy v3 to staging", "show pending")))
    check_post(post)
    assert [one["action_id"] for one in elements(post.blocks)] == ["promote", "promote.2", "show_pending"]


def test_a_suggestion_that_is_no_sentence_has_no_button() -> None:
    post = shown(out.Refused("x", (), ("ask somebody who may",)))
    check_post(post)
    assert elements(post.blocks) == []
    assert "ask somebody who may" in whole(post)


def test_what_was_not_understood_is_shown_as_such() -> None:
    found = read("promot biopsy v3 to prod `rm`", Vocabulary())
    assert isinstance(found, NotUnderstood)
    post = shown(not_understood(found))
    check_post(post)
    assert "I did not understand" in post.text
    assert "Nothing was changed." in post.text


def test_a_typo_is_answered_with_a_button_for_exactly_that_sentence() -> None:
    found = read("promot biopsy v3 to prod", Vocabulary())
    assert isinstance(found, NotUnderstood)
    (button,) = elements(shown(not_understood(found)).blocks)
    assert button["value"] == "promote biopsy v3 to prod"
    assert "confirm" in button


def test_a_menu_carries_whole_sentences() -> None:
    (menu,) = elements(shown(SAMPLES[out.Choose][0]).blocks)
    assert menu["action_id"] == "choose"
    assert [option["value"] for option in menu["options"]] == ["promote biopsy v3 to prod", "promote digits v3 to prod"]


def test_sentences_too_long_for_a_menu_become_buttons() -> None:
    (button,) = elements(shown(SAMPLES[out.Choose][1]).blocks)
    assert button["action_id"] == "promote"
    assert button["value"].endswith("it holds ")


def test_a_menu_has_at_most_a_hundred_entries_and_says_how_many_more() -> None:
    options = tuple(out.Option(f"m{at}", f"promote m{at} v3 to prod") for at in range(130))
    post = shown(out.Choose("Which one?", options))
    check_post(post)
    assert len(elements(post.blocks)[0]["options"]) == 100
    assert "30 more" in whole(post)


def test_a_late_request_can_be_asked_again_as_it_was() -> None:
    post = shown(SAMPLES[out.Late][0])
    (button,) = elements(post.blocks)
    again = read(button["value"], Vocabulary())
    assert isinstance(again, Sentence)
    assert isinstance(again.request, ask.Promote)
    assert again.request.because == "a < b"
    assert button["text"]["text"] == "Ask again"
    assert "17 minutes" in post.text
    assert "was not performed" in post.text


def test_trouble_says_whether_the_request_is_kept() -> None:
    kept, lost = (shown(one).text for one in SAMPLES[out.Trouble])
    assert "is kept" in kept
    assert "was not kept" in lost
    assert "Nothing was changed" in kept


def test_an_invalid_policy_offers_no_button_and_a_valid_one_does() -> None:
    valid, invalid = (shown(one) for one in SAMPLES[out.PolicyWaits])
    assert [one["value"] for one in elements(valid.blocks)] == ["adopt policy 9fceb02d0ae5"]
    assert elements(invalid.blocks) == []
    assert "line 3" in whole(invalid)


def test_status_says_what_runs_what_comes_and_what_is_on_hold() -> None:
    text = whole(shown(SAMPLES[out.Status][0]))
    for part in (
        "biopsy in prod: *v2.0.0* since",
        "v3.0.0 is on its way (P-142)",
        "nothing runs yet",
        "*On hold*",
        "it times out",
        "read biopzy as biopsy",
    ):
        assert part in text, part


def test_history_says_by_whom_and_links_the_commit() -> None:
    text = whole(shown(SAMPLES[out.Changes][0]))
    for part in (
        "biopsy v3.0.0 in prod in place of v2.0.0: succeeded",
        "asked by Ana",
        "approved by Léa",
        "commit 9fceb02d0ae5",
        "29 more",
    ):
        assert part in text, part


def test_lineage_says_what_a_model_came_from() -> None:
    text = whole(shown(SAMPLES[out.Lineage][0]))
    for part in (
        "biopsy v3.0.0",
        "code at commit `9fceb02d0ae5`",
        "by 1 person",
        "trained on biopsies v1.0.0 (not registered)",
        "2 more versions",
    ):
        assert part in text, part


def test_lineage_of_a_dataset_says_which_models_are_live_where_and_by_which_promotion() -> None:
    text = whole(shown(SAMPLES[out.Lineage][1]))
    assert "biopsies v1.0.0 was trained on it, *live in* prod by P-142 since" in text
    assert "was trained on it" in text
    assert "… (3 more)" in text
    assert "not registered: known only by what was made from it" in whole(shown(SAMPLES[out.Lineage][2]))


def test_versions_say_their_shape_and_who_was_trained_on_them() -> None:
    table = Table("data/train.csv", "CSV", 1_427, 30)
    one = replace(registered(), kind=Kind.DATASET, tables=(table,))
    text = whole(shown(out.Versions(None, (one,), total=1, trained={"biopsy v3.0.0": 2})))
    assert "1,427 rows × 30 columns" in text
    assert "2 model versions trained on it: `lineage biopsy v3.0.0`" in text
    known = whole(shown(out.Registered(replace(one, declared_in="dvc.yaml, type app, taken as a service", unread=("no pyarrow",)))))
    assert "taken as a service" in known
    assert "no pyarrow" in known


def test_versions_say_where_they_are_live() -> None:
    assert "*live in prod*" in whole(shown(SAMPLES[out.Versions][0]))
    every = out.Versions(None, (registered(),), {"biopsy v3.0.0": ("staging",)}, 1)
    assert "*live in staging*" in whole(shown(every))


@pytest.mark.parametrize(
    "sentence", ["promote biopsy v3 to prod at 18:00", "promote biopsy v3 to prod in 2h", "approve", "rollback biopsy in prod"]
)
def test_what_came_too_late_can_be_asked_again_as_it_was_said(sentence: str) -> None:
    (again,) = elements(shown(out.Late(sentence, 17)).blocks)
    assert (again["text"]["text"], again["value"]) == ("Ask again", sentence)
    assert "confirm" in again


def test_help_says_form_and_example_of_one_verb_and_lists_all_otherwise() -> None:
    every, one, unknown = (whole(shown(outcome)) for outcome in SAMPLES[out.Commands])
    assert all(escaped(row.phrase) in every for row in COMMANDS)
    assert COMMANDS[0].example in one
    assert COMMANDS[0].sentence in one
    several = whole(shown(out.Commands(("audit", "audit verify", "audit debts"), "audit")))
    assert all(row.sentence in several for row in COMMANDS if row.verb.startswith("audit"))
    assert "There is no command `dance`" in unknown


def test_the_record_lists_every_event_with_its_commit() -> None:
    text = whole(shown(SAMPLES[out.Page][0]))
    assert "(record 7, <https://towpath.example/commit/" in text
    assert "audit record" in text


def test_a_receipt_names_people() -> None:
    text = shown(out.Receipt(f"biopsy in prod is locked by {ANA}: only their promotions begin there.")).text
    assert "locked by Ana: only" in text


def test_whoami_says_roles_and_rights() -> None:
    text = shown(SAMPLES[out.Person][0]).text
    assert "Roles: ml-leads" in text
    assert "prod: request, approve" in text


def test_long_suggestions_have_as_many_buttons_as_fit() -> None:
    sentences = tuple(f"promote m{at} v3 to prod because {'it <holds> ' * 90}" for at in range(5))
    post = shown(out.Refused("x", (), sentences))
    check_post(post)
    assert 1 <= len(elements(post.blocks)) < 5
    assert elements(post.blocks)[0]["value"].startswith("promote m0 v3 to prod because it &lt;holds&gt;")


def test_why_not_shows_each_condition_with_who_clears_it_in_the_readers_time() -> None:
    found = whole(shown(SAMPLES[out.Unmet][0]))
    assert "3 conditions are not met" in found
    assert "<!date^" in found
    assert "Léa" in found
    assert "Nothing was changed." in found
    assert "<!channel>" not in found


def test_a_plan_has_a_button_that_says_it_and_a_no_leads_to_why() -> None:
    planned = shown(SAMPLES[out.Planned][0])
    assert [one["value"] for one in elements(planned.blocks)] == ["promote biopsy v3 to prod"]
    assert "Nothing was changed." in whole(planned)
    denied = shown(SAMPLES[out.Able][1])
    assert [one["value"] for one in elements(denied.blocks)] == ["why not rollback biopsy in prod"]
