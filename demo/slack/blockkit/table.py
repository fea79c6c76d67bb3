"""The table of blocks with Slack's limits, and which surface takes which block."""

from demo.slack.blockkit.elements import IN_ACTIONS, IN_CONTEXT, IN_INPUT, IN_SECTION, SLACK_FILE, plain, words
from demo.slack.blockkit.rules import (
    Rule,
    Shape,
    Spot,
    anything,
    at_least_one,
    choice,
    exactly_one,
    flag,
    many,
    string,
    typed,
    url,
    whole,
)
from demo.slack.shapes import Json

BLOCK_ID: dict[str, Rule] = {"block_id": string(255)}
_STYLE: dict[str, Rule] = {"style": anything}
_LEAF = typed(
    {
        "text": Shape({"text": string(40_000)}, _STYLE),
        "link": Shape({"url": url()}, {"text": string(3000), "unsafe": flag, **_STYLE}),
        "user": Shape({"user_id": string(20)}, _STYLE),
        "usergroup": Shape({"usergroup_id": string(20)}, _STYLE),
        "channel": Shape({"channel_id": string(20)}, _STYLE),
        "emoji": Shape({"name": string(100)}, {"unicode": string(100), **_STYLE}),
        "broadcast": Shape({"range": choice("here", "channel", "everyone")}, _STYLE),
        "date": Shape(
            {"timestamp": whole(0, 9_999_999_999), "format": string(255)},
            {"url": url(), "fallback": string(255)},
        ),
        "color": Shape({"value": string(20)}),
    }
)
_RICH_SECTION = Shape({"elements": many(_LEAF, 1000, 0)})
_RICH_PARTS: dict[str, Rule] = {
    "rich_text_section": _RICH_SECTION,
    "rich_text_quote": Shape({"elements": many(_LEAF, 1000, 0)}, {"border": whole(0, 1)}),
    "rich_text_preformatted": Shape(
        {"elements": many(_LEAF, 1000, 0)},
        {"border": whole(0, 1), "language": string(64)},
    ),
    "rich_text_list": Shape(
        {"style": choice("bullet", "ordered"), "elements": many(typed({"rich_text_section": _RICH_SECTION}), 1000)},
        {"indent": whole(0, 8), "offset": whole(0, 1_000_000), "border": whole(0, 1)},
    ),
}
_RICH = Shape({"elements": many(typed(_RICH_PARTS), 1000)}, BLOCK_ID)
_CELL = typed({"raw_text": Shape({"text": string(10_000)}), "rich_text": _RICH})
_COLUMN = Shape({}, {"align": choice("left", "center", "right"), "is_wrapped": flag})


def _own_action_ids(value: Json, spot: Spot) -> None:
    seen: set[str] = set()
    elements = value.get("elements")
    for n, element in enumerate(elements if isinstance(elements, list) else []):
        action_id = element.get("action_id") if isinstance(element, dict) else None
        if isinstance(action_id, str) and action_id in seen:
            spot.at("elements").at(n).at("action_id").wrong(f"`action_id` already exists: {action_id}")
        seen.add(str(action_id))


SECTION = Shape(
    {},
    {**BLOCK_ID, "text": words(3000), "fields": many(words(2000), 10), "accessory": typed(IN_SECTION), "expand": flag},
    at_least_one("text", "fields"),
)
HEADER = Shape({"text": plain(150)}, BLOCK_ID)
DIVIDER = Shape({}, BLOCK_ID)
IMAGE_BLOCK = Shape(
    {"alt_text": string(2000)},
    {**BLOCK_ID, "image_url": url(), "slack_file": SLACK_FILE, "title": plain(2000)},
    exactly_one("image_url", "slack_file"),
)
ACTIONS = Shape({"elements": many(typed(IN_ACTIONS), 25)}, BLOCK_ID, _own_action_ids)
CONTEXT = Shape({"elements": many(typed(IN_CONTEXT), 10)}, BLOCK_ID)
INPUT = Shape(
    {"label": plain(2000), "element": typed(IN_INPUT)},
    {**BLOCK_ID, "hint": plain(2000), "optional": flag, "dispatch_action": flag},
)
MARKDOWN = Shape({"text": string(12_000)}, BLOCK_ID)
TABLE = Shape({"rows": many(many(_CELL, 20), 100)}, {**BLOCK_ID, "column_settings": many(_COLUMN, 20)})
ALERT = Shape({"text": words(3000)}, {**BLOCK_ID, "level": choice("default", "info", "warning", "error", "success")})

_EVERYWHERE: dict[str, Rule] = {
    "section": SECTION,
    "header": HEADER,
    "divider": DIVIDER,
    "image": IMAGE_BLOCK,
    "actions": ACTIONS,
    "context": CONTEXT,
    "input": INPUT,
    "rich_text": _RICH,
}
SURFACES: dict[str, dict[str, Rule]] = {
    "message": {**_EVERYWHERE, "markdown": MARKDOWN, "table": TABLE},
    "modal": {**_EVERYWHERE, "alert": ALERT},
    "home": dict(_EVERYWHERE),
}
MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
MOST_BLOCK_CHARACTERS = 13_000
"""Of a message's blocks as compact JSON; undocumented, measured by others (slackapi/bolt-js issue 2509)."""
MOST_MARKDOWN_CHARACTERS = 12_000
"""Of all markdown blocks of a message together."""
