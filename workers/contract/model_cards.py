"""What a version's model card says of itself: the numbers that it states and its headings, read once, at registration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stated:
    """A number that the card states of a metric of the version: `name` is the metric's, `value` as it stands there, `line` counts from 1.

    A row of a table with several numbers states several values, and nobody knows which is meant: all of them are kept.
    """

    name: str
    value: str
    line: int


@dataclass(frozen=True)
class ModelCard:
    """The card in short. `fault` says why it could not be read; then the rest is empty."""

    stated: tuple[Stated, ...] = ()
    sections: tuple[str, ...] = ()
    fault: str | None = None
