"""What scikit-learn, joblib, skops, safetensors, ONNX and numpy write passes, and its format is named."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from functools import cache
from typing import Any

import joblib
import numpy as np
import onnx
import pytest
import safetensors.numpy
import skops.io
from onnx import helper
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from tests.unit.safety.judged import CANNOT_TELL, PASS, REJECT, glob, one, over, pickled, tensor, torch_file, zipped

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
NAMES = (
    "forest",
    "pipeline",
    "boosting",
    "histograms",
    "search",
    "neighbours",
    "words",
    "process",
    "network",
    "vectors",
    "gradient",
    "columns",
)


@cache
def fitted(name: str) -> Any:
    """A fitted model."""
    chance = np.random.RandomState(1)
    rows, answers = chance.rand(60, 3), np.arange(60) % 2
    made: dict[str, Any] = {
        "forest": lambda: RandomForestClassifier(3, random_state=np.random.RandomState(2)).fit(rows, answers),
        "pipeline": lambda: make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression()).fit(rows, answers),
        "boosting": lambda: GradientBoostingClassifier(n_estimators=2).fit(rows, answers),
        "histograms": lambda: HistGradientBoostingClassifier(max_iter=2).fit(rows, answers),
        "search": lambda: GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2).fit(rows, answers),
        "neighbours": lambda: KNeighborsClassifier(algorithm="kd_tree").fit(rows, answers),
        "words": lambda: TfidfVectorizer().fit(["one word", "another word"]),
        "process": lambda: GaussianProcessRegressor(RBF() + WhiteKernel()).fit(rows, answers),
        "network": lambda: MLPClassifier((3,), max_iter=2).fit(rows, answers),
        "vectors": lambda: SVC().fit(rows, answers),
        "gradient": lambda: SGDClassifier().fit(rows, answers),
        "columns": lambda: ColumnTransformer([("a", OneHotEncoder(), [0]), ("b", "passthrough", [1])]).fit(
            answers.reshape(30, 2).astype(object)
        ),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return made[name]()


@pytest.mark.parametrize("name", NAMES)
def test_scikit_learn_passes_in_every_protocol_and_by_joblib(name: str) -> None:
    for protocol in PROTOCOLS:
        found = one(pickle.dumps(fitted(name), protocol))
        assert (found.verdict, found.formats) == (PASS, ("pickle",)), (protocol, found)
    out = io.BytesIO()
    joblib.dump(fitted(name), out)
    found = one(out.getvalue(), "model.joblib")
    assert found.verdict is PASS, found


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)], ids=str)
def test_joblib_passes_with_every_compressor(compress: Any) -> None:
    out = io.BytesIO()
    joblib.dump([fitted("forest"), np.asfortranarray(np.ones((3, 4))), np.zeros(2, [("a", "f4"), ("b", "U3")])], out, compress=compress)
    found = one(out.getvalue(), "model.joblib")
    assert (found.verdict, found.formats) == (PASS, ("joblib",)), found


def test_plain_values_pass_in_every_protocol() -> None:
    values = {"a": [1, -5, 2**70, 2.5, (1, 2, 3, 4), {5}, frozenset({6}), b"x" * 300, "é" * 600, None, True], "b": 1j, "c": bytearray(b"y")}
    values |= {"many": list(range(3000)), "same": [values] * 2, "types": [np.float32(1), np.dtype("M8[ns]"), np.array(["a", None], object)]}
    for protocol in PROTOCOLS:
        found = one(pickle.dumps(values, protocol))
        assert found.verdict is PASS, (protocol, found)
    assert one(pickle.dumps(1) + pickle.dumps([2])).verdict is PASS


def test_skops_passes_and_a_changed_schema_does_not() -> None:
    for name in ("pipeline", "forest", "gradient", "columns"):
        found = one(skops.io.dumps(fitted(name)), "model.skops")
        assert (found.verdict, found.formats) == (PASS, ("skops",)), found
    found = one(skops.io.dumps(fitted("histograms")), "model.skops")
    assert "RandomGeneratorNode" in found.findings[0], "skops calls what a text in such a node names"
    assert (found.verdict, found.formats) == (REJECT, ("skops",))
    members = dict(_members(skops.io.dumps(fitted("pipeline"))))
    schema = members["schema.json"].decode()
    for old, new in (
        ('"StandardScaler"', '"Popen"'),
        ('"sklearn.preprocessing._data"', '"os"'),
        ('"ObjectNode"', '"MethodNode"'),
        ('"ObjectNode"', '"OperatorFuncNode"'),
        ('"ObjectNode"', '"PartialNode"'),
        ('"ListNode"', '"ObjectNode"'),
        ('"DictNode"', '"ObjectNode"'),
        ('"log1p"', '"load"'),
        ("{", '{"__class__": "x",'),
    ):
        changed = {**members, "schema.json": schema.replace(old, new).encode()}
        assert one(zipped(changed.items()), "model.skops").verdict is REJECT, (old, new)
    array = next(name for name in members if name.endswith(".npy"))
    out = io.BytesIO()
    np.save(out, np.array([None], object))
    for more in ({array: out.getvalue()}, {"more.npy": members[array]}, {"code.py": b"x = 1"}):
        assert one(zipped({**members, **more}.items()), "model.skops").verdict is REJECT
    del members[array]
    assert one(zipped(members.items()), "model.skops").verdict is CANNOT_TELL


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def test_safetensors_passes() -> None:
    content = safetensors.numpy.save({"a": np.zeros((3, 2)), "b": np.ones(3, "f2"), "none": np.zeros((0, 4))}, {"made": "by us"})
    found = one(content, "model.safetensors")
    assert (found.verdict, found.formats) == (PASS, ("safetensors",)), found
    assert one(content, "weights.bin").verdict is PASS


def graph(*nodes: onnx.NodeProto, domains: tuple[str, ...] = ("",), weights: tuple[onnx.TensorProto, ...] = ()) -> bytes:
    """An ONNX model."""
    put, got = (helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy")
    made = helper.make_graph(list(nodes) or [helper.make_node("Relu", ["x"], ["y"])], "g", [put], [got], list(weights))
    return bytes(helper.make_model(made, opset_imports=[helper.make_opsetid(one, 1) for one in domains]).SerializeToString())


def beside(location: str) -> onnx.TensorProto:
    """A weight that lies in another file."""
    weight = helper.make_tensor("w", onnx.TensorProto.FLOAT, [2], [1.0, 2.0])
    weight.ClearField("float_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    return weight


def test_onnx_passes_also_with_its_weights_beside_it() -> None:
    inner = helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "inner", [], [])
    branch = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    found = one(graph(branch, domains=("", "ai.onnx.ml", "com.microsoft")), "model.onnx")
    assert (found.verdict, found.formats) == (PASS, ("onnx",)), found
    assert one(graph(), "model").formats == ("onnx",)
    found = over([("m/w.data", b"\x00\x01\xff" * 4), ("m/model.onnx", graph(weights=(beside("w.data"),)))])
    assert (found.verdict, found.formats) == (PASS, ("onnx", "onnx weights")), found


def test_onnx_weights_outside_or_missing_and_strange_operators_do_not_pass() -> None:
    for place in ("../w.data", "/etc/passwd", "a/../../b", "c:w", "..\\w", ""):
        assert one(graph(weights=(beside(place),)), "model.onnx").verdict is REJECT, place
    assert one(graph(weights=(beside("w.data"),)), "model.onnx").verdict is CANNOT_TELL
    assert one(graph(domains=("", "acme.ops")), "model.onnx").verdict is CANNOT_TELL
    assert one(graph(helper.make_node("PyOp", ["x"], ["y"], domain="ai.onnx.contrib")), "model.onnx").verdict is REJECT
    assert one(graph() + b"\xf2\x7f\x02hi", "model.onnx").verdict is CANNOT_TELL
    assert one(graph()[:-3], "model.onnx").verdict is CANNOT_TELL


def test_numpy_passes() -> None:
    for number, array in enumerate((np.ones((3, 2)), np.zeros(2, [("a", "f4"), ("b", "U3")]), np.array(["x", None], object), np.array(5))):
        out = io.BytesIO()
        np.save(out, array)
        found = one(out.getvalue(), "a.npy")
        assert (found.verdict, found.formats) == (PASS, ("npy",)), (number, found)
        assert one(out.getvalue() + b"more", "a.npy").verdict is not PASS
    for save in (np.savez, np.savez_compressed):
        out = io.BytesIO()
        save(out, a=np.ones(3), b=np.array(["x"], object))
        found = one(out.getvalue(), "a.npz")
        assert (found.verdict, found.formats) == (PASS, ("npy", "npz")), found


def test_the_layout_of_pytorch_passes_and_torchscript_does_not() -> None:
    state = pickled(glob("collections", "OrderedDict") + b")R(" + b"\x8c\x01w" + tensor() + b"u", 2)
    found = one(torch_file(state), "model.pt")
    assert (found.verdict, found.formats) == (PASS, ("torch",)), found
    assert one(torch_file(state, ("archive/code/__torch__.py", b"def f(): pass")), "model.pt").verdict is CANNOT_TELL
    assert one(torch_file(pickled(tensor(glob("os", "system")))), "model.pt").verdict is REJECT
    assert one(torch_file(pickled(b"K\x01Q")), "model.pt").verdict is CANNOT_TELL
    assert one(state, "model.pt").verdict is CANNOT_TELL, "the tensors lie outside of a plain pickle"


def test_a_model_folder_of_mlflow_passes_and_one_with_code_does_not() -> None:
    said = b"flavors:\n  sklearn:\n    pickled_model: model.pkl\n  python_function:\n    loader_module: mlflow.sklearn\n"
    folder = [
        ("MLmodel", said),
        ("conda.yaml", b"name: x\n"),
        ("requirements.txt", b"scikit-learn\n"),
        ("model.pkl", pickle.dumps(fitted("forest"))),
    ]
    found = over(folder)
    assert (found.verdict, found.formats, found.files) == (PASS, ("pickle", "text"), 4), found
    assert over([*folder, ("code/features.py", b"import os\n")]).verdict is REJECT
    assert over([("MLmodel", said.replace(b"mlflow.sklearn", b"mlflow.pyfunc.model"))]).verdict is CANNOT_TELL


def test_the_words_in_a_finding_are_those_of_people() -> None:
    found = one(pickle.dumps(print), "a/model.pkl")
    assert json.loads(json.dumps(found.findings)) == [
        "reject: a/model.pkl (pickle, at byte 30) loads builtins.print, which is not on the allow-list. "
        "Save the model as ONNX, safetensors or skops, or without what is named here."
    ]
    assert found.scanner.startswith("towpath-safety")
