"""What was built from a version's commit: named by whoever registers it, or in the message of its tag, and part of its digest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from workers.contract.names import BadName, OutputRef
from workers.contract.requests import MOST_OUTPUTS
from workers.ports.errors import BadContent

_MEANT = re.compile(r"\s*outputs?\s*:", re.IGNORECASE)
_LINE = re.compile(r"Output: image (?P<image>\S+)", re.ASCII)
_SIGNATURE = re.compile(r"^-----BEGIN (?:PGP|SSH) SIGNATURE-----$|^-----BEGIN SIGNED MESSAGE-----$", re.MULTILINE)


def outputs_of(named: Sequence[OutputRef], tag: bytes) -> tuple[OutputRef, ...]:
    """The outputs that were named at the registration or by the tag (its object's bytes; empty: there is none), sorted. Raises BadContent.

    Both may name them, if they name the same: neither takes precedence over the other silently.
    """
    tagged = _read(tag)
    if named and tagged and set(named) != set(tagged):
        shown = " and ".join(one.short for one in tagged)
        raise BadContent(f"The version's tag names other images: {shown}. Leave them out to register those.")
    return tuple(sorted(named or tagged))


def lines_of(outputs: Iterable[OutputRef]) -> Iterator[str]:
    """The lines of the version's digest for its outputs, sorted by the bytes of the whole reference.

    `-` stands where a file has its size, so that no file can have such a line.
    """
    return (f"{one.digest[7:]} - image {one.image}\n" for one in sorted(outputs, key=str.encode))


def _read(tag: bytes) -> list[OutputRef]:
    message = _SIGNATURE.split(tag.partition(b"\n\n")[2].decode(errors="replace"), maxsplit=1)[0]
    meant = [line.rstrip() for line in message.splitlines() if _MEANT.match(line)]
    found: list[OutputRef] = []
    reasons: list[str] = []
    for line in meant:
        try:
            found.append(_image(line))
        except BadName as exc:
            reasons.append(_fault(line, exc))
    if len(set(found)) < len(found):
        reasons.append("The tag's message names an image twice.")
    if len(meant) > MOST_OUTPUTS:
        reasons = [f"The tag's message names {len(meant)} images; a version has at most {MOST_OUTPUTS}."]
    if reasons:
        raise BadContent(*reasons)
    return found


def _image(line: str) -> OutputRef:
    match = _LINE.fullmatch(line)
    return OutputRef.read(match["image"] if match else None)


def _fault(line: str, exc: BadName) -> str:
    why = OutputRef.fault(line) if _LINE.fullmatch(line) else "The form is `Output: image REFERENCE`."
    return f"The tag's message has the line {line[:120]!r}, which names no image. {why} One that works: `Output: image {exc.example}`."
