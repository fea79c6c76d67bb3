"""Messages as plain text, and the markup underneath."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.slack.markup import escape, pieces, tidy, unescape
from demo.slack.text import RULE, render

from .stands import button, section

PEOPLE = {"U1": "Ana Lima", "C1": "deploys", "S1": "ml-leads"}


def test_a_card() -> None:
    card: dict[str, Any] = {
        "text": "fallback",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Promote fraud v3"}},
            section("Asked by <@U1>, *soon*", fields=[{"type": "mrkdwn", "text": "*AUC*\n0.91"}]),
            {"type": "divider"},
            {
                "type": "context",
                "elements": [
                    {"type": "mrkdwn", "text": "<https://x.example/d|diff>"},
                    {"type": "plain_text", "text": "P-1"},
                ],
            },
            {"type": "markdown", "text": "**bold**"},
            {
                "type": "actions",
                "elements": [button("Approve", "a"), button("Reject", "r"), {**_menu(), "type": "overflow"}],
            },
        ],
    }
    assert render(card, PEOPLE).splitlines() == [
        "PROMOTE FRAUD V3",
        "Asked by @Ana Lima, soon",
        "AUC: 0.91",
        RULE,
        "diff (https://x.example/d) · P-1",
        "**bold**",
        "[Approve] [Reject] [⋯ Diff | Why not]",
    ]


def _menu() -> dict[str, Any]:
    options = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("Diff", "Why not")]
    return {"type": "static_select", "action_id": "m", "options": options}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@U1> in <#C1> asks <!subteam^S1> and <!here>", "@Ana Lima in #deploys asks @ml-leads and @here"),
        ("<!date^1700000000^{date_short} at {time}|later>", "Nov 14, 2023 at 23:13"),
        ("<!date^1700000000^{unknown}|later>", "later"),
        ("&lt;!channel&gt; a &amp;amp; b", "<!channel> a &amp; b"),
        ("_it_ ~no~ *b* `*code*` snake_case_name 2*3*4", "it no b `*code*` snake_case_name 2*3*4"),
        (":white_check_mark: :unknown:", "✅ :unknown:"),
    ],
)
def test_markup_is_read(text: str, shown: str) -> None:
    assert render({"text": text}, PEOPLE, ZoneInfo("Europe/Amsterdam")) == shown


def test_tables_and_rich_text() -> None:
    rows = [[{"type": "raw_text", "text": cell} for cell in row] for row in (["metric", "v2"], ["auc", "0.91"])]
    leaf = {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "bullet", "elements": [leaf]}]}
    assert render({"blocks": [{"type": "table", "rows": rows}, rich]}, {}) == "metric  v2\nauc     0.91\n• one"


@given(st.text())
def test_escaping_has_an_inverse(text: str) -> None:
    assert unescape(escape(text)) == text
    assert "".join(piece.value for piece in pieces(escape(text))) == text


@given(st.text(alphabet="<>&@U1C!#|^amp;lt gt:/.https\n", max_size=60))
def test_tidying_twice_changes_nothing_more(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
