"""The fitted regression as an ONNX graph: one input for each column, by its name, and the outputs `late` and `score`."""

from __future__ import annotations

from typing import Any

import numpy as np
from flights import NAMES, NUMBERS
from onnx import TensorProto, checker, helper, numpy_helper

CAUTION = 0.3
"""From which chance on a flight is said to be late: a specimen that waits at the gate costs more than a courier who left too early."""


def onnx_of(knots: Any, known: dict[str, list[str]], weights: Any) -> bytes:
    """The graph's bytes. All inputs and outputs are `[n, 1]`; a name that was never seen counts nothing."""
    node = helper.make_node
    above = [f"above_{number}" for number in range(len(knots))]
    nodes = [node("Concat", list(NUMBERS), ["numbers"], axis=1)]
    for number, name in enumerate(above):
        nodes += [node("Sub", ["numbers", f"knot_{number}"], [f"{name}_knot"]), node("Relu", [f"{name}_knot"], [name])]
    for name in NAMES:
        nodes += [
            node("OneHotEncoder", [name], [f"{name}_one"], domain="ai.onnx.ml", cats_strings=known[name], zeros=1),
            node("Squeeze", [f"{name}_one", "second"], [f"{name}_is"]),
        ]
    nodes += [
        node("Concat", ["numbers", *above, *(f"{name}_is" for name in NAMES)], ["features"], axis=1),
        node("Gemm", ["features", "weights", "constant"], ["odds"]),
        node("Sigmoid", ["odds"], ["score"]),
        node("Greater", ["score", "caution"], ["is_late"]),
        node("Cast", ["is_late"], ["late"], to=TensorProto.INT64),
    ]
    values = {f"knot_{number}": knot for number, knot in enumerate(knots)}
    values |= {"weights": weights[:-1, None], "constant": weights[-1:], "caution": np.array(CAUTION)}
    stored = [numpy_helper.from_array(np.asarray(value, dtype=np.float32), name) for name, value in values.items()]
    stored.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "second"))
    given = [_column(name, TensorProto.FLOAT) for name in NUMBERS] + [_column(name, TensorProto.STRING) for name in NAMES]
    answered = [_column("late", TensorProto.INT64), _column("score", TensorProto.FLOAT)]
    graph = helper.make_graph(nodes, "delay", given, answered, stored)
    sets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=sets, ir_version=9, producer_name="delay")
    checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content


def _column(name: str, kind: int) -> Any:
    return helper.make_tensor_value_info(name, kind, [None, 1])
