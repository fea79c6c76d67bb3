"""What a target says, made fit to be shown to people: one line, short, with nothing in it that a chat could take for markup or that is secret."""

from __future__ import annotations

LONGEST = 300
STRUCK = "[struck out]"
_HARMLESS = str.maketrans({"<": "‹", ">": "›"})


def one_line(text: str, secret: str | None = None, longest: int = LONGEST) -> str:
    """`text` on one line of at most `longest` characters, `secret` struck out, control characters and angle brackets replaced."""
    if secret:
        text = text.replace(secret, STRUCK)
    shown = "".join(character if character.isprintable() else " " for character in text[: longest * 8].translate(_HARMLESS))
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"
