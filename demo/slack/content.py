"""What an app may put into a message: text, blocks, attachments and metadata, checked as Slack checks them."""

import copy
import json
from typing import Any

from demo.slack.blockkit import check
from demo.slack.markup import tidy
from demo.slack.shapes import Json, Refused

MOST_TEXT = 40_000
"""A longer text is cut, silently."""
MOST_MARKDOWN = 12_000
MOST_UPDATED_TEXT = 4_000
"""chat.update refuses more (msg_too_long)."""
MOST_ATTACHMENTS = 100
MOST_METADATA = 8_000
"""Characters of JSON. Slack has a cap that it does not publish; this one is our caution."""


def read(given: Json) -> Json:
    """The fields text, blocks, attachments and metadata that were given, as Slack stores them.

    Raises Refused: no_text, msg_too_long, markdown_text_conflict, too_many_attachments and what the parts raise.
    """
    found: Json = {}
    if given.get("markdown_text") is not None:
        return _markdown(given)
    if given.get("text") is not None:
        found["text"] = tidy(str(given["text"]))[:MOST_TEXT]
    if given.get("blocks") is not None:
        found["blocks"] = check.message_blocks(given["blocks"])
    if given.get("attachments") is not None:
        found["attachments"] = _attachments(given["attachments"])
    if given.get("metadata") is not None:
        found["metadata"] = _metadata(given["metadata"])
    return found


def must_say_something(found: Json) -> Json:
    """The same content with a text, though it be empty. Raises Refused no_text when there is nothing to show."""
    if not (found.get("text", "").strip() or found.get("blocks") or found.get("attachments") or found.get("files")):
        raise Refused("no_text")
    return {"text": "", **found}


def _markdown(given: Json) -> Json:
    if given.get("text") or given.get("blocks"):
        raise Refused("markdown_text_conflict")
    text = str(given["markdown_text"])
    if len(text) > MOST_MARKDOWN:
        raise Refused("msg_too_long")
    found: Json = {"text": text, "blocks": check.message_blocks([{"type": "markdown", "text": text}])}
    if given.get("metadata") is not None:
        found["metadata"] = _metadata(given["metadata"])
    return found


def _attachments(given: Any) -> list[Json]:
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise Refused("invalid_attachments")
    if len(given) > MOST_ATTACHMENTS:
        raise Refused("too_many_attachments")
    kept: list[Json] = copy.deepcopy(given)
    for n, row in enumerate(kept, start=1):
        row["id"] = n
        if "blocks" in row:
            row["blocks"] = check.message_blocks(row["blocks"])
    return kept


def _metadata(given: Any) -> Json:
    if not isinstance(given, dict):
        raise Refused("invalid_metadata_format")
    if not given:
        return {}
    if set(given) - {"event_type", "event_payload", "entities"}:
        raise Refused("invalid_metadata_schema")
    if not isinstance(given.get("event_type"), str) or not isinstance(given.get("event_payload"), dict):
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(given)) > MOST_METADATA:
        raise Refused("metadata_too_large")
    return copy.deepcopy(given)
