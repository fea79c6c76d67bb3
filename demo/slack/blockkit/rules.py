"""A small language for saying what Slack accepts: a rule looks at a value and notes what is wrong with it.

Findings read as Slack writes them, with a JSON pointer:
`[ERROR] must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from demo.slack.shapes import Json


@dataclass(frozen=True)
class Spot:
    """A place in the checked document; all spots of one check share the list of findings."""

    pointer: str
    findings: list[str]

    def at(self, step: str | int) -> "Spot":
        """The spot one step further in."""
        return Spot(f"{self.pointer}/{step}", self.findings)

    def wrong(self, what: str) -> None:
        """Note a finding here."""
        self.findings.append(f"[ERROR] {what} [json-pointer:{self.pointer}]")


Rule = Callable[[Any, Spot], None]
Also = Callable[[Json, Spot], None]


def string(maximum: int, minimum: int = 1) -> Rule:
    """A string of so many characters."""

    def check(value: Any, spot: Spot) -> None:
        if not isinstance(value, str):
            spot.wrong("must provide a string")
        elif len(value) > maximum:
            spot.wrong(f"must be less than {maximum + 1} characters")
        elif len(value) < minimum:
            spot.wrong(f"must be more than {minimum - 1} characters")

    return check


def url(maximum: int = 3000) -> Rule:
    """A web address."""
    length = string(maximum)

    def check(value: Any, spot: Spot) -> None:
        length(value, spot)
        if isinstance(value, str) and value and not value.startswith(("http://", "https://", "mailto:", "slack://")):
            spot.wrong("must be a valid URL")

    return check


def flag(value: Any, spot: Spot) -> None:
    """True or false."""
    if not isinstance(value, bool):
        spot.wrong("must provide a boolean")


def whole(minimum: int, maximum: int) -> Rule:
    """A whole number."""

    def check(value: Any, spot: Spot) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            spot.wrong("must provide a number")
        elif not minimum <= value <= maximum:
            spot.wrong(f"must be between {minimum} and {maximum}")

    return check


def choice(*allowed: str) -> Rule:
    """One of these words."""

    def check(value: Any, spot: Spot) -> None:
        if value not in allowed:
            spot.wrong(f"must be a valid enum value, one of {', '.join(allowed)}")

    return check


def anything(value: Any, spot: Spot) -> None:
    """No rule."""


def many(rule: Rule, maximum: int, minimum: int = 1) -> Rule:
    """A list of so many items."""

    def check(value: Any, spot: Spot) -> None:
        if not isinstance(value, list):
            spot.wrong("must provide an array")
            return
        if len(value) > maximum:
            spot.wrong(f"no more than {maximum} items allowed")
        if len(value) < minimum:
            spot.wrong(f"no fewer than {minimum} items allowed")
        for n, item in enumerate(value):
            rule(item, spot.at(n))

    return check


@dataclass(frozen=True)
class Shape:
    """An object: fields it must have, fields it may have, and what holds between them."""

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)
    also: Also | None = None

    def __call__(self, value: Any, spot: Spot) -> None:
        """Check one value: a Shape is a Rule."""
        if not isinstance(value, dict):
            spot.wrong("must provide an object")
            return
        for name, rule in self.required.items():
            if value.get(name) is None:
                spot.wrong(f"missing required field: {name}")
            else:
                rule(value[name], spot.at(name))
        for name, found in value.items():
            if name in self.optional:
                self.optional[name](found, spot.at(name))
            elif name not in self.required and name != "type":
                spot.at(name).wrong(f"invalid additional property: {name}")
        if self.also:
            self.also(value, spot)


def typed(shapes: Mapping[str, Rule]) -> Rule:
    """An object whose `type` picks its shape."""

    def check(value: Any, spot: Spot) -> None:
        if not isinstance(value, dict):
            spot.wrong("must provide an object")
        elif not isinstance(value.get("type"), str):
            spot.wrong("missing required field: type")
        elif value["type"] not in shapes:
            spot.at("type").wrong(f"unsupported type: {value['type']}")
        else:
            shapes[value["type"]](value, spot)

    return check


def exactly_one(*names: str) -> Also:
    """One of these fields and not two."""

    def check(value: Json, spot: Spot) -> None:
        if sum(value.get(name) is not None for name in names) != 1:
            spot.wrong(f"must define either {' or '.join(f'`{name}`' for name in names)}")

    return check


def at_least_one(*names: str) -> Also:
    """One of these fields or more."""

    def check(value: Json, spot: Spot) -> None:
        if not any(value.get(name) is not None for name in names):
            spot.wrong(f"must define either {' or '.join(f'`{name}`' for name in names)}")

    return check
