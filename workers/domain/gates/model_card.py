"""The gate `model-card`: there is a model card, it says the same numbers as the metrics file, and it has the sections that are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from workers.contract.model_cards import ModelCard, Stated
from workers.contract.promotion import GateResult, Kind, RegisteredVersion, Result
from workers.domain.gates.gate import Dossier, Gate, Settings, closed

NAME = "model-card"
_WORD = {"type": "string", "minLength": 1, "maxLength": 80}
_SHOWN = 5


def judge(dossier: Dossier, settings: Settings) -> Iterator[GateResult]:
    """One result that names everything that is amiss."""
    version = dossier.version
    proof = tuple(digest for digest in (version.card_digest, version.metrics_digest) if digest)
    result, text = _judged(version, settings)
    yield GateResult(NAME, result, text, proof)


def _judged(version: RegisteredVersion, settings: Settings) -> tuple[Result, str]:
    if version.card_digest is None:
        return Result.FAIL, "there is no model card; name it in artifact.yaml (card: README.md) and register that as a new version"
    card = version.card
    if card is None:
        return Result.CANNOT_TELL, "its card was not read when it was registered; register the same files as a new version"
    if card.fault:
        return Result.CANNOT_TELL, f"the card cannot be read: {card.fault}; mend it and register that as a new version"
    if not version.metrics:
        return (
            Result.CANNOT_TELL,
            "the version has no metrics that the card could agree with; name them in artifact.yaml (metrics: metrics.json)",
        )
    if wrong := [*_disagreeing(card, version), *_missing(card, version, settings)]:
        return Result.FAIL, f"{'; '.join(wrong)}. Mend the card and register that as a new version"
    names = dict.fromkeys(one.name for one in card.stated)
    return Result.PASS, f"the card agrees with the metrics file on {_few(names)}"


def _disagreeing(card: ModelCard, version: RegisteredVersion) -> Iterator[str]:
    for (name, line), values in _rows(card.stated).items():
        have = version.metrics.get(name)
        if have is not None and not any(agrees(value, have) for value in values):
            yield f"the card says {name} is {' or '.join(values)} (line {line}), the metrics file {have}"


def _rows(stated: Iterable[Stated]) -> dict[tuple[str, int], list[str]]:
    rows: dict[tuple[str, int], list[str]] = {}
    for one in stated:
        rows.setdefault((one.name, one.line), []).append(one.value)
    return rows


def _missing(card: ModelCard, version: RegisteredVersion, settings: Settings) -> Iterator[str]:
    told = {one.name for one in card.stated}
    wanted = [name for name in settings.get("states", ()) if name not in told]
    if wanted:
        yield f"the card does not state {_few(wanted)}"
    elif not told:
        yield f"the card states none of the version's metrics ({_few(version.metrics)})"
    there = {_plain(title) for title in card.sections}
    if lacking := [title for title in settings.get("sections", ()) if _plain(title) not in there]:
        yield f"the card has no section {_few(lacking)}"


def agrees(stated: str, measured: str) -> bool:
    """Whether a number of a card is the measured one, rounded to as many digits as stand in the card. `99.1 %` is 0.991."""
    try:
        said, percent = Decimal(stated.removesuffix("%").strip()), stated.endswith("%")
        have = Decimal(measured) * (100 if percent else 1)
        exponent = said.as_tuple().exponent
        if not isinstance(exponent, int) or not have.is_finite():
            return False
        return abs(said - have) * 2 <= Decimal(1).scaleb(min(exponent, 0)) and (exponent < 0 or said == have or percent)
    except InvalidOperation:
        return False


def _plain(title: str) -> str:
    return re.sub(r"[\W_]+", " ", title).strip().casefold()


def _few(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_SHOWN]) + (f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else "")


GATE = Gate(
    name=NAME,
    asks="There is a model card, and the numbers that it states are those of the metrics file.",
    judge=judge,
    settings=closed(
        {
            "sections": {
                "type": "array",
                "items": _WORD,
                "uniqueItems": True,
                "maxItems": 30,
                "description": "Headings that it must have.",
            },
            "states": {"type": "array", "items": _WORD, "uniqueItems": True, "maxItems": 30, "description": "Metrics that it must state."},
        }
    ),
    kinds=(Kind.MODEL,),
)
