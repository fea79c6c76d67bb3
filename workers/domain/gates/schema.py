"""The gate `schema`: whoever calls the live version can call this one: it takes all that was taken, and gives all that was given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.contract.promotion import Column, GateResult, Kind, Result, Signature
from workers.domain.gates.gate import Dossier, Gate, Settings, closed

NAME = "schema"
_TENSOR = re.compile(r"([^\[\]]+)\[([^\[\]]*)\]")
_WIDER = {"integer": ("long", "double"), "float": ("double",)}
"""What MLflow takes for a narrower type without loss (docs: model signature, "Type enforcement")."""
_OPTIONAL = "?"
_SHOWN = 5


def judge(dossier: Dossier, settings: Settings) -> Iterator[GateResult]:
    """One result that names every difference which breaks callers."""
    result, text = _judged(dossier, settings)
    yield GateResult(NAME, result, text, tuple(one.digest for one in (dossier.version, dossier.live) if one))


def _judged(dossier: Dossier, settings: Settings) -> tuple[Result, str]:
    version, live = dossier.version, dossier.live
    if live is None:
        return Result.PASS, f"nothing runs in {dossier.environment} yet that it would have to be compatible with"
    for one in (version, live):
        if why := _untold(one.signature):
            whose = "the live version" if one is live else "the version"
            return Result.CANNOT_TELL, f"{whose} {one.version} {why}; {_FIX}"
    assert version.signature and live.signature, "what is not told was answered"
    wrong = [*_inputs(version.signature, live.signature, settings), *_outputs(version.signature, live.signature, settings)]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        return Result.FAIL, f"callers of the live {live.version} would break: {'; '.join(wrong[:_SHOWN])}{more}"
    return (
        Result.PASS,
        f"whoever calls the live {live.version} can call it: {len(live.signature.inputs)} inputs, {len(live.signature.outputs)} outputs",
    )


_FIX = "save the model with its signature (MLmodel) or as ONNX"


def _untold(signature: Signature | None) -> str | None:
    if signature is None:
        return "has no signature"
    if not signature.inputs or not signature.outputs:
        return "has a signature without inputs or outputs"
    if signature.total > len(signature.inputs) + len(signature.outputs):
        return f"has {signature.total} inputs and outputs, of which not all are kept"
    return None


def _inputs(new: Signature, live: Signature, settings: Settings) -> Iterator[str]:
    if settings.get("inputs") == "same":
        yield from _other("input", new.inputs, live.inputs)
        return
    before, after = _named(live.inputs), _named(new.inputs)
    for name, column in after.items():
        if name not in before and not is_optional(column):
            yield f"input {name} is newly required"
        elif name in before and is_optional(before[name]) and not is_optional(column):
            yield f"input {name} was optional and is required"
        elif name in before and not takes(_bare(column.type), _bare(before[name].type)):
            yield f"input {name} took {before[name].type} and takes {column.type}"
    for name in before.keys() - after.keys():
        yield f"input {name} is gone"


def _outputs(new: Signature, live: Signature, settings: Settings) -> Iterator[str]:
    if settings.get("outputs") == "same":
        yield from _other("output", new.outputs, live.outputs)
        return
    after = _named(new.outputs)
    for name, column in _named(live.outputs).items():
        if name not in after:
            yield f"output {name} is gone"
        elif after[name].type != column.type:
            yield f"output {name} was {column.type} and is {after[name].type}"


def _other(what: str, new: tuple[Column, ...], live: tuple[Column, ...]) -> Iterator[str]:
    if new != live:
        yield f"the {what}s are not the same: {_listed(live)} before, {_listed(new)} now"


def _listed(columns: tuple[Column, ...]) -> str:
    shown = ", ".join(f"{one.name} {one.type}".strip() for one in columns[:_SHOWN])
    return shown + (f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else "")


def _named(columns: tuple[Column, ...]) -> dict[str, Column]:
    """By name; those without one by their place."""
    return {one.name or f"number {at}": one for at, one in enumerate(columns, 1)}


def is_optional(column: Column) -> bool:
    """Whether callers may leave an input out: its type ends with `?`."""
    return column.type.endswith(_OPTIONAL)


def _bare(kind: str) -> str:
    return kind.removesuffix(_OPTIONAL)


def takes(new: str, old: str) -> bool:
    """Whether whatever was of the old type is of the new one too: the same, a wider number, or a tensor with the same or an open size."""
    if new == old or new in _WIDER.get(old, ()):
        return True
    wide, narrow = _TENSOR.fullmatch(new), _TENSOR.fullmatch(old)
    if not wide or not narrow or wide[1] != narrow[1]:
        return wide is None and narrow is not None and new == narrow[1]
    sizes = [[size.strip() for size in found[2].split(",")] for found in (wide, narrow)]
    return len(sizes[0]) == len(sizes[1]) and all(has in ("?", was) for has, was in zip(*sizes, strict=True))


_WAY = {"enum": ["compatible", "same"]}
GATE = Gate(
    name=NAME,
    asks="Whoever calls the live version can call this one: no input is newly required or narrower, no output is gone or of another type.",
    judge=judge,
    settings=closed(
        {
            "inputs": _WAY | {"description": "`compatible` when not given; `same` allows no difference at all."},
            "outputs": _WAY | {"description": "`compatible` when not given; `same` allows no difference at all."},
        }
    ),
    kinds=(Kind.MODEL,),
    compares=True,
)
