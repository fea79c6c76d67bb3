"""The gate `artifact-safety`: what a look at the files found, whose loading nobody tried, against the formats that are allowed."""

from __future__ import annotations

from collections.abc import Iterator

from workers.contract.evidence import Evidence
from workers.contract.promotion import GateResult, Kind, Result
from workers.contract.safety import Safety, Verdict
from workers.domain.gates.gate import Dossier, Gate, Need, Settings, closed, not_gathered

CHECK = "artifact-safety"
RESULTS = {Verdict.PASS: Result.PASS, Verdict.REJECT: Result.FAIL, Verdict.CANNOT_TELL: Result.CANNOT_TELL}
_COMPANIONS = {"onnx": ("onnx weights",)}
_HARMLESS = ("text",)
_SHOWN = 3


def judge(dossier: Dossier, settings: Settings) -> Iterator[GateResult]:
    """What registration found, else what was gathered later."""
    need = needs(dossier, settings)
    if need is None:
        assert dossier.version.safety, "what needs nothing was looked at"
        yield _judged(dossier.version.safety, (dossier.version.digest,), settings)
    elif found := dossier.seen(need):
        yield _judged(told(found), (found.digest,), settings)
    else:
        yield not_gathered(CHECK, need, None)


def needs(dossier: Dossier, _: Settings) -> Need | None:
    """Files never change: what was seen of them once is never looked at again, unless nobody could tell."""
    return None if dossier.version.safety else Need(CHECK)


def facts(safety: Safety) -> tuple[tuple[str, str], ...]:
    """What evidence keeps of a look; `told` reads it back."""
    return (
        ("verdict", safety.verdict.value),
        ("formats", "\n".join(safety.formats)),
        ("findings", "\n".join(safety.findings)),
        ("scanner", safety.scanner),
    )


def told(found: Evidence) -> Safety:
    """The look behind evidence; one that did not come about cannot tell."""
    kept = dict(found.facts)
    if "verdict" not in kept:
        return Safety(Verdict.CANNOT_TELL, findings=(found.text,))
    formats, findings = (tuple(filter(None, kept.get(key, "").split("\n"))) for key in ("formats", "findings"))
    return Safety(Verdict(kept["verdict"]), formats, findings, scanner=kept.get("scanner", ""))


def _judged(safety: Safety, proof: tuple[str, ...], settings: Settings) -> GateResult:
    if safety.verdict is not Verdict.PASS:
        more = f" And {len(safety.findings) - _SHOWN} more." if len(safety.findings) > _SHOWN else ""
        said = " ".join(safety.findings[:_SHOWN]) or "nobody can tell what loading its files would run"
        return GateResult(CHECK, RESULTS[safety.verdict], f"{said}{more}", proof)
    allowed = settings.get("allow")
    fine = {*_HARMLESS, *(allowed or safety.formats), *(one for name in allowed or () for one in _COMPANIONS.get(name, ()))}
    seen = ", ".join(safety.formats) or "nothing"
    if bad := [name for name in safety.formats if name not in fine]:
        text = f"it holds {', '.join(bad)}; allowed are {', '.join(allowed or ())}. Save the model in one of these"
        return GateResult(CHECK, Result.FAIL, text, proof)
    return GateResult(
        CHECK, Result.PASS, f"loading its files runs nothing that they bring along ({seen}, by {safety.scanner or 'our scanner'})", proof
    )


GATE = Gate(
    name=CHECK,
    asks="Loading its files runs nothing that they bring along, and they are of formats that are allowed.",
    judge=judge,
    settings=closed(
        {
            "allow": {
                "type": "array",
                "items": {"type": "string", "pattern": "^[a-z0-9][a-z0-9 ]{0,30}$"},
                "uniqueItems": True,
                "minItems": 1,
                "maxItems": 30,
                "description": "Formats such as `onnx`, `safetensors`, `skops`; text is always allowed. Every safe one when not given.",
            }
        }
    ),
    kinds=(Kind.MODEL,),
    needs=needs,
)
