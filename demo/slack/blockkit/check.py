"""Check blocks and views as Slack does on arrival, and return them as Slack stores them."""

import copy
import json
from typing import Any

from demo.slack.blockkit.elements import plain
from demo.slack.blockkit.rules import Shape, Spot, anything, flag, many, string, typed
from demo.slack.blockkit.table import MOST_BLOCK_CHARACTERS, MOST_BLOCKS, MOST_MARKDOWN_CHARACTERS, SURFACES
from demo.slack.clock import new_id
from demo.slack.markup import tidy
from demo.slack.shapes import Json, Refused

MOST_VIEW_BYTES = 250_000
_VIEW = {
    kind: Shape(
        {"blocks": anything, **({"title": plain(24)} if kind == "modal" else {})},
        {
            "private_metadata": string(3000, 0),
            "callback_id": string(255, 0),
            "external_id": string(255, 0),
            **({"submit": plain(24), "close": plain(24), "clear_on_close": flag} if kind == "modal" else {}),
            "notify_on_close": flag,
            **({"submit_disabled": flag} if kind == "modal" else {}),
        },
    )
    for kind in ("modal", "home")
}


def message_blocks(blocks: Any) -> list[Json]:
    """Blocks of a message. Raises Refused: invalid_blocks_format, invalid_blocks, msg_blocks_too_long."""
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    findings = _findings(blocks, "message")
    tables = sum(isinstance(block, dict) and block.get("type") == "table" for block in blocks)
    if tables > 1:
        findings.append("[ERROR] only_one_table_allowed [json-pointer:/blocks]")
    if findings:
        raise Refused("invalid_blocks", {"errors": findings, "response_metadata": {"messages": findings}})
    if len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MOST_BLOCK_CHARACTERS:
        raise Refused("msg_blocks_too_long")
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MOST_MARKDOWN_CHARACTERS:
        raise Refused("msg_blocks_too_long")
    return stored(blocks)


def view(given: Any, kinds: tuple[str, ...]) -> Json:
    """A modal or Home view. Raises Refused: invalid_arguments, view_too_large."""
    if not isinstance(given, dict):
        raise Refused("invalid_arguments", _messages(["[ERROR] must provide an object [json-pointer:/view]"]))
    if len(json.dumps(given).encode()) > MOST_VIEW_BYTES:
        raise Refused("view_too_large")
    kind = given.get("type")
    if kind not in kinds:
        raise Refused("invalid_arguments", _messages([f"[ERROR] unsupported type: {kind} [json-pointer:/view/type]"]))
    findings: list[str] = []
    _VIEW[kind](given, Spot("/view", findings))
    findings += _findings(given.get("blocks"), kind, "/view/blocks")
    findings += _submit_missing(given, kind)
    if findings:
        raise Refused("invalid_arguments", _messages(findings))
    return {**copy.deepcopy(given), "blocks": stored(given["blocks"])}


def _submit_missing(given: Json, kind: str) -> list[str]:
    blocks = given.get("blocks")
    inputs = isinstance(blocks, list) and any(isinstance(row, dict) and row.get("type") == "input" for row in blocks)
    if kind == "modal" and inputs and not given.get("submit"):
        return ["[ERROR] missing required field: submit (a view with an input needs it) [json-pointer:/view]"]
    return []


def _messages(findings: list[str]) -> Json:
    return {"response_metadata": {"messages": findings}}


def _findings(blocks: Any, surface: str, pointer: str = "/blocks") -> list[str]:
    findings: list[str] = []
    spot = Spot(pointer, findings)
    many(typed(SURFACES[surface]), MOST_BLOCKS[surface], 0)(blocks, spot)
    seen: set[str] = set()
    for n, block in enumerate(blocks if isinstance(blocks, list) else []):
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if isinstance(block_id, str) and block_id in seen:
            spot.at(n).at("block_id").wrong(f"`block_id` already exists: {block_id}")
        seen.add(str(block_id))
    return findings


def stored(blocks: list[Json]) -> list[Json]:
    """As Slack keeps them: ids given to whatever lacks one, text objects completed, markup tidied."""
    kept: list[Json] = copy.deepcopy(blocks)
    for block in kept:
        block.setdefault("block_id", new_id("", 5))
        for element in [*(block.get("elements") or []), block.get("accessory"), block.get("element")]:
            if isinstance(element, dict) and _takes_action_id(block, element):
                element.setdefault("action_id", new_id("", 5))
        _complete(block)
    return kept


def _takes_action_id(block: Json, element: Json) -> bool:
    return block["type"] in {"actions", "section", "input"} and element.get("type") != "image"


def _complete(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _complete(item)
    elif isinstance(value, dict):
        if value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        elif value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
            value["text"] = tidy(value["text"])
        else:
            for item in value.values():
                _complete(item)
