"""What lies on the stack of a pickle machine that builds nothing: only what a later opcode can act upon is kept."""

from __future__ import annotations

from typing import NamedTuple

MOST_KEPT = 16
LONGEST_TEXT = 512


class Opaque:
    """A value that is not followed: nothing may be called or changed through it."""

    def __init__(self, name: str) -> None:
        self.name = name


OPAQUE, LIST, SET = Opaque("a value"), Opaque("a list"), Opaque("a set")


class Global(NamedTuple):
    """Something of a module, by name."""

    module: str
    name: str

    @property
    def said(self) -> str:
        """As people write it."""
        return f"{self.module}.{self.name}"


class Dict:
    """A dict of which at most a few items are kept."""

    def __init__(self) -> None:
        self.items: dict[str, object] = {}
        self.is_whole = True

    def put(self, key: object, value: object) -> None:
        """One item."""
        if isinstance(key, str) and (key in self.items or len(self.items) < MOST_KEPT):
            self.items[key] = value
        else:
            self.is_whole = False


class Made:
    """What a call makes: an object of which is known what made it, from what, and whether its state was set."""

    def __init__(self, by: Global, args: tuple[object, ...]) -> None:
        self.by, self.args = by, args
        self.state: object = None
        self.is_built = False
        self.is_shared = False
