"""What the bot watches, since it lives when the workers do not: whom to tell, and which steps are under way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A promotion under way: its state in words, and the instant by which the ledger asks a person if there is no answer."""

    promotion: str
    state: str
    until: str


@dataclass(frozen=True)
class Watched:
    """The channels that are told what goes wrong, and the steps that are under way."""

    channels: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
