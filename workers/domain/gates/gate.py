"""What a gate of the policy is: one declaration, from which the policy's schema, its judging and the gathering of its evidence all come.

Everything here is of the contract alone, so that a package that brings a gate of its own needs nothing else of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from workers.contract.envelope import read_stamp
from workers.contract.evidence import Evidence
from workers.contract.names import EnvironmentName
from workers.contract.promotion import GateResult, Kind, RegisteredVersion, Result

Settings = Mapping[str, Any]
DURATION = r"^[1-9][0-9]{0,4}(s|m|h|d)$"
AGE = {"type": "string", "pattern": DURATION, "description": "How old the evidence may be when somebody asks or approves."}


@dataclass(frozen=True)
class Need:
    """Evidence that is gathered for a gate: its check, the environment that is looked at, and how old it may be (None: it never ages)."""

    check: str
    environment: EnvironmentName | None = None
    at_most_age: timedelta | None = None


@dataclass(frozen=True)
class Dossier:
    """All that a gate may look at: the version, the environment it is to go to and the one before it, what runs there, gathered evidence.

    `evidence` has the key `check`, or `check@environment`. `now` is None where time does not count: then no evidence is too old.
    """

    version: RegisteredVersion
    environment: EnvironmentName
    after: EnvironmentName | None = None
    live: RegisteredVersion | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    now: datetime | None = None

    def seen(self, need: Need) -> Evidence | None:
        """The evidence that was gathered last, if any was."""
        return self.evidence.get(f"{need.check}@{need.environment}" if need.environment else need.check)

    def is_too_old(self, need: Need, found: Evidence) -> bool:
        """Whether evidence says nothing any more about how things are now."""
        return self.now is not None and need.at_most_age is not None and read_stamp(found.at) + need.at_most_age < self.now


def nothing(_: Dossier, __: Settings) -> Need | None:
    """A gate that reads what registration found."""
    return None


def closed(properties: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The JSON Schema of settings with these keys and no other."""
    return {"type": "object", "additionalProperties": False, "properties": dict(properties or {})}


@dataclass(frozen=True, eq=False)
class Gate:
    """One gate: its name in the policy, what it asks in a sentence, and how it judges.

    `settings` is the JSON Schema of what stands below its name, `kinds` the artifacts that it is for, `needs` the evidence that must be gathered
    for it. `compares` marks one that looks at the live version, `wants_after` one that makes no sense without an earlier environment.
    """

    name: str
    asks: str
    judge: Callable[[Dossier, Settings], Iterable[GateResult]]
    settings: Mapping[str, Any] = field(default_factory=closed)
    kinds: tuple[Kind, ...] = tuple(Kind)
    needs: Callable[[Dossier, Settings], Need | None] = nothing
    compares: bool = False
    wants_after: bool = False


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `2h`, `7d`."""
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})


def not_gathered(gate: str, need: Need, found: Evidence | None) -> GateResult:
    """What is said where there is no evidence, or none that is new enough."""
    ask = "ask for the promotion again, and it is looked at anew"
    if found is None:
        return GateResult(gate, Result.CANNOT_TELL, f"nobody has looked yet; {ask}")
    return GateResult(
        gate, Result.CANNOT_TELL, f"what was seen at {found.at} is too old, it may be {_words(need)} old; {ask}", (found.digest,)
    )


def _words(need: Need) -> str:
    seconds = int(need.at_most_age.total_seconds()) if need.at_most_age else 0
    unit = next((unit for unit in (86400, 3600, 60) if seconds % unit == 0), 1)
    return f"{seconds // unit}{ {86400: 'd', 3600: 'h', 60: 'm', 1: 's'}[unit] }"
