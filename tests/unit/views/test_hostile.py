"""Whatever people write, nothing of it is live in Slack, and everything stays within Slack's limits."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.views import answer, card, forms, thread
from bot.views.text import code, escaped, person, plain, preformatted, safe, told, users_in, when
from workers.contract import outcomes as out
from workers.contract.names import ArtifactName, DebtId, EnvironmentName, Version
from workers.contract.promotion import Change, Column, GateResult, Kind, Promotion, Quorum, Result, Signature, State, Step, Table
from workers.contract.stopped import Debts, Freezes, Held, Holds, Locks, Period, Queue, Queued, QueueLane
from workers.contract.stops import Debt, DebtKind, Freeze, Lock

from .checks import assert_inert, check_modal, check_post, whole
from .samples import ANA, COMMIT, EVENTS, LEA, UNIX, P, Pages, after, descent, event, hold, moved, promotion, registered, vote

ATTACKS = (
    "<!channel>", "<!here|here>", "<@U0LEA222>", "<!subteam^S0614TZR7>", "<http://evil.example|audit link>", "<#C0FRAUD>", "a & b < c > d",
    "&lt;!channel&gt;", "*approved*", "_done_", "~struck~", "`code`", "```\nblock\n```", "\n> quoted\n*Approvals:* 2 of 2", "\u202egnp.exe",
    "x\u0000y\u0007", "\ud800", "&amp;amp;", "<", ">>>", "`<!channel>`", "<!date^0^{date}|now>", "javascript:alert(1)|x",
)  # fmt: skip


def hostile(text: str, times: int = 1) -> Promotion:
    """A promotion in which everything that people or tools wrote is this text."""
    return promotion(
        because=text,
        skipped=(text,) * times,
        gates=tuple(GateResult(text[:500] or "g", list(Result)[at % 4], text, (text,)) for at in range(times)),
        changes=tuple(Change(text, text, text) for _ in range(times)),
        votes=tuple(replace(vote(LEA, because=text), role=text, decision=text) for _ in range(times)),
        reasons=(text,) * times,
        targets=(text,) * times,
        quorum=Quorum(2, (text,) * times, ("U0LEA222",) * times, (text,), (text,)),
        step=Step(text, text, text),
        events=tuple(event("requested", seq=at + 1, text=text, because=text) for at in range(times)),
        expires_at=text or None,
    )


def hostile_descent(text: str, times: int) -> out.Descent:
    standing = out.Standing(EnvironmentName("prod"), P, text)
    kin = out.Kin(text, ArtifactName("biopsies"), Version("v1.0.0"), True, (standing,) * times, {text: text})
    return descent(live=(standing,), parents=(kin, replace(kin, live=())) * times, children=(kin,) * times)


def hostile_place(text: str) -> Queued:
    return Queued(P, Version("v1.0.0"), State.WAITING, LEA, 1, (text,) * 9, text, text)


def outcomes(text: str, times: int = 1) -> list[out.Outcome]:
    """Outcomes in which everything is this text."""
    one = hostile(text, times)
    version = replace(
        registered(),
        metrics={text: text},
        signature=Signature(text, (Column(text, text),), (), times),
        tables=(Table(text, text, times, times, (Column(text, text),)),) * times,
        declared_in=text,
        unread=(text,) * times,
        description=text,
        labels=(text,) * times,
        trained_on_all=(text,) * times,
    )
    return [
        out.Refused(text, (out.Reason(text, text, text),) * times, (text,) * times),
        out.Receipt(text),
        out.Choose(text, (out.Option(text, text[:100] or "x"),) * times),
        out.Choose(text, (out.Option(text, text + "x" * 200),) * times),
        out.Registered(version, None, {text: (text,) * times}),
        out.PolicyWaits(COMMIT, text * times, (text,) * times),
        out.PolicyWaits(COMMIT, text, (), (text,) * times),
        out.PolicyAdopted(COMMIT, "\n".join([text] * times), ANA),
        out.Status((), (), (hold(text),) * times, note=text),
        out.Versions(None, (version,) * times, {}, times, text),
        out.Lineage(ArtifactName("biopsy"), Kind.MODEL, (hostile_descent(text, times),) * times, times, text),
        out.Pending((one,) * times, times, text),
        out.Page(moved(one)),
        out.Commands((text,), text),
        out.Person(ANA, text, (text,) * times, {text: (text,) * times}),
        out.Late(text, 20),
        out.Trouble(text, kept=True),
        out.Notice(text),
        out.Announcement(text, (LEA,) * times, (text,) * times),
        Locks((Lock(ArtifactName("biopsy"), EnvironmentName("prod"), LEA, text, text, text),) * times, text),
        Freezes((Freeze(EnvironmentName("prod"), LEA, text, text, text),) * times),
        Holds((Held(replace(hold(text), affected_since=text), True, (Period(text, text),) * times),) * times, times, text),
        Queue((QueueLane(EnvironmentName("prod"), ArtifactName("biopsy"), None, (hostile_place(text),) * times),) * times, times, text),
        Debts(
            (Debt(DebtId("D-7"), DebtKind.EMERGENCY, P, one.artifact, one.to.version, one.environment, LEA, text, text, (text,) * times),)
            * times
        ),
    ]


def check_everything(text: str, times: int = 1) -> None:
    one = hostile(text, times)
    names = {ANA.user: text, LEA.user: text}
    for state in State:
        check_post(card(moved(replace(one, state=state)), Pages(), names))
    for name, (state, actor) in EVENTS.items():
        happened = event(name, state, actor, seq=times + 1, text=text, because=text)
        post = thread(moved(replace(one, events=(*one.events, happened))), happened, Pages(), names)
        assert post is not None
        check_post(post)
    for outcome in outcomes(text, times):
        check_post(answer(outcome, Pages(), names))
    check_modal(forms.details(moved(one), names))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_that_people_write_is_live(attack: str) -> None:
    check_everything(attack)


@pytest.mark.parametrize("text", ["x" * 5_000, "<&>" * 2_000, "word " * 2_000, "line\n" * 2_000, "*_~`" * 1_000, "é" * 5_000])
def test_whatever_its_size_a_message_is_within_the_limits(text: str) -> None:
    check_everything(text, 25)


def test_what_is_left_out_is_counted() -> None:
    many = tuple(Change(f"metric{at}", "1", "2") for at in range(60))
    text = whole(card(moved(promotion(changes=many)), Pages()))
    assert "… (55 more)" in text


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_is_inert_in_an_answer_and_in_a_thread(text: str) -> None:
    check_post(answer(out.Refused(text, (out.Reason("x", text, text),), (text,)), Pages()))
    now, _ = after("approved")
    happened = event("approved", State.DEPLOYING, LEA, 9, text, text)
    post = thread(replace(now, promotion=replace(now.promotion, because=text, events=(happened,))), happened, Pages(), {LEA.user: text})
    assert post is not None
    check_post(post)


@given(st.text(max_size=200))
@settings(deadline=None)
def test_safe_text_holds_no_markup_at_all(text: str) -> None:
    for made in (safe(text), told(text), code(text)):
        assert_inert(made)
    assert not re.search(r"[*~`\n]", safe(text))
    assert not re.search(r"(?<!\w)_|_(?!\w)", safe(text))
    assert "\n" not in plain(text)
    assert code(text).count("`") == 2


def test_names_with_inner_underscores_stay_as_they_are() -> None:
    assert safe("user_id of log_loss") == "user_id of log_loss"


def test_an_instant_is_shown_in_the_readers_time_and_nonsense_as_it_is() -> None:
    assert when("2026-11-23T08:00:00.123Z") == f"<!date^{UNIX}^{{date_short_pretty}} at {{time}}|2026-11-23 08:00 UTC>"
    assert when("soon <!channel>") == "soon &lt;!channel&gt;"
    assert told("until 2026-11-23T08:00:00.123Z.").startswith(f"until <!date^{UNIX}^")


def test_a_display_name_cannot_pass_for_markup() -> None:
    assert person(ANA, {ANA.user: "*<!channel>*"}) == "∗&lt;!channel&gt;∗"
    assert person(ANA, {}) == "<@U0ANA111>"


def test_words_of_the_core_name_people_and_nobody_is_called_without_names() -> None:
    words = f"made by {ANA.user}, held by {LEA}, in U1 and UNITED since 2026-11-23T08:00:00.123Z"
    assert told(words, 300, {ANA.user: "Ana <!here>", LEA.user: "Léa"}).startswith(
        "made by Ana &lt;!here&gt;, held by Léa, in U1 and UNITED since <!date^"
    )
    assert "<@" not in told(words)
    assert users_in(words) == [ANA.user, LEA.user]


def test_code_over_several_lines_cannot_be_left() -> None:
    made = preformatted("a\n```\n<!channel>\nb", 500)
    assert made.count("```") == 2
    assert "<!channel>" not in made


def test_escaping_is_what_slack_does_to_typed_text() -> None:
    assert escaped("<a> & b") == "&lt;a&gt; &amp; b"
