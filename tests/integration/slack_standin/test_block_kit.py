"""Block Kit limits, at and just over each edge."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.slack.blockkit import check
from demo.slack.shapes import Refused

from .stands import button, section


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def select(count: int, **more: Any) -> dict[str, Any]:
    options = [{"text": plain(f"o{n}"), "value": f"v{n}"} for n in range(count)]
    return {"type": "static_select", "action_id": "s", "options": options, **more}


def overflow(count: int) -> dict[str, Any]:
    return {**select(count), "type": "overflow"}


def confirm(**sizes: int) -> dict[str, Any]:
    lengths = {"title": 100, "text": 300, "confirm": 30, "deny": 30} | sizes
    return {name: plain("x" * length) for name, length in lengths.items()}


EDGES: list[tuple[str, Any, Any, str]] = [
    ("section text", section("x" * 3000), section("x" * 3001), "/blocks/0/text/text"),
    (
        "header",
        {"type": "header", "text": plain("x" * 150)},
        {"type": "header", "text": plain("x" * 151)},
        "/blocks/0/text/text",
    ),
    (
        "field",
        section("s", fields=[plain("x" * 2000)]),
        section("s", fields=[plain("x" * 2001)]),
        "/blocks/0/fields/0/text",
    ),
    ("fields", section("s", fields=[plain("f")] * 10), section("s", fields=[plain("f")] * 11), "/blocks/0/fields"),
    (
        "context",
        {"type": "context", "elements": [plain("c")] * 10},
        {"type": "context", "elements": [plain("c")] * 11},
        "/blocks/0/elements",
    ),
    (
        "actions",
        actions(*(button("b", f"a{n}") for n in range(25))),
        actions(*(button("b", f"a{n}") for n in range(26))),
        "/blocks/0/elements",
    ),
    ("button text", actions(button("x" * 75, "a")), actions(button("x" * 76, "a")), "/blocks/0/elements/0/text/text"),
    (
        "button value",
        actions(button("b", "a", value="x" * 2000)),
        actions(button("b", "a", value="x" * 2001)),
        "/blocks/0/elements/0/value",
    ),
    ("action_id", actions(button("b", "x" * 255)), actions(button("b", "x" * 256)), "/blocks/0/elements/0/action_id"),
    ("block_id", section("s", block_id="x" * 255), section("s", block_id="x" * 256), "/blocks/0/block_id"),
    ("options", actions(select(100)), actions(select(101)), "/blocks/0/elements/0/options"),
    ("overflow", actions(overflow(5)), actions(overflow(6)), "/blocks/0/elements/0/options"),
    (
        "confirm text",
        actions(button("b", "a", confirm=confirm())),
        actions(button("b", "a", confirm=confirm(text=301))),
        "/blocks/0/elements/0/confirm/text/text",
    ),
    (
        "confirm deny",
        actions(button("b", "a", confirm=confirm())),
        actions(button("b", "a", confirm=confirm(deny=31))),
        "/blocks/0/elements/0/confirm/deny/text",
    ),
]


@pytest.mark.parametrize(("fits", "breaks", "pointer"), [row[1:] for row in EDGES], ids=[row[0] for row in EDGES])
def test_edges(fits: dict[str, Any], breaks: dict[str, Any], pointer: str) -> None:
    assert check.message_blocks([fits])
    assert f"[json-pointer:{pointer}]" in finding([breaks])


def finding(blocks: Any) -> str:
    with pytest.raises(Refused) as refused:
        check.message_blocks(blocks)
    assert refused.value.error == "invalid_blocks"
    (message,) = refused.value.extra["response_metadata"]["messages"]
    return str(message)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("unsupported type: alert", {"type": "alert", "text": plain("only in modals")}),
    ("unsupported type: hologram", {"type": "hologram"}),
    ("missing required field: type", {"text": plain("t")}),
    ("must define either `text` or `fields`", {"type": "section"}),
    ("must be more than 0 characters", section("")),
    ("unsupported type: mrkdwn", {"type": "header", "text": {"type": "mrkdwn", "text": "*h*"}}),
    ("unsupported type: mrkdwn", actions({**button("b", "a"), "text": {"type": "mrkdwn", "text": "b"}})),
    ("must be a valid enum value", actions(button("b", "a", style="green"))),
    ("invalid additional property: colour", section("s", colour="red")),
    ("must define either `options` or `option_groups`", actions({"type": "static_select", "action_id": "s"})),
    ("initial option must exactly match", actions(select(2, initial_option={"text": plain("x"), "value": "y"}))),
    ("`action_id` already exists: a", actions(button("b", "a"), button("c", "a"))),
    ("no fewer than 1 items allowed", actions()),
    ("must be a valid URL", actions(button("b", "a", url="javascript:alert(1)"))),
]


@pytest.mark.parametrize(("words", "block"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_wrong_blocks(words: str, block: dict[str, Any]) -> None:
    assert words in finding([block])


KEYS = [
    "type",
    "text",
    "elements",
    "options",
    "option_groups",
    "initial_option",
    "accessory",
    "fields",
    "rows",
    "block_id",
]
WORDS = st.sampled_from(
    ["section", "actions", "static_select", "checkboxes", "table", "input", "plain_text", "rich_text", ""],
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)


@given(ANY)
def test_whatever_comes_is_taken_or_refused(blocks: Any) -> None:
    for kind in (check.message_blocks, lambda given: check.view({"type": "modal", "blocks": given}, ("modal",))):
        try:
            assert kind(blocks) is not None
        except Refused as no:
            assert no.error


def test_whole_message() -> None:
    assert len(check.message_blocks([{"type": "divider"}] * 50)) == 50
    assert "no more than 50 items allowed" in finding([{"type": "divider"}] * 51)
    assert "`block_id` already exists: same" in finding([section("a", block_id="same"), section("b", block_id="same")])
    cell = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}
    assert "only_one_table_allowed" in finding([cell, cell])


def test_same_action_id_in_two_blocks_is_fine() -> None:
    rows = [section("a", accessory=button("b", "say")), section("c", accessory=button("d", "say"))]
    assert check.message_blocks(rows)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"title": plain("x" * 25)}, "/view/title/text"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"callback_id": "x" * 256}, "/view/callback_id"),
        ({"blocks": [{"type": "divider"}] * 101}, "no more than 100 items"),
        ({"blocks": [{"type": "input", "label": plain("l"), "element": {"type": "plain_text_input"}}]}, "submit"),
        ({"blocks": [{"type": "markdown", "text": "m"}]}, "unsupported type: markdown"),
    ],
)
def test_views(changes: dict[str, Any], words: str) -> None:
    fits: dict[str, Any] = {
        "type": "modal",
        "title": plain("T"),
        "blocks": [section("s")],
        "private_metadata": "x" * 3000,
    }
    assert check.view(fits, ("modal",))["blocks"][0]["block_id"]
    with pytest.raises(Refused) as refused:
        check.view(fits | changes, ("modal",))
    assert refused.value.error == "invalid_arguments"
    assert words in str(refused.value.extra)
