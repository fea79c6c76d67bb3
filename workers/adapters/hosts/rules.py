"""The rules of branches and tags, as every kind of host is read into them. `None` is *the host does not tell*, never *no*."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 300


@dataclass(frozen=True)
class Pattern:
    """A rule on the text of commits. `on`: message, author or committer (their e-mail addresses). `how` is a way of GitHub's, or regex."""

    on: str
    how: str
    text: str
    negated: bool = False

    def fits(self, sample: str) -> bool | None:
        """Whether a text obeys the rule; None when the expression is not one that we can judge."""
        if self.how == "regex":
            found = _searched(self.text, sample)
        else:
            ways = {"starts_with": sample.startswith, "ends_with": sample.endswith, "contains": sample.__contains__}
            found = ways[self.how](self.text) if self.how in ways else None
        return None if found is None else found is not self.negated


def _searched(expression: str, sample: str) -> bool | None:
    """Hosts match with RE2, in linear time; Python's may not, so a repeated group is left to people."""
    if len(expression) > LONGEST or re.search(r"\)\s*[*+{]", expression):
        return None
    try:
        return re.search(expression, sample) is not None
    except (re.error, RecursionError, OverflowError):
        return None


@dataclass(frozen=True)
class BranchRules:
    """Of one branch. `pushers` is None when everybody with write access may push; `stops` are the rules that a plain push does not meet."""

    forced: bool | None
    deleted: bool | None
    reviewed: bool | None = None
    pushers: tuple[str, ...] | None = None
    stops: tuple[str, ...] = ()
    signed: bool = False
    patterns: tuple[Pattern, ...] = ()
    bypass: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class TagRules:
    """Of the tags of one kind (`*@v*` or `*#*`): whether they can be moved or deleted, who may make them (None: whoever may push), who is excepted."""

    moved: bool | None
    deleted: bool | None
    makers: tuple[str, ...] | None = None
    bypass: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


class HostSaidNo(Exception):
    """The host's API answered something that is not the rules. `says` and `fix` are for people and hold nothing secret."""

    def __init__(self, says: str, fix: str) -> None:
        self.says, self.fix = says, fix
        super().__init__(says)


class HostIsAway(HostSaidNo):
    """It answered that it cannot answer now: too many requests, or an error of its own."""
