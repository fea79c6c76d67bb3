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
            self.items[key] = OPAQUE if isinstance(value, Dict) else within(value)
        else:
            self.is_whole = False


class Made:
    """What a call makes: an object of which is known what made it, and whether its state was set. `code` and `type` are a numpy type's."""

    def __init__(self, by: Global, code: str | None = None) -> None:
        self.by, self.code = by, code
        self.type: object = None
        self.is_built = False
        self.is_shared = False


def within(value: object) -> object:
    """A value as it is kept inside of another one: nothing that holds much, so that no file grows in memory by its nesting."""
    if not isinstance(value, tuple) or isinstance(value, Global):
        return value
    is_flat = not any(isinstance(one, Dict) or (isinstance(one, tuple) and not isinstance(one, Global)) for one in value)
    return value if is_flat else OPAQUE
