"""Judging bytes, and pickles put together opcode by opcode. Nothing here is ever loaded."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable

from workers.contract.safety import Safety, Verdict
from workers.domain.safety.scan import scan

PASS, REJECT, CANNOT_TELL = Verdict.PASS, Verdict.REJECT, Verdict.CANNOT_TELL


def files(**contents: bytes) -> Safety:
    """The verdict over files; `model__pkl` is model.pkl."""
    return over((name.replace("__", "."), content) for name, content in contents.items())


def over(contents: Iterable[tuple[str, bytes]]) -> Safety:
    """The verdict over files by name."""
    return scan((name, io.BytesIO(content), len(content)) for name, content in contents)


def one(content: bytes, name: str = "model.pkl") -> Safety:
    """The verdict over one file."""
    return over([(name, content)])


def text(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(value.encode())]) + value.encode()


def glob(module: str, name: str) -> bytes:
    """STACK_GLOBAL with both operands."""
    return text(module) + text(name) + b"\x93"


def pickled(body: bytes, protocol: int = 4) -> bytes:
    """PROTO, a body, STOP."""
    return b"\x80" + bytes([protocol]) + body + b"."


def calling(module: str, name: str, argument: str = "id") -> bytes:
    """A call with one text as argument."""
    return pickled(glob(module, name) + text(argument) + b"\x85R")


def zipped(members: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def torch_file(pickle: bytes, *more: tuple[str, bytes]) -> bytes:
    """A file laid out as `torch.save` does (https://docs.pytorch.org/docs/stable/notes/serialization.html), without PyTorch."""
    small = [("archive/byteorder", b"little"), ("archive/data/0", struct.pack("<4f", 1, 2, 3, 4)), ("archive/version", b"3\n")]
    return zipped([("archive/data.pkl", pickle), *small, *more])


def tensor(storage: bytes = glob("torch", "FloatStorage")) -> bytes:
    """The opcodes of a tensor of four numbers."""
    key = b"(" + text("storage") + storage + text("0") + text("cpu") + b"K\x04tQ"
    hooks = glob("collections", "OrderedDict") + b")R"
    return glob("torch._utils", "_rebuild_tensor_v2") + b"(" + key + b"K\x00K\x04\x85K\x01\x85\x89" + hooks + b"tR"
