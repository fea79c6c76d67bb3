"""What changed under a plan that people had approved, in words: the old and the new of each thing that the plan binds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workers.contract.promotion import GateResult, Placed, Promotion
from workers.domain.policy import Rules

MOST = 8
"""So many differences are told one by one."""
_LONGEST = 120


def written(rules: Rules) -> dict[str, str]:
    """The rules of a lane as flat lines, `metrics.auc.at_least` -> `0.9`: what a later plan is compared with."""
    return dict(_flat(rules.source, ""))


def _flat(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{at}.{key}" if at else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(part, Mapping | list | tuple) for part in value):
        for number, part in enumerate(value, 1):
            yield from _flat(*_named(part, at, number))
    else:
        yield at, ", ".join(map(str, value)) or "none" if isinstance(value, list | tuple) else str(value)


def _named(part: Any, at: str, number: int) -> tuple[Any, str]:
    """An entry of a list by its own name, or by the one key that it has; else by its number."""
    if isinstance(part, Mapping) and "name" in part:
        return {key: one for key, one in part.items() if key != "name"}, f"{at}.{part['name']}"
    return (part, at) if isinstance(part, Mapping) and len(part) == 1 else (part, f"{at}[{number}]")


def differences(old: Promotion, new: Promotion) -> str:
    """What is otherwise than it was when the plan was made. There is always something to say when the plan's digest changed."""
    found = list(dict.fromkeys((*_live(old, new), *_rules(old, new), *_gates(old.gates, new.gates))))
    if not found:
        found = ["its evidence is another"]
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return "; ".join([*found[:MOST], *more])


def _live(old: Promotion, new: Promotion) -> Iterator[str]:
    if (old.live and old.live.digest) != (new.live and new.live.digest):
        yield f"{new.environment} ran {_placed(old.live)}, now runs {_placed(new.live)}"
    for was, now in zip(old.members[1:], new.members[1:], strict=False):
        if (was.live and was.live.digest) != (now.live and now.live.digest):
            yield f"{new.environment} ran {was.artifact} {_placed(was.live)}, now runs {_placed(now.live)}"
    if old.to.digest != new.to.digest:
        yield f"{new.artifact} was {_placed(old.to)}, now is {_placed(new.to)}"


def _placed(one: Placed | None) -> str:
    return f"{one.version} ({one.digest.short})" if one else "nothing"


def _rules(old: Promotion, new: Promotion) -> Iterator[str]:
    """A promotion of an older ledger does not keep its rules: of that only is known whether the policy is another."""
    if not old.rules:
        if old.policy != new.policy:
            yield "the rules of the environment or its approvers are others"
        return
    for name in sorted({*old.rules, *new.rules}):
        was, now = old.rules.get(name, "not set"), new.rules.get(name, "not set")
        if was != now:
            yield f"the rule {name} was {_cut(was)}, now is {_cut(now)}"


def _gates(old: Iterable[GateResult], new: Iterable[GateResult]) -> Iterator[str]:
    before, after = ({one.gate: one for one in gates} for gates in (old, new))
    for name in sorted({*before, *after}):
        was, now = before.get(name), after.get(name)
        if (was and (was.result, was.evidence)) != (now and (now.result, now.evidence)):
            yield f"the gate {name} said {_said(was)}, now says {_said(now)}"


def _said(gate: GateResult | None) -> str:
    if gate is None:
        return "nothing"
    shown = ", ".join(one.removeprefix("sha256:")[:12] for one in gate.evidence[:3])
    return f"{gate.result.value} ({_cut(gate.text)}" + (f"; evidence {shown})" if shown else ")")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
