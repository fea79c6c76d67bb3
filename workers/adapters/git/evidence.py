"""The files that speak for an artifact: its metrics, and the golden prediction in the Open Inference Protocol (V2). Nothing is executed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.contract.names import ArtifactName, BadName, Digest, Version

LARGEST_METRICS = 256 * 1024
LARGEST_GOLDEN = 4 * 1024 * 1024
LARGEST_CARD = 1024 * 1024
_DATATYPES = frozenset(
    ["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BF16", "BYTES"],
)


class BadEvidence(ValueError):
    """What is wrong with a file, as the end of a sentence about it."""


class Number(str):
    """A number as it stands in the JSON text."""

    __slots__ = ()


@dataclass(frozen=True)
class Metrics:
    """The numbers of a metrics file, as written there, and the dataset (`name@version`) that they were measured on."""

    numbers: Mapping[str, str] = field(default_factory=dict)
    dataset: str | None = None
    dataset_digest: Digest | None = None


def load(content: bytes) -> Any:
    """JSON that people wrote, without a key twice; its numbers are kept as they stand there, as text. Raises BadEvidence."""
    try:
        return json.loads(content, object_pairs_hook=_once, parse_float=Number, parse_int=Number, parse_constant=_refused)
    except BadEvidence:
        raise
    except (ValueError, RecursionError) as exc:
        line = getattr(exc, "lineno", None)
        raise BadEvidence("is not JSON" + (f": line {line} cannot be read" if line else "")) from exc


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadEvidence("holds a key twice")
    return found


def _refused(text: str) -> Any:
    raise BadEvidence(f"holds {text}, which is not a number of JSON")


def read_metrics(content: bytes) -> Metrics:
    """The metrics in a flat JSON file. Raises BadEvidence."""
    data = load(content)
    if not isinstance(data, dict):
        raise BadEvidence("must be one flat JSON object")
    dataset, digest = data.pop("dataset", None), data.pop("dataset_digest", None)
    try:
        if digest is not None:
            Digest.read(digest)
        if dataset is not None:
            name, _, version = str(dataset).partition("@")
            dataset = f"{ArtifactName.read(name)}@{Version.read(version)}"
    except BadName as exc:
        raise BadEvidence(f"names its dataset in a way that cannot be read: {exc}") from exc
    for key, value in data.items():
        if not isinstance(value, Number) or not math.isfinite(float(value)) or len(value) > 40:
            raise BadEvidence(f"must hold finite numbers alone, but {key[:40]!r} is none")
        if not key.isprintable() or not 0 < len(key) <= 80:
            raise BadEvidence(f"holds a name that is empty, too long or not printable: {key[:40]!r}")
    return Metrics({key: str(value) for key, value in data.items()}, dataset, Digest.read(digest) if digest is not None else None)


def check_golden(content: bytes, which: str) -> None:
    """That the content is a V2 inference message with `which` (`inputs` or `outputs`) tensors. Raises BadEvidence."""
    data = load(content)
    tensors = data.get(which) if isinstance(data, dict) else None
    if not isinstance(tensors, list) or not tensors:
        raise BadEvidence(f"is not of the Open Inference Protocol V2: a list of {which} is expected")
    names = [_tensor(tensor, which) for tensor in tensors]
    if len(set(names)) != len(names):
        raise BadEvidence(f"names one of its {which} twice")


def _tensor(tensor: Any, which: str) -> str:
    if not isinstance(tensor, dict) or not isinstance(tensor.get("name"), str) or isinstance(tensor["name"], Number):
        raise BadEvidence(f"holds one of {which} without a name")
    name, shape, values = tensor["name"], tensor.get("shape"), tensor.get("data")
    if tensor.get("datatype") not in _DATATYPES:
        raise BadEvidence(f"gives {name[:40]!r} a datatype that V2 does not know")
    if not isinstance(shape, list) or not all(isinstance(size, Number) and size.isdigit() and len(size) < 10 for size in shape):
        raise BadEvidence(f"gives {name[:40]!r} no shape of whole numbers")
    if not isinstance(values, list) or sum(1 for _ in _flat(values)) != math.prod(int(size) for size in shape):
        raise BadEvidence(f"gives {name[:40]!r} another number of values than its shape says")
    return str(name)


def _flat(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        elif isinstance(value, dict) or value is None:
            raise BadEvidence("holds something else than numbers and words in its data")
        else:
            yield value
