"""The grammar of GTO's tag names, read in full and written as a strict subset: what we write, we read back as the same.

`NAME@vX.Y.Z` registers, `NAME@vX.Y.Z!#N` takes that back, `NAME@deprecated[#N]` deprecates, `NAME@created` does nothing, `NAME#ENV[#N]` assigns
and `NAME#ENV![#N]` takes that back. NAME may have a folder before a `=`: `sub/dir=name` is our `sub/dir/name`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from workers.domain.picture import Act

_WORD = r"[a-zA-Z0-9](?:[a-zA-Z0-9/_-]*[a-zA-Z0-9])?"
_NUMBER = r"(?:0|[1-9]\d*)"
_PART = r"(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = rf"v{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PART}(?:\.{_PART})*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?"
_TAG = re.compile(
    rf"((?:[a-zA-Z0-9_./-]+=)?{_WORD})(?:(?:#({_WORD})|@({_SEMVER}))(!?)|@(deprecated|created))(?:#([0-9]{{1,18}}))?", re.ASCII
)
_NEAR = re.compile(r".+(?:@v\d|#[^#]).*", re.DOTALL)


class TagName(NamedTuple):
    """A tag's name in its parts, as written. `act` is None for `NAME@created`; `counter` is None where there is none."""

    artifact: str
    act: Act | None
    version: str | None = None
    environment: str | None = None
    counter: int | None = None


def parse(name: str) -> TagName | None:
    """What a tag's name says in GTO's grammar, or None when it is none of GTO's."""
    if "@" not in name and "#" not in name:
        return None
    match = _TAG.fullmatch(name)
    if match is None:
        return None
    artifact, environment, version, cancel, word, digits = match.groups()
    counter = int(digits) if digits else None
    if environment:
        return TagName(artifact, Act.UNASSIGN if cancel else Act.ASSIGN, None, environment, counter)
    if version:
        return TagName(artifact, Act.DEREGISTER if cancel else Act.REGISTER, version, None, counter)
    return TagName(artifact, Act.DEPRECATE if word == "deprecated" else None, None, None, counter)


def is_near(name: str) -> bool:
    """Whether a name that GTO passes over looks as if somebody meant it for GTO: `m@v3`, `x.y@v1.0.0`, `m#prod.eu#1`."""
    return _NEAR.fullmatch(name) is not None


def registers(spelled: str, version: str) -> str:
    """The tag that registers a version."""
    return f"{spelled}@{version}"


def assigns(spelled: str, environment: str, counter: int) -> str:
    """The tag that assigns an environment."""
    return f"{spelled}#{environment}#{counter}"


def unassigns(spelled: str, environment: str, counter: int) -> str:
    """The tag that takes an environment away."""
    return f"{spelled}#{environment}!#{counter}"
