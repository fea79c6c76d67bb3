"""The values of inputs and menus, in the shape of `state.values` and of actions, checked as Slack's client does."""

from collections.abc import Iterable, Mapping
from typing import Any

from demo.slack.seen import elements_of, label_of
from demo.slack.shapes import CannotDo, Json
from demo.slack.text import options_of

_ONE_OPTION = {"static_select", "radio_buttons", "overflow"}
_OPTIONS = {"multi_static_select", "checkboxes"}
_PLAIN = {
    "users_select": ("selected_user", "initial_user"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}
_FILLED_KEYS = ("value", "selected_option", "selected_options", *(key for key, _ in _PLAIN.values()))


def chosen(element: Json, given: Any) -> Json:
    """The value fields of a menu or input for what a person gave (an option's text or value, a date, a text, ...)."""
    kind = element["type"]
    if kind in _ONE_OPTION:
        return {"selected_option": _option(element, given) if given is not None else None}
    if kind in _OPTIONS:
        rows: Iterable[Any] = [given] if isinstance(given, str) else given or []
        return {"selected_options": [_option(element, row) for row in rows]}
    if kind in _PLAIN:
        return {_PLAIN[kind][0]: given}
    return {"value": _text(element, given)}


def initial(element: Json) -> Json:
    """The value fields of an element that nobody touched."""
    kind = element["type"]
    if kind in _ONE_OPTION:
        return {"selected_option": element.get("initial_option")}
    if kind in _OPTIONS:
        return {"selected_options": list(element.get("initial_options") or [])}
    if kind in _PLAIN:
        return {_PLAIN[kind][0]: element.get(_PLAIN[kind][1])}
    return {"value": element.get("initial_value") or None}


def state(content: Json, values: Mapping[str, Any], kept: Mapping[str, Any]) -> Json:
    """`{"values": {block_id: {action_id: {type, ...}}}}` for a message or view.

    `values` are what the person filled in, by block id, action id or label; `kept` what was chosen before.
    Raises CannotDo for a name that fits no input.
    """
    left = dict(values)
    found: Json = {}
    for block, element in elements_of(content):
        if element["type"] in {"button", "overflow"}:
            continue
        name = _name(block, element, left)
        before = kept.get(block["block_id"], {}).get(element["action_id"])
        filled = chosen(element, left.pop(name)) if name is not None else before or initial(element)
        found.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], **filled}
    if left:
        raise CannotDo("no_such_input", f"nothing here is called {sorted(left)}; there are {labels(content)}")
    return {"values": found}


def labels(content: Json) -> list[str]:
    """The names that can be filled in."""
    return [_label(block, element) for block, element in elements_of(content) if element["type"] != "button"]


def missing(content: Json, values: Json) -> list[str]:
    """The labels of required inputs that are empty."""
    empty: list[str] = []
    for block, element in elements_of(content):
        if block["type"] == "input" and not block.get("optional"):
            value = values[block["block_id"]][element["action_id"]]
            if not any(value.get(key) for key in _FILLED_KEYS):
                empty.append(_label(block, element))
    return empty


def find(content: Json, what: str, kinds: set[str], block_id: str | None = None) -> tuple[Json, Json]:
    """The one element with that action id or, failing that, that label. Raises CannotDo when none or several fit."""
    rows = [(block, row) for block, row in elements_of(content) if row["type"] in kinds]
    if block_id:
        rows = [(block, row) for block, row in rows if block["block_id"] == block_id]
    for fits in (lambda row: row["action_id"] == what, lambda row: label_of(row) == what):
        found = [(block, row) for block, row in rows if fits(row)]
        if len(found) == 1:
            return found[0]
        if found:
            raise CannotDo("ambiguous", f"{len(found)} elements are called {what!r}")
    names = [label_of(row) or row["action_id"] for _, row in rows]
    raise CannotDo("no_such_element", f"nothing here is called {what!r}; there are {names}")


def find_option(content: Json, option: str, kinds: set[str]) -> tuple[Json, Json]:
    """The one menu that offers the option. Raises CannotDo."""
    found = [
        (block, row)
        for block, row in elements_of(content)
        if row["type"] in kinds and any(option in _names(choice) for choice in options_of(row))
    ]
    if len(found) != 1:
        raise CannotDo("no_such_option", f"{len(found)} menus offer {option!r}")
    return found[0]


def _name(block: Json, element: Json, values: Mapping[str, Any]) -> str | None:
    names = (block["block_id"], element["action_id"], _label(block, element))
    return next((name for name in names if name in values), None)


def _label(block: Json, element: Json) -> str:
    return str(block["label"]["text"]) if block["type"] == "input" else label_of(element) or str(element["action_id"])


def _names(option: Json) -> set[str]:
    return {option.get("value", ""), option["text"]["text"]}


def _option(element: Json, given: Any) -> Json:
    wanted = given.get("value") if isinstance(given, dict) else given
    for option in options_of(element):
        if wanted in _names(option):
            return option
    offered = [option["text"]["text"] for option in options_of(element)]
    raise CannotDo("no_such_option", f"{wanted!r} is not offered; there are {offered}")


def _text(element: Json, given: Any) -> str | None:
    text = "" if given is None else str(given)
    low, high = element.get("min_length", 0), element.get("max_length", 3000)
    if text and not low <= len(text) <= high:
        raise CannotDo("bad_length", f"must have {low} to {high} characters, has {len(text)}")
    return text or None
