"""What every message and modal must hold, whatever it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import Block as SlackBlock
from slack_sdk.models.views import View

from bot.views import Post
from demo.slack.blockkit.check import message_blocks
from demo.slack.blockkit.check import view as checked_view

_REFERENCE = re.compile(
    r"<(?:@U0[A-Z0-9]+|!subteam\^S0[A-Z0-9]+|!date\^\d+\^\{date_short_pretty\} at \{time\}\|\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    r"|https://towpath\.example/[^<>|\s]+\|[a-z0-9 ]+)>"
)


def check_post(post: Post) -> None:
    """Slack would take it: by the SDK's own validators, by our stand-in's, and nothing but our own markup is live in it."""
    assert 0 < len(post.text) <= 3_000
    assert len(post.blocks) <= 50
    for block in post.blocks:
        parsed = SlackBlock.parse(block)
        assert parsed is not None
        parsed.validate_json()
    message_blocks(post.blocks)
    assert len(json.dumps(post.blocks, ensure_ascii=False)) < 13_000
    assert_inert(post.text)
    for text in markup_of(post.blocks):
        assert_inert(text)
    ids = [element["action_id"] for element in elements(post.blocks)]
    assert len(ids) == len(set(ids))


def check_modal(modal: dict[str, Any]) -> None:
    """Slack would open it."""
    View(**modal).validate_json()
    checked_view(modal, ("modal",))
    for text in markup_of(modal["blocks"]):
        assert_inert(text)


def assert_inert(text: str) -> None:
    """Only mentions, dates and links that we made are live; everything else is escaped."""
    rest = _REFERENCE.sub("", text)
    assert "<" not in rest, rest
    assert ">" not in rest, rest
    assert not re.search(r"&(?!amp;|lt;|gt;)", rest), rest


def markup_of(blocks: Any) -> Iterator[str]:
    """Every mrkdwn text."""
    if isinstance(blocks, dict):
        if blocks.get("type") == "mrkdwn":
            yield blocks["text"]
        for part in blocks.values():
            yield from markup_of(part)
    elif isinstance(blocks, list):
        for part in blocks:
            yield from markup_of(part)


def elements(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything that can be pressed."""
    found = [element for block in blocks if block["type"] == "actions" for element in block["elements"]]
    return found + [block["accessory"] for block in blocks if "accessory" in block]


def whole(post: Post) -> str:
    """All that is shown of it."""
    return json.dumps(post.blocks, ensure_ascii=False) + post.text
