"""A message as plain text a person can read: for played stories, failing tests and anybody without a browser."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, tzinfo

from demo.slack import dates
from demo.slack.emoji import with_pictures
from demo.slack.markup import Piece, pieces
from demo.slack.shapes import Json

_STYLED = re.compile(r"(?<![\w*_~`])([*_~])(?=\S)([^\n`]*?\S)\1(?![\w*_~`])")
RULE = "─" * 24


def render(message: Json, people: Mapping[str, str], zone: tzinfo = UTC) -> str:
    """Lines of text for a message, ephemeral or view (Slack's JSON shape); `people` maps ids to names shown."""
    writer = _Writer(people, zone)
    parts: list[str] = []
    if title := message.get("title"):
        parts.append(f"[{title.get('text', '')}]")
    blocks = message.get("blocks") or []
    parts += [writer.block(block) for block in blocks] or [writer.markup(str(message.get("text", "")))]
    for attachment in message.get("attachments") or []:
        parts += writer.attachment(attachment)
    parts += [f"(file: {file.get('title') or file.get('name')})" for file in message.get("files") or []]
    return "\n".join(part for part in parts if part)


class _Writer:
    """One method per block type."""

    def __init__(self, people: Mapping[str, str], zone: tzinfo) -> None:
        self._people = people
        self._zone = zone
        self._blocks: dict[str, Callable[[Json], str]] = {
            "header": lambda block: self.words(block["text"]).upper(),
            "section": self.section,
            "context": lambda block: " · ".join(self.element(row) for row in block["elements"]),
            "divider": lambda block: RULE,
            "actions": lambda block: " ".join(self.element(row) for row in block["elements"]),
            "markdown": lambda block: str(block["text"]),
            "image": self.image,
            "input": lambda block: f"{self.words(block['label'])}: {self.element(block['element'])}",
            "rich_text": lambda block: "\n".join(self.rich(part) for part in block["elements"]),
            "table": self.table,
            "alert": lambda block: f"! {self.words(block['text'])}",
        }

    def block(self, block: Json) -> str:
        writer = self._blocks.get(block.get("type", ""))
        return writer(block) if writer else f"({block.get('type')})"

    def attachment(self, attachment: Json) -> list[str]:
        if blocks := attachment.get("blocks"):
            return [self.block(block) for block in blocks]
        found = (attachment.get(key) for key in ("pretext", "title", "text"))
        return [self.markup(str(text)) for text in found if text]

    def markup(self, text: str) -> str:
        plain = "".join(self.piece(piece) for piece in pieces(text))
        return with_pictures(_STYLED.sub(r"\2", plain))

    def piece(self, piece: Piece) -> str:
        if piece.kind in {"user", "group"}:
            return "@" + (self._people.get(piece.value) or piece.label or piece.value).removeprefix("@")
        if piece.kind == "channel":
            return "#" + (self._people.get(piece.value) or piece.label or piece.value)
        if piece.kind == "broadcast":
            return "@" + piece.value
        if piece.kind == "date":
            return dates.shown(piece.value, piece.label or "", self._zone)
        if piece.kind == "link":
            return f"{piece.label} ({piece.value})" if piece.label and piece.label != piece.value else piece.value
        return piece.label or piece.value

    def words(self, text: Json) -> str:
        return self.markup(text["text"]) if text.get("type") == "mrkdwn" else with_pictures(str(text["text"]))

    def section(self, block: Json) -> str:
        lines = [self.words(block["text"])] if block.get("text") else []
        lines += [self.words(row).replace("\n", ": ", 1) for row in block.get("fields") or []]
        if accessory := block.get("accessory"):
            lines.append(self.element(accessory))
        return "\n".join(lines)

    def element(self, element: Json) -> str:
        kind = element.get("type")
        if kind in {"mrkdwn", "plain_text"}:
            return self.words(element)
        if kind == "image":
            return self.image(element)
        if kind == "button":
            link = f" ({element['url']})" if element.get("url") else ""
            return f"[{self.words(element['text'])}]{link}"
        if "options" in element or "option_groups" in element:
            options = " | ".join(self.words(option["text"]) for option in options_of(element))
            head = self.words(element["placeholder"]) + ": " if element.get("placeholder") else ""
            return f"[{'⋯ ' if kind == 'overflow' else '▾ '}{head}{options}]"
        return f"[{self.words(element['placeholder']) if element.get('placeholder') else '…'}]"

    def image(self, block: Json) -> str:
        return f"(image: {block.get('alt_text', '')})"

    def table(self, block: Json) -> str:
        rows = [[self.cell(cell).replace("\n", " ") for cell in row] for row in block["rows"]]
        widths = [max(len(row[n]) for row in rows if n < len(row)) for n in range(max(map(len, rows)))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=False)).rstrip() for row in rows)

    def cell(self, cell: Json) -> str:
        if cell.get("type") == "rich_text":
            return "\n".join(self.rich(part) for part in cell["elements"])
        return str(cell.get("text", ""))

    def rich(self, part: Json) -> str:
        kind = part.get("type")
        if kind == "rich_text_list":
            marks: Iterable[str] = (f"{n}. " if part.get("style") == "ordered" else "• " for n in range(1, 1000))
            return "\n".join(mark + self.rich(row) for mark, row in zip(marks, part["elements"], strict=False))
        inside = "".join(self.leaf(leaf) for leaf in part.get("elements") or [])
        return "\n".join("> " + line for line in inside.splitlines()) if kind == "rich_text_quote" else inside

    def leaf(self, leaf: Json) -> str:
        kind = leaf.get("type")
        if kind == "emoji":
            return with_pictures(f":{leaf.get('name')}:")
        if kind == "link":
            return self.piece(Piece("link", str(leaf.get("url")), leaf.get("text")))
        if kind == "date":
            return dates.shown(f"{leaf.get('timestamp')}^{leaf.get('format')}", str(leaf.get("fallback")), self._zone)
        for key, mark in (("user_id", "@"), ("usergroup_id", "@"), ("channel_id", "#"), ("range", "@")):
            if key in leaf:
                return mark + self._people.get(str(leaf[key]), str(leaf[key]))
        return str(leaf.get("text", ""))


def options_of(element: Json) -> list[Json]:
    """All options of a menu, those in groups too, in the order shown."""
    found: list[Json] = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        found += group.get("options") or []
    return found
