"""What is raised when files of the repository cannot be used."""

from __future__ import annotations


class Refusals(Exception):
    """What lies there cannot be used; each reason is a sentence."""

    def __init__(self, *reasons: str) -> None:
        self.reasons = reasons
        super().__init__(" ".join(reasons))
