"""The bodies of the model repository extension, read into typed requests.

Follows the model repository extension of the Open Inference Protocol V2 with the file override of Triton's load:
`parameters` holds `config` (a JSON text) and one `file:<version>/<path>` (base64) for each file. `fence` and
`operation_id` are ours, and allowed with every request that changes something.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from demo.model_server import digest, names
from demo.model_server.names import BadName
from demo.model_server.refusals import malformed

BYTES_LIMIT = 64 * 1024 * 1024
FILES_LIMIT = 256
FENCE_LIMIT = 2**63
DEFAULT_ENTRY = "model.onnx"
_FILE = "file:"


@dataclass(frozen=True)
class Operation:
    """Who asks: `fence` orders askers of one model, `operation_id` recognises the same request sent twice."""

    fence: int | None = None
    operation_id: str | None = None


@dataclass(frozen=True)
class Load:
    """Files that shall become one version of a model; `entry` is the one that the runtime opens."""

    version: str
    entry: str
    files: Mapping[str, bytes]
    operation: Operation

    @property
    def digest(self) -> str:
        """The digest of the files."""
        return digest.of_files(self.files)


@dataclass(frozen=True)
class Unload:
    """Drop one version, or with `version` None all of them."""

    version: str | None
    operation: Operation


def read_load(body: Any) -> Load:
    """Return the load request in a JSON body. Raises Refused (400)."""
    parameters = _parameters(body)
    files = _read_files({key: value for key, value in parameters.items() if key.startswith(_FILE)})
    versions = sorted({version for version, _ in files})
    if len(versions) != 1:
        raise malformed("a load brings the files of one version, as file:<version>/<path> parameters")
    entry = _read_entry(parameters.get("config"))
    found = {path: content for (_, path), content in files.items()}
    if entry not in found:
        raise malformed(f"the file to open, {entry}, is not among the files of {versions[0]}")
    return Load(versions[0], entry, found, _operation(parameters))


def read_unload(body: Any) -> Unload:
    """Return the unload request in a JSON body. Raises Refused (400)."""
    parameters = _parameters(body)
    version = parameters.get("version")
    if version is not None and not isinstance(version, str):
        raise malformed("version is a text")
    return Unload(None if version is None else _named(names.read_version, version), _operation(parameters))


def read_operation(body: Any) -> Operation:
    """Return fence and operation id of a JSON body. Raises Refused (400)."""
    return _operation(_parameters(body))


def _parameters(body: Any) -> dict[str, Any]:
    if body is None:
        return {}
    if not isinstance(body, dict) or not isinstance(body.get("parameters", {}), dict):
        raise malformed('the body is a JSON object like {"parameters": {...}}')
    parameters: dict[str, Any] = body.get("parameters", {})
    return parameters


def _operation(parameters: Mapping[str, Any]) -> Operation:
    fence, operation_id = parameters.get("fence"), parameters.get("operation_id")
    if fence is not None and (type(fence) is not int or not 0 <= fence < FENCE_LIMIT):
        raise malformed("fence is a whole number from 0")
    if operation_id is not None and not isinstance(operation_id, str):
        raise malformed("operation_id is a text")
    return Operation(fence, None if operation_id is None else _named(names.read_operation_id, operation_id))


def _read_files(parameters: Mapping[str, Any]) -> dict[tuple[str, str], bytes]:
    if len(parameters) > FILES_LIMIT:
        raise malformed(f"too many files: at most {FILES_LIMIT}")
    files: dict[tuple[str, str], bytes] = {}
    for key, value in parameters.items():
        version, _, path = key.removeprefix(_FILE).partition("/")
        files[_named(names.read_version, version), _named(names.read_path, path)] = _decoded(key, value)
    folders = {(version, str(parent)) for version, path in files for parent in PurePosixPath(path).parents}
    if not folders.isdisjoint(files):
        raise malformed("one path is a file and a folder at once")
    if sum(map(len, files.values())) > BYTES_LIMIT:
        raise malformed(f"too large: at most {BYTES_LIMIT} bytes in all files together")
    return files


def _decoded(key: str, value: Any) -> bytes:
    if not isinstance(value, str):
        raise malformed(f"{key} is a base64 text")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise malformed(f"{key} is not base64") from exc


def _read_entry(config: Any) -> str:
    if config is None:
        return DEFAULT_ENTRY
    try:
        content = json.loads(config)
    except (TypeError, ValueError, RecursionError) as exc:
        raise malformed("config is a JSON text") from exc
    entry = content.get("default_model_filename", DEFAULT_ENTRY) if isinstance(content, dict) else None
    if not isinstance(entry, str):
        raise malformed("config is a JSON object; its default_model_filename is a text")
    return _named(names.read_path, entry)


def _named(read: Any, text: str) -> str:
    try:
        name: str = read(text)
    except BadName as exc:
        raise malformed(str(exc)) from exc
    return name
