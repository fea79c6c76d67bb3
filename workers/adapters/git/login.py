"""What Git logs in with, when the address of the remote does not hold it: asked for anew before each talk, since it may be short-lived."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Login:
    """A user and a password for the remote's own site."""

    user: str
    password: str = field(repr=False)


class Logins(Protocol):
    """Where logins come from."""

    def login(self) -> Login:
        """One that is valid for the next minutes. Raises WorldError."""

    def forget(self) -> None:
        """The last one was not taken: make another next time."""
