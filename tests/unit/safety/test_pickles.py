"""Pickles that can run something do not pass, in whatever way they hide it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tempfile
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from picklescan.scanner import scan_pickle_bytes

from tests.unit.safety import hostile
from tests.unit.safety.judged import CANNOT_TELL, REJECT, calling, glob, one, pickled, text, torch_file, zipped
from workers.contract.safety import Verdict
from workers.domain.safety import machine

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
    "zip": lambda content: zipped([("inner.pkl", content)]),
    "zip twice": lambda content: zipped([("inner.zip", zipped([("inner.pkl", content)], 8))], 8),
    "PyTorch": torch_file,
    "npz": lambda content: zipped([("a.npy", _npy(content))]),
}


def _npy(content: bytes) -> bytes:
    header = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content


@pytest.mark.parametrize("name", hostile.CORPUS)
def test_what_can_call_is_rejected_and_the_place_is_named(name: str) -> None:
    found = one(hostile.CORPUS[name])
    assert found.verdict is REJECT, found
    assert "at byte" in found.findings[0]
    assert "model.pkl" in found.findings[0]


@pytest.mark.parametrize("name", hostile.UNCLEAR)
def test_what_contradicts_itself_cannot_be_told(name: str) -> None:
    found = one(hostile.UNCLEAR[name], "model")
    assert found.verdict is CANNOT_TELL, found


@pytest.mark.parametrize("packed", PACKERS)
def test_no_packing_hides_a_call(packed: str) -> None:
    for name in ("os.system", "a second pickle", "INST", "after a long text"):
        assert one(PACKERS[packed](hostile.CORPUS[name]), "model.bin").verdict is REJECT, name


@pytest.mark.parametrize("ending", ["", ".txt", ".safetensors", ".onnx", ".bin", ".pt", ".json", ".csv", ".npy", ".skops"])
def test_no_name_hides_a_call(ending: str) -> None:
    for content in (calling("os", "system"), hostile.CORPUS["os.system, protocol 0"]):
        assert one(content, f"model{ending}").verdict is not Verdict.PASS


def test_whatever_picklescan_calls_dangerous_does_not_pass() -> None:
    every = {**hostile.CORPUS, **hostile.UNCLEAR}
    flagged = {name for name, content in every.items() if scan_pickle_bytes(io.BytesIO(content), name).issues_count}
    assert len(flagged) > 60
    assert {name for name in flagged if one(every[name], "model").verdict is Verdict.PASS} == set()
    missed = {"importlib.import_module", "code.interact", "joblib.load", "fraud.features.Encoder", "a type whose objects are hidden"}
    assert not missed & flagged


def _hidden_in(array: object, what: bytes) -> bytes:
    """A joblib file in which the bytes of an array are replaced."""
    out = io.BytesIO()
    joblib.dump([array, "end"], out)
    return out.getvalue().replace(b"A" * 64, what.ljust(64, b"."))


def test_joblib_what_comes_after_an_array_is_read() -> None:
    out = io.BytesIO()
    joblib.dump(np.zeros(1000), out)
    assert one(out.getvalue() + calling("os", "system"), "model.joblib").verdict is REJECT


def test_joblib_an_array_of_objects_is_read_as_the_pickle_that_it_is() -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, ("id",)

    out = io.BytesIO()
    joblib.dump(np.array([Evil(), None], dtype=object), out)
    assert one(out.getvalue(), "model.joblib").verdict is REJECT


def test_joblib_raw_bytes_that_plain_pickle_would_run_cannot_be_told() -> None:
    raw = np.frombuffer(b"A" * 64, np.uint8)
    harmless = _hidden_in(raw, b"A" * 64)
    assert one(harmless, "model.joblib").verdict is Verdict.PASS
    unaligned = harmless.replace(
        text("numpy_array_alignment_bytes") + b"\x94K\x10", text("numpy_array_alignment_bytes") + b"\x94N\x94"[:2] + b"N"
    )
    assert unaligned != harmless
    body = (
        unaligned[: unaligned.index(b"ub") + 2] + b"cos\nsystem\n(S'id'\ntR.".ljust(64, b".") + unaligned[unaligned.index(b"A" * 64) + 64 :]
    )
    assert one(body, "model.joblib").verdict is not Verdict.PASS


@pytest.mark.parametrize("shape", [b"K\x40\x85", b"J\xff\xff\xff\x7f\x85", b"J\xff\xff\xff\xff\x85", b"\x88\x85", b"N\x85", b"]"])
def test_joblib_an_array_is_passed_over_only_as_far_as_its_shape_says(shape: bytes) -> None:
    """The bytes end, or a call follows, exactly where joblib would go on."""
    keys = text("shape") + shape + text("dtype") + hostile.dtype("u1") + text("order") + text("C")
    wrapper = glob("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81}(" + keys + b"ub"
    found = one(pickled(wrapper + b"\x00" * 64 + b"0" + glob("os", "system")), "model.joblib")
    assert found.verdict is (REJECT if shape == b"K\x40\x85" else CANNOT_TELL), found


def test_a_bomb_is_not_unpacked_to_its_end() -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(80)) + packer.flush()
    assert len(bomb) < 1 << 20
    found = one(bomb, "model.pkl")
    assert found.verdict is CANNOT_TELL
    nested = pickled(b"N")
    for _ in range(7):
        nested = gzip.compress(nested)
    assert "packed too often" in one(nested).findings[0]


@pytest.mark.parametrize("body", [b")" + b"\x85" * 40_000, b"}" + text("a") + b"}" * 1, b"N" * 40_000 + b"0" * 39_999, b"(" * 110_000])
def test_nesting_and_piling_up_end_in_a_verdict(body: bytes) -> None:
    tracemalloc.start()
    found = one(pickled(body), "model")
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()
    assert found.verdict in (Verdict.PASS, CANNOT_TELL)


def test_a_model_with_a_large_vocabulary_still_passes_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "MOST_IN_MEMO", 100)
    words = {f"word {number}": number for number in range(300)}
    out = io.BytesIO()
    joblib.dump([words, np.zeros(3), np.ones(4)], out)
    assert one(out.getvalue(), "model.joblib").verdict is Verdict.PASS


def test_nothing_is_ever_executed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls of the corpus would leave a file; the whole corpus leaves none."""
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder) / "mark"
        for content in (calling("os", "system", f"touch {mark}"), f"cos\nsystem\n(S'touch {mark}'\ntR.".encode()):
            assert one(content).verdict is REJECT
            assert one(gzip.compress(content)).verdict is REJECT
        assert not mark.exists()
