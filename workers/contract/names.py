"""Names that read themselves: past the edge there are no bare strings.

Every class here is a `str` that can only be made from text of one strict grammar; `read` raises `BadName` with an example that works.
The grammars are checked before any Git call, so that no name can be an option, a path out of the tree or a revision expression.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import ClassVar, Self


class BadName(ValueError):
    """A text is not a name of the asked kind. `text` is what was given (shortened), `word` the kind, `example` one that works."""

    def __init__(self, text: object, word: str, example: str) -> None:
        self.text = str(text)[:80]
        self.word = word
        self.example = example
        super().__init__(f"{self.text!r} is not {word}; one that works: {example}")


class Name(str):
    """A text of one grammar. Subclasses give `pattern`, `word` (with its article) and `example`."""

    pattern: ClassVar[re.Pattern[str]]
    word: ClassVar[str]
    example: ClassVar[str]
    longest: ClassVar[int] = 128

    __slots__ = ()

    @classmethod
    def read(cls, text: object) -> Self:
        """The name that `text` is. Raises BadName when it is none."""
        if not isinstance(text, str) or len(text) > cls.longest or not cls.pattern.fullmatch(text):
            raise BadName(text, cls.word, cls.example)
        return cls(text)


class ArtifactName(Name):
    """Lower-case letters, digits, inner dashes and underscores, groups by `/`: a strict subset of GTO's names, safe as a path and in a ref."""

    pattern = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?(?:/[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?){0,3}", re.ASCII)
    word = "an artifact name"
    example = "fraud or risk/fraud"
    __slots__ = ()


class EnvironmentName(Name):
    """Lower-case letters, digits and inner dashes; no slash, so that `m#prod` and `m#prod/eu` can never clash as refs."""

    pattern = re.compile(r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?", re.ASCII)
    word = "an environment"
    example = "prod or prod-eu"
    __slots__ = ()


class Version(Name):
    """A full semantic version with a leading `v`, as GTO registers it: `v3.0.0`, `v3.0.0-rc.1`. No build part, no leading zeros."""

    pattern = re.compile(
        r"v(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})"
        r"(?:-(?:0|[1-9]\d{0,8}|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d{0,8}|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?",
        re.ASCII,
    )
    word = "a version"
    example = "v3.0.0"
    longest = 64
    __slots__ = ()

    @property
    def order(self) -> tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]:
        """A key that sorts by the precedence of Semantic Versioning 2.0.0 (a prerelease comes before its release)."""
        core, _, prerelease = self[1:].partition("-")
        major, minor, patch = (int(part) for part in core.split("."))
        parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in prerelease.split(".")) if prerelease else ()
        return major, minor, patch, 0 if prerelease else 1, parts

    @property
    def major(self) -> int:
        """The first number: 3 of v3.1.0."""
        return self.order[0]


class VersionAsk(Name):
    """A version as people type it: `v3`, `3`, `v3.1`, `v3.0.0`. Kept with the leading `v`; resolved against what is registered."""

    pattern = re.compile(r"(?!.*\.\.)v?\d{1,9}(?:\.\d{1,9}){0,2}(?:-[0-9a-zA-Z.-]{1,58})?", re.ASCII)
    word = "a version"
    example = "v3 or v3.0.0"
    longest = 64
    __slots__ = ()

    @classmethod
    def read(cls, text: object) -> Self:
        """The asked version, with its leading `v`. Raises BadName."""
        name = super().read(text)
        return cls(name if name.startswith("v") else f"v{name}")

    def matches(self, version: Version) -> bool:
        """Whether the full version is what was asked for: equal, or of the asked major (and minor), releases only."""
        if str(self) == str(version):
            return True
        wanted = self[1:].split(".")
        if "-" in self or len(wanted) == 3:
            return False
        have = version[1:].split("-")[0].split(".")
        return "-" not in version and have[: len(wanted)] == wanted


class StoryId(Name):
    """The id of what has one card and a thread: a letter and a number."""

    pattern = re.compile(r"[PIT]-[1-9]\d{0,9}", re.ASCII)
    word = "a promotion, an incident or a retraining"
    example = "P-142"
    __slots__ = ()

    @property
    def number(self) -> int:
        """142 of P-142."""
        return int(self[2:])


class IncidentId(StoryId):
    """An incident of drift: the number of the record that opened it."""

    pattern = re.compile(r"I-[1-9]\d{0,9}", re.ASCII)
    word = "an incident"
    example = "I-17"
    __slots__ = ()


class RetrainingId(StoryId):
    """A retraining: the number of the record that began it."""

    pattern = re.compile(r"T-[1-9]\d{0,9}", re.ASCII)
    word = "a retraining"
    example = "T-9"
    __slots__ = ()


class PromotionId(StoryId):
    """`P-142`: counted up per repository, without gaps."""

    pattern = re.compile(r"P-[1-9]\d{0,8}", re.ASCII)
    word = "a promotion"
    example = "P-142"
    __slots__ = ()


