"""The table of interactive elements and of the small objects inside them, with Slack's limits."""

from typing import Any

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


def plain(maximum: int) -> Rule:
    """A plain_text object."""
    return typed({"plain_text": Shape({"text": string(maximum)}, {"emoji": flag})})


def words(maximum: int) -> Rule:
    """A plain_text or mrkdwn object."""
    return typed(
        {
            "plain_text": Shape({"text": string(maximum)}, {"emoji": flag}),
            "mrkdwn": Shape({"text": string(maximum)}, {"verbatim": flag}),
        }
    )


ACTION_ID = string(255)
PLACEHOLDER = plain(150)
CONFIRM = Shape(
    {"title": plain(100), "text": words(300), "confirm": plain(30), "deny": plain(30)},
    {"style": choice("primary", "danger")},
)
OPTION = Shape({"text": plain(75), "value": string(150)}, {"description": plain(75)})
RICH_OPTION = Shape({"text": words(75), "value": string(150)}, {"description": words(75)})
LINKED_OPTION = Shape({"text": plain(75), "value": string(150)}, {"description": plain(75), "url": url()})
GROUP = Shape({"label": plain(75), "options": many(OPTION, 100)})
SLACK_FILE = Shape({}, {"id": string(255), "url": url()}, exactly_one("id", "url"))
COMMON: dict[str, Rule] = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": flag}
PLACED: dict[str, Rule] = {**COMMON, "placeholder": PLACEHOLDER}


def _initial_is_offered(value: Json, spot: Spot) -> None:
    offered = _rows(value.get("options"))
    for group in _rows(value.get("option_groups")):
        offered = offered + (_rows(group.get("options")) if isinstance(group, dict) else [])
    bare = [_bare(option) for option in offered]
    first = value.get("initial_option")
    chosen = [first] if first is not None else _rows(value.get("initial_options"))
    if any(_bare(option) not in bare for option in chosen):
        spot.wrong("initial option must exactly match one of the provided options")


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _bare(option: Any) -> Any:
    if not isinstance(option, dict) or not isinstance(option.get("text"), dict):
        return option
    return option["text"].get("text"), option.get("value")


def _menu(value: Json, spot: Spot) -> None:
    exactly_one("options", "option_groups")(value, spot)
    _initial_is_offered(value, spot)


def _lengths(value: Json, spot: Spot) -> None:
    low, high = value.get("min_length", 0), value.get("max_length", 3000)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        spot.wrong("min_length must not be greater than max_length")


OPTIONS: dict[str, Rule] = {"options": many(OPTION, 100), "option_groups": many(GROUP, 100)}
BOXES = many(RICH_OPTION, 10)

BUTTON = Shape(
    {"text": plain(75)},
    {
        **COMMON,
        "url": url(),
        "value": string(2000),
        "style": choice("primary", "danger"),
        "accessibility_label": string(75),
    },
)
OVERFLOW = Shape({"options": many(LINKED_OPTION, 5)}, {"action_id": ACTION_ID, "confirm": CONFIRM})
STATIC_SELECT = Shape({}, {**PLACED, **OPTIONS, "initial_option": OPTION}, _menu)
MULTI_STATIC_SELECT = Shape(
    {},
    {**PLACED, **OPTIONS, "initial_options": many(OPTION, 100), "max_selected_items": whole(1, 100)},
    _menu,
)
USERS_SELECT = Shape({}, {**PLACED, "initial_user": string(255)})
DATEPICKER = Shape({}, {**PLACED, "initial_date": string(10, 10)})
TIMEPICKER = Shape({}, {**PLACED, "initial_time": string(5, 5), "timezone": string(64)})
DATETIMEPICKER = Shape({}, {**COMMON, "initial_date_time": whole(1_000_000_000, 9_999_999_999)})
CHECKBOXES = Shape({"options": BOXES}, {**COMMON, "initial_options": BOXES}, _initial_is_offered)
RADIO_BUTTONS = Shape({"options": BOXES}, {**COMMON, "initial_option": RICH_OPTION}, _initial_is_offered)
IMAGE = Shape(
    {"alt_text": string(2000)},
    {"image_url": url(), "slack_file": SLACK_FILE},
    exactly_one("image_url", "slack_file"),
)
_TYPING: dict[str, Rule] = {**PLACED, "dispatch_action_config": anything, "initial_value": string(3000, 0)}
PLAIN_TEXT_INPUT = Shape(
    {},
    {**_TYPING, "multiline": flag, "min_length": whole(0, 3000), "max_length": whole(1, 3000)},
    _lengths,
)
NUMBER_INPUT = Shape({"is_decimal_allowed": flag}, {**_TYPING, "min_value": string(30), "max_value": string(30)})
TYPED_INPUT = Shape({}, _TYPING)

MENUS: dict[str, Rule] = {
    "static_select": STATIC_SELECT,
    "multi_static_select": MULTI_STATIC_SELECT,
    "users_select": USERS_SELECT,
    "datepicker": DATEPICKER,
    "timepicker": TIMEPICKER,
    "checkboxes": CHECKBOXES,
    "radio_buttons": RADIO_BUTTONS,
}
IN_ACTIONS: dict[str, Rule] = {**MENUS, "button": BUTTON, "overflow": OVERFLOW, "datetimepicker": DATETIMEPICKER}
IN_SECTION: dict[str, Rule] = {**MENUS, "button": BUTTON, "overflow": OVERFLOW, "image": IMAGE}
IN_INPUT: dict[str, Rule] = {
    **MENUS,
    "datetimepicker": DATETIMEPICKER,
    "plain_text_input": PLAIN_TEXT_INPUT,
    "number_input": NUMBER_INPUT,
    "email_text_input": TYPED_INPUT,
    "url_text_input": TYPED_INPUT,
}
IN_CONTEXT: dict[str, Rule] = {
    "image": IMAGE,
    "plain_text": Shape({"text": string(3000)}, {"emoji": flag}),
    "mrkdwn": Shape({"text": string(3000)}, {"verbatim": flag}),
}

__all__ = ["IN_ACTIONS", "IN_CONTEXT", "IN_INPUT", "IN_SECTION", "SLACK_FILE", "at_least_one", "plain", "words"]
