"""Text: data in words, which no loader runs, unless it is a program or asks a careless reader to make objects."""

from __future__ import annotations

import codecs

from workers.domain.safety.finding import Doubt, Rejected
from workers.domain.safety.streams import Bytes

_PROGRAMS = {
    ".py", ".pyw", ".pyi", ".pyx", ".pth", ".ipynb", ".sh", ".bash", ".zsh", ".bat", ".cmd", ".ps1", ".r", ".jl", ".lua", ".js", ".mjs", ".rb",
    ".pl", ".php", ".so", ".dll", ".dylib", ".exe", ".jar", ".class", ".pyc", ".pyd", ".c", ".cc", ".cpp", ".cu", ".h", ".go", ".rs", ".java",
}  # fmt: skip
_NAMES = {"", "readme", "license", "notice", "mlmodel", "authors", "changelog", "requirements", "dockerfile", "makefile", "version"}
_DATA = {
    ".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".xml", ".html", ".svg", ".pmml",
    ".vocab", ".bpe", ".tags", ".lock", ".log", ".proto", ".gitattributes", ".gitignore", ".dvc", ".lgb", ".lightgbm", ".libsvm", ".arff",
}  # fmt: skip
_ASKS = (
    b"!!python", b"tag:yaml.org,2002:python", b"!<tag", b"!!java", b"!!ruby",
    b'"py/object', b'"py/reduce', b'"py/function', b'"py/repr', b'"py/type', b'"__reduce__', b'"@class"',
)  # fmt: skip
_REMOTE_CODE = (b'"auto_map"', b"loader_module: mlflow.pyfunc.model", b"trust_remote_code")
_ALLOWED_CONTROLS = b"\t\n\r\f"
_CONTROLS = bytes(set(range(32)) - set(_ALLOWED_CONTROLS)) + b"\x7f"
_OVERLAP = 64


class Program(Rejected):
    """A file that is run, by itself or by whoever imports it."""

    format = "program"

    def __init__(self, what: str) -> None:
        super().__init__(what, "Keep programs out of the files that are deployed; they belong to the source branch.")


def check(source: Bytes, ending: str, name: str) -> None:
    """Raises Doubt; `UnicodeError` when it is no text."""
    first = source.peek(4096)
    decoder, before = codecs.getincrementaldecoder("utf-8")(), b""
    while piece := source.piece():
        decoder.decode(piece)
        if piece.translate(None, _CONTROLS) != piece:
            raise UnicodeError
        _look(before + piece)
        before = piece[-_OVERLAP:]
    decoder.decode(b"", final=True)
    if ending in _PROGRAMS or first.startswith(b"#!"):
        raise Program("is a program")
    if ending not in _DATA and name.lower() not in _NAMES:
        raise Doubt("is text, and its name does not say of what kind", "Give it the ending of what it is, such as .json or .txt.")


def is_program(ending: str) -> bool:
    """Whether files with that ending are run."""
    return ending in _PROGRAMS and ending != ".pth"


def _look(piece: bytes) -> None:
    if any(word in piece for word in _ASKS):
        raise Rejected("asks its reader to make objects of a programming language", "Write it as plain data.")
    if any(word in piece for word in _REMOTE_CODE):
        raise Doubt("tells its reader to run code that comes with the model", "Remove that, or export the model to ONNX or safetensors.")
