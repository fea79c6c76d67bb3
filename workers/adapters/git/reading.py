"""What readers of people's files share: how they say that they cannot, and how a name from a file may be kept."""

from __future__ import annotations

from typing import Protocol

LONGEST = 80
MOST_COLUMNS = 200


class Unreadable(ValueError):
    """A file is not what it is called. The message is the end of a sentence about it."""


class Reader(Protocol):
    """Takes a file piece by piece, in bounded memory."""

    def feed(self, piece: bytes) -> None:
        """The next piece. Raises Unreadable."""


def shown(text: str) -> str:
    """A name or a type from a file: what cannot be printed is replaced, what is long is cut."""
    text = "".join(sign if sign.isprintable() else "�" for sign in text[: LONGEST + 1])
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
