"""`MLmodel`, the file that MLflow puts at the root of a model folder: read as plain YAML. Nothing that it names is imported or loaded.

Source: https://mlflow.org/docs/latest/ml/model/#storage-format
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workers.adapters.git import evidence
from workers.adapters.git.declarations import BadDeclaration, Reading, load
from workers.adapters.git.reading import MOST_COLUMNS, shown
from workers.contract.names import CommitId
from workers.contract.promotion import Column, Packaging, Signature
from workers.domain import strict_yaml

FILE = "MLmodel"
LARGEST = strict_yaml.LARGEST
_MOST_FLAVORS = 20
_MOST_COLUMNS = 10_000


@dataclass(frozen=True)
class Described:
    """What the file says. `file` is what its ONNX flavor loads, below the folder."""

    packaging: Packaging | None = None
    signature: Signature | None = None
    trained_on: tuple[str, ...] = ()
    code: CommitId | None = None
    file: str | None = None


def read(content: bytes, where: str) -> tuple[Described, list[str]]:
    """What an MLmodel says, and all that is wrong with it."""
    try:
        document = load(content, where, LARGEST)
    except BadDeclaration as exc:
        return Described(), [str(exc)]
    data, reading = document.data, Reading(where, document)
    if not isinstance(data, dict):
        return Described(), [f"{where}, line 1: a mapping with `flavors` is expected."]
    flavors = data.get("flavors")
    if not isinstance(flavors, dict) or not 0 < len(flavors) <= _MOST_FLAVORS:
        reading.wrong(("flavors",), f"flavors must be a mapping of 1 to {_MOST_FLAVORS} flavors")
        flavors = {}
    texts = {key: _text(reading, data, key) for key in ("model_uuid", "run_id", "mlflow_version")}
    extra = data.get("metadata")
    extra = extra if isinstance(extra, dict) else {}
    onnx = flavors.get("onnx")
    file = onnx.get("data") if isinstance(onnx, dict) else None
    return (
        Described(
            packaging=Packaging(tuple(sorted(shown(name) for name in flavors)), **texts),
            signature=_signature(reading, data.get("signature")),
            trained_on=reading.trained_on(extra, "metadata"),
            code=reading.code(extra, "metadata"),
            file=file if isinstance(file, str) else None,
        ),
        reading.reasons,
    )


def _text(reading: Reading, data: dict[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str | int) or isinstance(value, bool) or not str(value).isprintable() or len(str(value)) > 100:
        reading.wrong((key,), f"{key} must be a short word")
        return None
    return str(value)


def _signature(reading: Reading, data: Any) -> Signature | None:
    """The signature, if one is declared; `inputs` and `outputs` are JSON in text, as MLflow writes them."""
    if data is None:
        return None
    if not isinstance(data, dict):
        reading.wrong(("signature",), "signature must be a mapping with `inputs` and `outputs`")
        return None
    inputs, outputs = (list(_columns(reading, data, key)) for key in ("inputs", "outputs"))
    return kept(FILE, inputs, outputs)


def kept(source: str, inputs: list[Column], outputs: list[Column]) -> Signature:
    """A signature of which at most 200 inputs and outputs are kept, of the outputs at least a quarter of these."""
    of_outputs = min(len(outputs), max(MOST_COLUMNS // 4, MOST_COLUMNS - len(inputs)))
    few = tuple(inputs[: MOST_COLUMNS - of_outputs]), tuple(outputs[:of_outputs])
    return Signature(source, *few, len(inputs) + len(outputs))


def _columns(reading: Reading, data: dict[str, Any], key: str) -> Iterator[Column]:
    text = data.get(key)
    if text is None:
        return
    at = ("signature", key)
    try:
        columns = evidence.load(text.encode()) if isinstance(text, str) else None
    except (evidence.BadEvidence, UnicodeError) as exc:
        reading.wrong(at, f"{key} {exc}")
        return
    if not isinstance(columns, list) or len(columns) > _MOST_COLUMNS:
        reading.wrong(at, f"{key} must be the JSON text of a list of at most {_MOST_COLUMNS} columns or tensors")
        return
    for number, column in enumerate(columns):
        found = _column(column)
        if found is None:
            reading.wrong(at, f"number {number + 1} of its {key} has no type that can be read")
            return
        yield found


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, evidence.Number)


def _column(column: Any) -> Column | None:
    """A column (`type`, `name`) or a tensor (`type: tensor` and `tensor-spec` with `dtype` and `shape`); both may be without a name.

    A column that callers may leave out has a `?` behind its type.
    """
    name, kind = (column.get("name"), column.get("type")) if isinstance(column, dict) else (None, None)
    if not _is_word(kind) or not (name is None or _is_word(name)):
        return None
    left_out = "?" if column.get("required") is False or column.get("optional") is True else ""
    if kind != "tensor":
        return Column(shown(str(name or "")), shown(str(kind)) + left_out)
    spec = column.get("tensor-spec")
    dtype, shape = (spec.get("dtype"), spec.get("shape")) if isinstance(spec, dict) else (None, None)
    if not _is_word(dtype) or not isinstance(shape, list) or len(shape) > 32:
        return None
    if not all(isinstance(one, evidence.Number) for one in shape):
        return None
    sizes = ", ".join("?" if one == "-1" else one for one in shape)
    return Column(shown(str(name or "")), shown(f"{dtype}[{sizes}]"))
