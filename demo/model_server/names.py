"""The names that reach the server from outside: models, version labels and file paths, read once and strictly."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

MODEL_LENGTH = 128
PATH_LENGTH = 200
PATH_DEPTH = 8

_MODEL = re.compile(r"[a-z0-9][a-z0-9-]*(?:/[a-z0-9][a-z0-9-]*)*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OPERATION = re.compile(r"[!-~]{1,128}")


class BadName(ValueError):
    """A name that the grammar does not know; the text says which form works."""


def read_model(text: str) -> str:
    """Return a model's name: lower-case letters, digits and hyphens, in groups by `/`. Raises BadName."""
    if len(text) > MODEL_LENGTH or not _MODEL.fullmatch(text):
        raise BadName(f"not a model name: {text[:MODEL_LENGTH]!r}; one like fraud or team/fraud works")
    return text


def read_version(text: str) -> str:
    """Return a version label: 1 to 64 letters, digits, dots, underscores and hyphens. Raises BadName."""
    if not _VERSION.fullmatch(text):
        raise BadName(f"not a version label: {text[:MODEL_LENGTH]!r}; one like v1.0.0 works")
    return text


def read_operation_id(text: str) -> str:
    """Return an operation's id: 1 to 128 visible ASCII characters. Raises BadName."""
    if not _OPERATION.fullmatch(text):
        raise BadName("not an operation id: 1 to 128 visible ASCII characters are allowed")
    return text


def read_path(text: str) -> str:
    """Return a relative POSIX path that stays in its folder and looks the same wherever it is shown. Raises BadName."""
    parts = text.split("/")
    stays = all(part not in {"", ".", ".."} for part in parts)
    if not stays or "\\" in text or ":" in text or not text.isprintable():
        raise BadName(f"not a relative path: {text[:PATH_LENGTH]!r}; one like model.onnx or weights/part-1.bin works")
    if len(text.encode()) > PATH_LENGTH or len(parts) > PATH_DEPTH:
        raise BadName(f"path too long: at most {PATH_LENGTH} bytes and {PATH_DEPTH} levels")
    return str(PurePosixPath(text))
