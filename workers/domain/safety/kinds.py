"""Of what kind a file is, from its first bytes; and whether its name agrees."""

from __future__ import annotations

import re

from workers.domain.safety.finding import Rejected, shown

BEGINNING = 512
_WINDOWS = b"MZ"
_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "zip"), (b"PK\x05\x06", "empty zip"), (b"\x1f\x8b", "gzip"), (b"BZh", "bz2"), (b"\xfd7zXZ\x00", "xz"), (b"\x5d\x00\x00", "lzma"),
    (b"\x78\x01", "zlib"), (b"\x78\x5e", "zlib"), (b"\x78\x9c", "zlib"), (b"\x78\xda", "zlib"), (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x28\xb5\x2f\xfd", "zstd"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!", "rar"), (b"\x93NUMPY", "npy"), (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"GGUF", "gguf"), (b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\x7fELF", "program"), (_WINDOWS, "program"), (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xce\xfa\xed\xfe", "program"), (b"\xfe\xed\xfa", "program"), (b"\xca\xfe\xba\xbe", "program"), (b"\0asm", "program"), (b"!<arch>", "program"),
)  # fmt: skip
_PICKLE = re.compile(rb"\x80[\x00-\x05]")
_BYTECODE = re.compile(rb"[\x00-\xff]{2}\r\n")
_PICKLES = ("pickle", "joblib")
_TELLS: dict[str, tuple[str, ...]] = {
    ".pkl": _PICKLES, ".pickle": _PICKLES, ".joblib": _PICKLES, ".pt": ("torch", *_PICKLES), ".pth": ("torch", *_PICKLES),
    ".safetensors": ("safetensors",), ".onnx": ("onnx",), ".npy": ("npy",), ".npz": ("npz",), ".skops": ("skops",), ".parquet": ("parquet",),
    ".json": ("text",), ".yaml": ("text",), ".yml": ("text",), ".txt": ("text",), ".md": ("text",), ".csv": ("text",),
}  # fmt: skip


def of(first: bytes, ending: str) -> str:
    """`zip`, `pickle`, `onnx` and so on; `plain` when the first bytes do not tell."""
    for sign, kind in _SIGNS:
        if first.startswith(sign) and (sign != _WINDOWS or b"\0" in first):
            return kind
    if _PICKLE.match(first):
        return "pickle"
    if first[8:9] == b"{" and int.from_bytes(first[:8], "little") < 1 << 32:
        return "safetensors"
    if first[257:262] == b"ustar":
        return "tar"
    if ending == ".pyc" and _BYTECODE.match(first):
        return "program"
    return "onnx" if first[:1] in (b"\x08", b"\x0a", b"\x12", b"\x3a", b"\x42") and ending == ".onnx" else "plain"


def check_name(ending: str, found: str) -> None:
    """Raises Rejected when a name promises another format: then another reader than ours may take it for something else."""
    if ending in _TELLS and found not in _TELLS[ending]:
        raise Rejected(f"is called {shown(ending)} and holds {found}", "Give it the ending of what it is.")