class ActorId(Name):
    """A Slack user with the workspace, `U024BE7LH@T061EG9R6`, or a process of Towpath's own, `clock@towpath`. Opaque on purpose."""

    pattern = re.compile(r"[UW][A-Z0-9]{2,20}@[TE][A-Z0-9]{2,20}|(?:bot|effects|clock|operator|writer)@towpath", re.ASCII)
    word = "an actor"
    example = "U024BE7LH@T061EG9R6"
    __slots__ = ()

    @property
    def user(self) -> str:
        """The part before the `@`: the Slack user id, or the process."""
        return self.split("@", 1)[0]

    @property
    def team(self) -> str:
        """The part after the `@`: the Slack team id, or `towpath`."""
        return self.split("@", 1)[1]

    @property
    def is_person(self) -> bool:
        """Whether this is a Slack user and not a process of ours."""
        return self.team != "towpath"


class CommitId(Name):
    """A full object id of a commit: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits."""

    pattern = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?", re.ASCII)
    word = "a commit id"
    example = "9fceb02d0ae598e95dc970b74767f19372d61af8"
    __slots__ = ()


class Digest(Name):
    """`sha256:` and 64 hexadecimal digits."""

    pattern = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
    word = "a digest"
    example = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    __slots__ = ()

    @property
    def short(self) -> str:
        """The first twelve hexadecimal digits, for people."""
        return self[7:19]


class DebtId(Name):
    """A debt's id: the number of the record that opened it."""

    pattern = re.compile(r"D-[1-9][0-9]{0,9}", re.ASCII)
    word = "a debt"
    example = "D-142"
    __slots__ = ()


class Instant(Name):
    """An instant in UTC to the millisecond, RFC 3339, as everything in the ledger is dated."""

    pattern = re.compile(r"2\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
    word = "an instant"
    example = "2026-12-01T17:00:00.000Z"
    __slots__ = ()


class Duration(Name):
    """How long: `90s`, `15m`, `2h`, `7d`."""

    pattern = re.compile(r"[1-9]\d{0,4}[smhd]", re.ASCII)
    word = "a duration"
    example = "2h or 7d"
    __slots__ = ()

    @property
    def length(self) -> timedelta:
        """The same as a span of time."""
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[self[-1]]
        return timedelta(**{unit: int(self[:-1])})


class GateName(Name):
    """What an emergency may name: a gate, a stop, or `approval`."""

    pattern = re.compile(r"[a-z][a-z0-9_-]{0,60}", re.ASCII)
    word = "a gate"
    example = "soak or metrics"
    __slots__ = ()


class RequestId(Name):
    """The id of one request: the same for every delivery of the same Slack message, command or click."""

    pattern = re.compile(r"R-[a-z2-7]{20}", re.ASCII)
    word = "a request id"
    example = "R-mzxw6ytboi3dkzlom5xq"
    __slots__ = ()


class RefName(Name):
    """A branch, tag or commit that may be given to `register ... at REF`: no options, no `..`, no revision operators."""

    pattern = re.compile(
        r"(?!refs/|(?:[A-Z]+_)?HEAD$)(?!.*(?:\.\.|//|\.lock(?:/|$)|/\.))[A-Za-z0-9][A-Za-z0-9._/#@!-]{0,118}(?<![./])", re.ASCII
    )
    word = "a branch, tag or commit"
    example = "main or 9fceb02"
    __slots__ = ()


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"


class OutputRef(Name):
    """A container image by its digest: `host[:port]/path@sha256:...`, in the OCI reference grammar.

    The host is spelt out (an address without one means whatever the reader's tool takes it for), everything is lower case, and there is no
    tag: a tag can be moved, and beside a digest it says nothing.
    """

    pattern = re.compile(
        rf"(?:(?:{_LABEL}(?:\.{_LABEL})+|localhost)(?::[1-9]\d{{0,4}})?|{_LABEL}:[1-9]\d{{0,4}})"
        r"(?:/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)+@sha256:[0-9a-f]{64}",
        re.ASCII,
    )
    word = "an image by its digest"
    example = "registry.example/checkout@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    longest = 255 + len("@sha256:") + 64
    __slots__ = ()

    @classmethod
    def fault(cls, text: str) -> str:
        """Why a text is none, in a sentence for people."""
        if "@sha256:" in text:
            return "It begins with the registry's host and is written in small letters, without a tag, with the 64 digits of its digest."
        return "Without its digest nobody can tell which bytes are meant: a tag can be moved."

    @property
    def image(self) -> str:
        """The reference without its digest: `registry.example/checkout`."""
        return self.rpartition("@")[0]

    @property
    def digest(self) -> Digest:
        """What the registry calls these bytes."""
        return Digest.read(self.rpartition("@")[2])

    @property
    def short(self) -> str:
        """For people: the image with the first twelve digits of its digest."""
        return f"{self.image}@{self.digest.short}"
