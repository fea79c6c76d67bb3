"""Whatever the bytes are: a verdict comes back, and nothing that names what is not on the allow-list passes."""

from __future__ import annotations

import io
import pickle
import pickletools
import zlib
from collections.abc import Iterator

import joblib
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from tests.unit.safety import hostile
from tests.unit.safety.judged import PASS, calling, glob, one, pickled, torch_file, zipped
from workers.domain.safety.allowed import ALLOWED
from workers.domain.safety.values import Global

_ROWS = np.arange(20.0).reshape(10, 2)
_MODEL = LogisticRegression().fit(_ROWS, np.arange(10) % 2)


def _by_joblib() -> bytes:
    out = io.BytesIO()
    joblib.dump(_MODEL, out)
    return out.getvalue()


BENIGN = [pickle.dumps(_MODEL, 0), pickle.dumps(_MODEL, 2), pickle.dumps(_MODEL, 4), pickle.dumps({"a": [1, (2, b"x")], "b": {3}}, 5)]
FILES = [*BENIGN, _by_joblib(), zlib.compress(BENIGN[3]), zipped([("a.pkl", BENIGN[3])], 8), torch_file(BENIGN[3]), *hostile.BUILT.values()]
NAMES = ["model.pkl", "model.joblib", "model.pt", "model", "a.txt", "m.onnx", "m.safetensors", "m.skops", "m.npy", "a.zip"]
_WORDS = ("SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING", "SHORT_BINSTRING")


def named(content: bytes) -> Iterator[Global]:
    """What a pickle names by GLOBAL and INST, and by STACK_GLOBAL right after two texts: an oracle that shares no code with ours."""
    before: list[object] = []
    try:
        for code, value, _ in pickletools.genops(content):
            if code.name in ("GLOBAL", "INST"):
                yield Global(*str(value).split(" ", 1))
            elif code.name == "STACK_GLOBAL" and len(before) >= 2:
                yield Global(str(before[-2]), str(before[-1]))
            if code.name in _WORDS:
                before.append(value)
            elif code.name not in ("MEMOIZE", "BINPUT", "PUT"):
                before.clear()
    except (ValueError, IndexError, UnicodeError, OverflowError):
        return


@st.composite
def mutated(draw: st.DrawFn, files: list[bytes]) -> bytes:
    """A file with some of its bytes replaced, left out, doubled or from another file."""
    content = bytearray(draw(st.sampled_from(files)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        other = draw(st.sampled_from(files))
        start = draw(st.integers(0, max(0, len(other) - 1)))
        piece = draw(st.one_of(st.binary(max_size=4), st.just(bytes(other[start : start + draw(st.integers(1, 40))]))))
        content[at : at + draw(st.integers(0, 6))] = piece
    return bytes(content)


@settings(max_examples=80, deadline=None)
@given(st.one_of(st.binary(max_size=300), mutated(FILES)), st.sampled_from(NAMES))
@example(b"", "model.pkl")
@example(b"\x80", "model.pkl")
@example(b"PK\x03\x04", "a.zip")
@example(b"x\x9c", "model.pkl")
def test_any_bytes_get_a_verdict(content: bytes, name: str) -> None:
    found = one(content, name)
    assert bool(found.findings) is (found.verdict is not PASS)
    assert all(line.isprintable() for line in found.findings)


@settings(max_examples=120, deadline=None)
@given(mutated([*BENIGN, *hostile.BUILT.values()]))
def test_no_mutation_passes_that_names_what_is_not_allowed(content: bytes) -> None:
    if any(one_ not in ALLOWED for one_ in named(content)):
        assert one(content, "model.pkl").verdict is not PASS


WORD = st.text(st.characters(codec="ascii", categories=["Ll", "Lu"]), min_size=1, max_size=8)


@settings(max_examples=50, deadline=None)
@given(st.lists(WORD, min_size=1, max_size=3), WORD, st.integers(0, 5))
def test_no_name_outside_the_list_passes(module: list[str], name: str, protocol: int) -> None:
    where = ".".join(module)
    assert Global(where, name) not in ALLOWED
    old = f"c{where}\n{name}\n(tR.".encode()
    for content in (calling(where, name), pickled(glob(where, name), 4), old, b"\x80" + bytes([protocol]) + old):
        assert one(content, "model.pkl").verdict is not PASS
