"""ONNX models in onnxruntime: opened, tried once, asked. The runtime's errors end here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from demo.model_server.refusals import Refused, corrupt, malformed
from demo.model_server.tensors import Array, Port

# Every error class of the runtime, and whether the caller's input can be the cause of it while a model answers.
CALLER, MODEL = "caller", "model"
BLAME: Mapping[type[Exception], str] = {
    runtime.DeviceReset: MODEL,
    runtime.EPFail: MODEL,
    runtime.EngineError: MODEL,
    runtime.Fail: MODEL,
    runtime.InvalidArgument: CALLER,
    runtime.InvalidGraph: MODEL,
    runtime.InvalidProtobuf: MODEL,
    runtime.ModelLoadCanceled: MODEL,
    runtime.ModelLoaded: MODEL,
    runtime.ModelRequiresCompilation: MODEL,
    runtime.NoModel: MODEL,
    runtime.NoSuchFile: MODEL,
    runtime.NotFound: MODEL,
    runtime.NotImplemented: MODEL,
    runtime.RuntimeException: CALLER,
}
# The binding itself raises these two: ValueError for an input that it cannot convert.
ERRORS: tuple[type[Exception], ...] = (*BLAME, RuntimeError, ValueError)

DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
FATAL_ONLY = 4
REASON_LENGTH = 300


class Session:
    """An opened model. Asking it from several threads at once is allowed."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self.inputs = tuple(map(_port, runner.get_inputs()))
        self.outputs = tuple(map(_port, runner.get_outputs()))

    def run(self, inputs: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Return the named outputs for the named inputs. Raises Refused (400 or 500)."""
        try:
            answers: list[Array] = self._runner.run(list(outputs), dict(inputs))
        except ERRORS as exc:
            if isinstance(exc, ValueError) or BLAME.get(type(exc)) == CALLER:
                raise malformed(f"the model does not take this input: {_reason(exc)}") from exc
            raise Refused(500, f"the model failed: {_reason(exc)}", "failed") from exc
        return answers


def open_model(path: Path) -> Session:
    """Return the model in an ONNX file, proven by one answer to zeros. Raises Refused (409, corrupt).

    Blocks for as long as loading takes; call it beside the event loop.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    try:
        session = Session(onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))
    except ERRORS as exc:
        raise corrupt(f"{path.name} is not a model that the runtime can open: {_reason(exc)}") from exc
    _probe(session)
    return session


def _probe(session: Session) -> None:
    try:
        session.run({port.name: port.zeros() for port in session.inputs}, [port.name for port in session.outputs])
    except Refused as exc:
        raise corrupt(f"the model does not answer a probe with zeros: {exc.reason}") from exc


def _port(node: Any) -> Port:
    if node.type not in DATATYPES:
        raise corrupt(f"{node.name} is a {node.type}; only plain tensors can be served")
    shape = tuple(length if isinstance(length, int) and length >= 0 else -1 for length in node.shape)
    return Port(node.name, DATATYPES[node.type], shape)


def _reason(exc: Exception) -> str:
    """Return the runtime's message on one line, without the places where files lie."""
    words = [word.rpartition("/")[2] if word.startswith("/") else word for word in str(exc).split()]
    return " ".join(words)[:REASON_LENGTH]
