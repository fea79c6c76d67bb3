"""MLmodel as plain YAML: flavors, signature, ids; strange types are told with their line."""

from __future__ import annotations

import pytest

from workers.adapters.git.mlmodel import Described, read
from workers.contract.promotion import Column, Packaging, Signature

MLMODEL = """\
artifact_path: model
flavors:
  onnx:
    data: model.onnx
    onnx_version: 1.16.0
  python_function:
    loader_module: mlflow.onnx
metadata:
  trained_on: biopsies@v1.0.0
mlflow_version: 2.14.1
model_size_bytes: 1234
model_uuid: 9a7fbd6d2b6b4d9c8f0e1a2b3c4d5e6f
run_id: 0a1b2c3d4e5f60718293a4b5c6d7e8f9
signature:
  inputs: '[{"type": "double", "name": "radius", "required": true}, {"type": "long", "name": "age"}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]'
  params: null
utc_time_created: '2024-06-01 10:00:00.123456'
"""


def reasons(text: str | bytes) -> str:
    return "\n".join(read(text if isinstance(text, bytes) else text.encode(), "m/MLmodel")[1])


def test_flavors_signature_and_ids_are_facts() -> None:
    described, wrong = read(MLMODEL.encode(), "m/MLmodel")
    columns = (Column("radius", "double"), Column("age", "long")), (Column("", "float32[?, 2]"),)
    packaging = Packaging(("onnx", "python_function"), "9a7fbd6d2b6b4d9c8f0e1a2b3c4d5e6f", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "2.14.1")
    assert wrong == []
    assert described == Described(packaging, Signature("MLmodel", *columns, 3), ("biopsies@v1.0.0",), None, "model.onnx")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("flavors: []\n", "line 1: flavors must be a mapping"),
        ("a: 1\n", "flavors must be a mapping"),
        ("- x\n", "line 1: a mapping with `flavors`"),
        (MLMODEL.replace("2.14.1", "{a: b}"), "line 10: mlflow_version must be a short word"),
        (MLMODEL.replace("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "true"), "run_id must be a short word"),
        (MLMODEL + "signature: 3\n", "'signature' stands twice"),
        ("flavors: {a: {}}\nsignature: 3\n", "line 2: signature must be a mapping"),
        ("flavors: {a: {}}\nsignature: {inputs: 3}\n", "line 2: inputs must be the JSON text of a list"),
        ("flavors: {a: {}}\nsignature: {inputs: '[1]'}\n", "number 1 of its inputs has no type"),
        ("flavors: {a: {}}\nsignature: {inputs: '[{\"type\": 3}]'}\n", "has no type"),
        ('flavors: {a: {}}\nsignature: {inputs: \'[{"type": "tensor"}]\'}\n', "has no type"),
        ("flavors: {a: {}}\nsignature: {outputs: '[NaN]'}\n", "outputs holds NaN"),
        ("flavors: {a: {}}\nsignature: {outputs: '" + "[" * 50_000 + "'}\n", "outputs is not JSON"),
        ("flavors: !!python/object/apply:os.system [id]\n", "tags are not allowed"),
        ("flavors: &a {a: *a}\n", "anchors"),
        ("flavors: {a: {}}\nmetadata: {trained_on: x, code: y}\n", "line 2: code must be the full id"),
        (b"\xff", "is not UTF-8"),
    ],
)
def test_strange_types_are_told(text: str | bytes, reason: str) -> None:
    assert reason in reasons(text)
    assert reasons(text).startswith("m/MLmodel")


def test_a_wide_signature_is_counted_and_cut() -> None:
    many = ", ".join(f'{{"type": "double", "name": "f{n}"}}' for n in range(1_000))
    text = f"flavors: {{a: {{}}}}\nsignature:\n  inputs: '[{many}]'\n  outputs: '[{{\"type\": \"long\"}}]'\n"
    described, wrong = read(text.encode(), "m/MLmodel")
    assert wrong == []
    assert described.signature is not None
    assert (len(described.signature.inputs), len(described.signature.outputs), described.signature.total) == (199, 1, 1_001)
