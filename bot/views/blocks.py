"""Blocks as plain data, within Slack's limits: https://docs.slack.dev/reference/block-kit"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bot.views.post import Block, Post
from bot.views.text import cut, fitting, preformatted, trimmed

SECTION = 3_000
LARGEST = 12_000
"""The most characters of all blocks of a message together; Slack was seen to refuse about 13,000."""


def header(text: str) -> Block:
    """A headline; plain text of at most 150 characters."""
    return {"type": "header", "text": {"type": "plain_text", "text": cut(text, 150)}}


def section(lines: Iterable[str], longest: int = 1_500) -> list[Block]:
    """Lines of markup as one section; no block when there are none."""
    text = "\n".join(fitting(lines, min(longest, SECTION)))
    return [{"type": "section", "text": markup(text)}] if text else []


def sections(lines: Iterable[str]) -> list[Block]:
    """Lines of markup as as many sections as they need."""
    pages: list[list[str]] = [[]]
    for line in lines:
        if sum(len(other) + 1 for other in pages[-1]) + len(line) > SECTION - 100:
            pages.append([])
        pages[-1].append(line)
    return [block for page in pages for block in section(page, SECTION)]


def preformatted_section(text: str, longest: int) -> list[Block]:
    """Several lines as code, within one section; `longest` counts characters before escaping."""
    shown = preformatted(text, longest)
    while len(shown) > SECTION - 50:  # escaping makes text longer
        longest -= 400
        shown = preformatted(text, longest)
    return [{"type": "section", "text": markup(shown)}]


def context(parts: Iterable[str]) -> list[Block]:
    """Small print; no block when there is none."""
    text = "  ·  ".join(part for part in parts if part)
    return [{"type": "context", "elements": [markup(trimmed(text, SECTION))]}] if text else []


def actions(elements: Sequence[dict[str, Any]]) -> list[Block]:
    """Buttons and menus; no block when there are none."""
    return [{"type": "actions", "elements": list(elements[:25])}] if elements else []


def button(label: str, action_id: str, value: str, **more: Any) -> dict[str, Any]:
    """A button. `value` is what it means when it is pressed."""
    shown = {"type": "plain_text", "text": cut(label, 75)}
    return {"type": "button", "text": shown, "action_id": action_id, "value": value, **more}


def confirm(title: str, text: str, yes: str, no: str = "Not now") -> dict[str, Any]:
    """A dialog that asks once more."""
    return {
        "title": {"type": "plain_text", "text": cut(title, 100)},
        "text": {"type": "plain_text", "text": cut(text, 300)},
        "confirm": {"type": "plain_text", "text": cut(yes, 30)},
        "deny": {"type": "plain_text", "text": cut(no, 30)},
    }


def option(label: str, value: str) -> dict[str, Any]:
    """One entry of a menu; `value` has at most 150 characters."""
    return {"text": {"type": "plain_text", "text": cut(label, 75)}, "value": value}


def markup(text: str) -> dict[str, Any]:
    """A text object of which Slack makes no links of its own."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def post(text: str, blocks: Sequence[Block]) -> Post:
    """A message whose plain text and blocks fit. Text-only blocks are dropped from the end if all together are too large; buttons stay."""
    kept, dropped = list(blocks)[:49], max(len(blocks) - 49, 0)
    while sum(len(str(block)) for block in kept) > LARGEST:
        last = max((at for at, block in enumerate(kept) if block["type"] == "section"), default=None)
        if last is None:
            break
        del kept[last]
        dropped += 1
    return Post(trimmed(text, 2_900), kept + (context([f"… ({dropped} more parts did not fit)"]) if dropped else []))
