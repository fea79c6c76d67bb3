"""What is said of a file that does not pass: where, what, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from workers.contract.safety import Verdict

_LONGEST = 120


class Doubt(Exception):
    """A file does not pass. `what` is the end of a sentence about it, `do` a sentence; `at` is how many bytes lie before the place.

    `format` is what it turned out to be, where its first bytes did not say so.
    """

    verdict = Verdict.CANNOT_TELL
    format: str | None = None

    def __init__(self, what: str, do: str = "Save it anew with the library that made it.", at: int | None = None) -> None:
        super().__init__(what)
        self.what, self.do, self.at = what, do, at


class Rejected(Doubt):
    """Loading the file could run what it brings along, or it was built to mislead."""

    verdict = Verdict.REJECT


@dataclass(frozen=True)
class Finding:
    """One file or member (`model.zip!inner/name`) that does not pass."""

    verdict: Verdict
    path: str
    format: str
    what: str
    do: str
    at: int | None = None

    @property
    def text(self) -> str:
        """The finding as a sentence for people."""
        place = "" if self.at is None else f", at byte {self.at}"
        return f"{self.verdict.value}: {shown(self.path)} ({self.format}{place}) {self.what}. {self.do}"


def shown(text: object) -> str:
    """A name out of a file: what cannot be printed is replaced, what is long is cut."""
    line = "".join(sign if sign.isprintable() else "�" for sign in str(text)[: _LONGEST + 1])
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
