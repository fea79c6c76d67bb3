"""What is said to the batch API of an LFS server and what it answers, read with suspicion (git-lfs, docs/api/batch.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from workers.adapters.git.lfs.pointer import Pointer
from workers.adapters.git.refusals import Refusals
from workers.ports.errors import Unreachable

MEDIA = "application/vnd.git-lfs+json"
LARGEST_ANSWER = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", re.ASCII)
_VALUE = re.compile(r"[\t -~]{0,8192}", re.ASCII)
_OURS = ("host", "range", "accept-encoding", "content-length", "transfer-encoding", "connection")
"""Headers that a server may not choose for us."""


@dataclass(frozen=True)
class Download:
    """Where an object lies, and what must be said there; neither is ever shown."""

    href: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def asked(pointer: Pointer) -> bytes:
    """The body that asks for one object."""
    wanted = {"oid": pointer.sha256, "size": pointer.size}
    return json.dumps({"operation": "download", "transfers": ["basic"], "objects": [wanted], "hash_algo": "sha256"}).encode()


def told(content: bytes, pointer: Pointer, path: str, name: str, shown: Callable[[str], str]) -> Download:
    """Where the answer says that the object lies. Raises Refusals, or Unreachable for an error that may pass."""
    data = _object(content)
    if data is None or data.get("transfer", "basic") != "basic" or data.get("hash_algo", "sha256") != "sha256":
        _refuse(f"{name} does not answer as an LFS server does; correct TOWPATH_LFS_URL.")
    objects = data.get("objects")
    found = [one for one in objects if isinstance(one, dict) and one.get("oid") == pointer.sha256] if isinstance(objects, list) else []
    if len(found) != 1:
        _refuse(f"{name} does not say where {path} lies.")
    if error := found[0].get("error"):
        _refused(error, path, name, shown)
    if found[0].get("size", pointer.size) != pointer.size:
        _refuse(f"{path} has another size at {name} than its pointer says ({pointer.size} bytes).")
    return _download(found[0].get("actions"), path, name)


def _download(actions: Any, path: str, name: str) -> Download:
    download = actions.get("download") if isinstance(actions, dict) else None
    href, headers = (download.get("href"), download.get("header") or {}) if isinstance(download, dict) else (None, {})
    if not isinstance(href, str) or not isinstance(headers, dict):
        _refuse(f"{name} does not say where {path} lies.")
    for key, value in headers.items():
        if not isinstance(value, str) or not _NAME.fullmatch(key) or not _VALUE.fullmatch(value) or key.lower() in _OURS:
            _refuse(f"{name} wants a header with {path} that is not sent.")
    return Download(href, {key.lower(): value for key, value in headers.items()})


def _refused(error: Any, path: str, name: str, shown: Callable[[str], str]) -> NoReturn:
    code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, None)
    said = shown(f"{code}: {message}" if isinstance(message, str) else str(code))
    if isinstance(code, int) and (code >= 500 or code == 429):
        raise Unreachable(f"bringing {path} from {name}: it answers {said}")
    if code in (404, 410):
        _refuse(f"{name} does not have {path} ({said}); push it with `git lfs push`.")
    _refuse(f"{name} does not give {path}: it answers {said}.")


def reason_of(content: bytes) -> str:
    """The `message` of an answer that is no success, if it has one."""
    message = (_object(content) or {}).get("message")
    return message if isinstance(message, str) else ""


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _refuse(reason: str) -> NoReturn:
    raise Refusals(reason)
