"""What people do in a run, one act after the other, and how it may end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .auditor import card_of
from .slack import StandIn

GOOD, BAD = ("succeeded",), ("rolled_back",)


@dataclass(frozen=True)
class Act:
    """One thing that somebody does. `may` tells whether it can be done, `is_done` whether the ledger knows of it."""

    name: str
    perform: Callable[[StandIn, str], None]
    is_done: Callable[[dict[str, Any] | None], bool]


@dataclass(frozen=True)
class Story:
    """A promotion of v2 by these acts. `lies` has the model server answer wrongly once it was switched."""

    name: str
    environment: str
    acts: tuple[Act, ...]
    ends: tuple[str, ...] = GOOD
    lies: bool = False


def _asks(environment: str) -> Act:
    def perform(slack: StandIn, promotion: str) -> None:
        slack.do(slack.workspace.person("ana").command("biopsy", "/towpath", f"promote biopsy v2.0.0 to {environment}"))

    return Act(f"Ana asks for {environment}", perform, lambda found: found is not None)


def _clicks(name: str) -> Act:
    def perform(slack: StandIn, promotion: str) -> None:
        slack.do(slack.workspace.person(name).click(card_of(slack, promotion), "Approve"))

    return Act(f"{name} clicks Approve", perform, lambda found: _has_voted(found, name))


def _replies(name: str) -> Act:
    def perform(slack: StandIn, promotion: str) -> None:
        slack.do(slack.workspace.person(name).reply(card_of(slack, promotion), "approve"))

    return Act(f"{name} says approve", perform, lambda found: _has_voted(found, name))


def _has_voted(found: dict[str, Any] | None, name: str) -> bool:
    return any(vote["actor"].startswith(f"U0{name.upper()}@") for vote in (found or {}).get("votes", ()))


STAGED = Story("staged", "staging", (_asks("staging"),))
APPROVED = Story("approved", "prod", (_asks("prod"), _clicks("mia"), _replies("dana")))
LIED_TO = Story("lied to", "staging", (_asks("staging"),), BAD, lies=True)
STORIES = (STAGED, APPROVED, STAGED, LIED_TO)
"""Drawn from by chance, some more often than others."""
