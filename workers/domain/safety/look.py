"""Looking at one file, and at everything inside of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from workers.domain.safety import arrays, kinds, skops, text, zips
from workers.domain.safety.finding import Doubt, Finding, Rejected
from workers.domain.safety.onnx import Onnx
from workers.domain.safety.parts import LAYERS, Part, unpacked
from workers.domain.safety.pickles import CALLS, Torch, reads_on, walk
from workers.domain.safety.streams import Budget

MOST_FINDINGS = 20
UNKNOWN = "unknown"
_AHEAD = 64 * 1024
_SAVE = "Save the model as ONNX, safetensors or skops."
_UNREAD = {
    "empty zip": "is an empty archive", "lz4": "is compressed with LZ4", "zstd": "is compressed with Zstandard", "7z": "is a 7-Zip archive",
    "rar": "is a RAR archive", "tar": "is a tar archive", "gguf": "is a GGUF model, whose templates are not judged",
    "arrow": "is an Arrow file, whose extension types are not judged",
}  # fmt: skip
_TORCH_SMALL = {"version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"}
_TORCH_DATA = re.compile(r"data/\d{1,9}\Z")
_ARROW = (
    b"arrow.py_extension_type",
    b"Fycm93LnB5X2V4dGVuc2lvbl90eXB",
    b"hcnJvdy5weV9leHRlbnNpb25fdHlwZ",
    b"YXJyb3cucHlfZXh0ZW5zaW9uX3R5cGU",
)


class Looking:
    """One scan: what was seen, and what was found. `needs` are the files that an ONNX model expects beside it."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.formats: set[str] = set()
        self.findings: list[Finding] = []
        self.needs: dict[str, str] = {}
        self._kinds: Mapping[str, Callable[[Part], str]] = {
            "zip": self._zip, "npy": self._npy, "safetensors": self._safetensors, "onnx": self._onnx, "hdf5": self._hdf5,
            "parquet": self._parquet, "program": self._program, "pickle": self._pickle, "plain": self._plain,
        }  # fmt: skip

    def look(self, part: Part) -> str:
        """Judge one file or member; its format is noted, and a finding when it does not pass."""
        kind, before = UNKNOWN, len(self.findings)
        try:
            kind = kinds.of(part.begin().peek(kinds.BEGINNING), part.ending)
            kind = self._judge(part, kind)
            if not part.depth:
                self._check_end(part, kind)
            if len(self.findings) == before:
                kinds.check_name(part.ending, kind)
        except Doubt as exc:
            kind = exc.format or (UNKNOWN if kind == "plain" else kind)
            self.findings.append(Finding(exc.verdict, part.path, kind, exc.what, exc.do, exc.at))
        self.formats.add(kind)
        return kind

    def _judge(self, part: Part, kind: str) -> str:
        if text.is_program(part.ending):
            return self._program(part)
        if kind in LAYERS:
            return self._layer(part, kind)
        if kind in _UNREAD:
            raise Doubt(_UNREAD[kind], "Keep it unpacked." if "model" not in _UNREAD[kind] else _SAVE)
        return self._kinds[kind](part)

    def _layer(self, part: Part, kind: str) -> str:
        if part.depth >= self._budget.depth:
            raise Doubt("is packed too often", "Keep it unpacked.")
        make, many = LAYERS[kind]
        inner = unpacked(part, make, self._budget, many=many)
        try:
            return self._judge(inner, kinds.of(inner.begin().peek(kinds.BEGINNING), part.ending))
        except Doubt as exc:
            exc.at = None  # a place in what is unpacked would mislead
            raise

    def _check_end(self, part: Part, kind: str) -> None:
        if kind not in ("zip", "npz", "torch", "skops") and part.chunk and part.size and zips.has_end(part.chunk, part.size):
            raise Rejected("ends like a zip archive and begins like something else")

    # Pickles

    def _pickle(self, part: Part) -> str:
        return walk(part.begin())

    def _plain(self, part: Part) -> str:
        """Pickles of the first protocols have no sign: what acts as a pickle is one, whatever it is called."""
        try:
            return walk(part.begin())
        except Rejected as exc:
            if reads_on(part.begin().peek(_AHEAD), CALLS):
                exc.format = "pickle"
                raise
        except Doubt:
            pass  # it is no pickle to its end
        name = part.path.rpartition("/")[2].rpartition("!")[2].partition(".")[0]
        try:
            text.check(part.begin(), part.ending, name)
        except UnicodeError:
            return self._nameless(part)
        return "text"

    def _nameless(self, part: Part) -> str:
        """ONNX has no sign either, but hardly anything else has its form."""
        try:
            return self._onnx(part)
        except Rejected:
            raise
        except Doubt:
            raise Doubt("is of a format that is not known", _SAVE) from None

    # Archives

    def _zip(self, part: Part) -> str:
        if part.depth >= self._budget.depth:
            raise Doubt("is packed too often", "Keep it unpacked.")
        found = {one.name: inner for one, inner in zips.members(part, self._budget) if not one.name.endswith("/")}
        roots = [name.removesuffix("data.pkl") for name in found if name.rpartition("/")[2] == "data.pkl"]
        if skops.SCHEMA in found:
            return _as("skops", lambda: self._skops(found))
        if len(roots) == 1 and all(name.startswith(roots[0]) for name in found):
            return _as("torch", lambda: self._torch(found, roots[0]))
        if "config.json" in found and any(name.endswith(".weights.h5") for name in found):
            self._search(found["config.json"], (b'"Lambda"',), "is a Keras model with a Lambda layer, which is code")
            raise Doubt("is a Keras model, whose layers are not judged", _SAVE)
        seen = {self.look(inner) for inner in found.values()}
        return "npz" if seen == {"npy"} else "zip"

    def _torch(self, found: dict[str, Part], root: str) -> str:
        for name, inner in found.items():
            own = name.removeprefix(root)
            if own == "data.pkl":
                self._inside(inner, "torch", lambda one: walk(one.begin(), Torch()))
            elif _TORCH_DATA.match(own) or own in _TORCH_SMALL:
                self._inside(inner, "torch", _read)
            elif own.startswith("code/") or own == "constants.pkl":
                raise Doubt("is a TorchScript model: it brings its own code", "Save the state_dict as safetensors, or export to ONNX.")
            else:
                self.look(inner)
        return "torch"

    def _skops(self, found: dict[str, Part]) -> str:
        files = skops.schema(found.pop(skops.SCHEMA).begin())
        if missing := files - set(found):
            raise Doubt(f"lacks {len(missing)} of the files that its schema names")
        for name, inner in found.items():
            if name not in files:
                raise Rejected("holds files that its schema does not name")
            self._inside(inner, "skops", self._array)
        return "skops"

    def _array(self, part: Part) -> str:
        kind = kinds.of(part.begin().peek(kinds.BEGINNING), part.ending)
        if kind == "zip":  # scipy's sparse matrices
            for _, inner in zips.members(part, self._budget):
                self._array(inner)
            return kind
        if kind != "npy":
            raise Doubt("is neither an array nor a sparse matrix")
        if arrays.npy(part.begin()):
            raise Rejected("holds an array of objects, which is a pickle")
        return kind

    def _inside(self, part: Part, kind: str, act: Callable[[Part], str]) -> str:
        """Judge a member as its archive's library reads it."""
        try:
            return act(part)
        except Doubt as exc:
            self.findings.append(Finding(exc.verdict, part.path, kind, exc.what, exc.do, exc.at))
            return UNKNOWN

    # What holds no code

    def _npy(self, part: Part) -> str:
        arrays.npy(part.begin())
        return "npy"

    def _safetensors(self, part: Part) -> str:
        arrays.safetensors(part.begin(), part.size)
        return "safetensors"

    def _onnx(self, part: Part) -> str:
        model = Onnx(part.begin())
        model.check()
        folder = part.path.rpartition("/")[0]
        self.needs |= {(f"{folder}/{one}" if folder else one): part.path for one in model.needs}
        return "onnx"

    def _parquet(self, part: Part) -> str:
        chunk, size = part.anywhere()
        if chunk(size - 4, 4) != b"PAR1":
            raise Doubt("is a Parquet file without its end")
        self._search(part, _ARROW, "holds a column whose type is a pickle")
        return "parquet"

    def _hdf5(self, part: Part) -> str:
        self._search(part, (b'"Lambda"',), "holds a Keras Lambda layer, which is code")
        raise Doubt("is an HDF5 file, whose contents are not judged", _SAVE)

    def _program(self, _: Part) -> str:
        raise text.Program("is a program or a library")

    def _search(self, part: Part, words: tuple[bytes, ...], what: str) -> None:
        source, before = part.begin(), b""
        while piece := source.piece():
            if any(word in before + piece for word in words):
                raise Rejected(what, _SAVE)
            before = piece[-64:]


def _as(kind: str, act: Callable[[], str]) -> str:
    """Whatever is found says that format."""
    try:
        return act()
    except Doubt as exc:
        exc.format = exc.format or kind
        raise


def _read(part: Part) -> str:
    source = part.begin()
    while source.piece():
        pass
    return "torch"
