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
class Action:
    """Where something is to be asked for an object, and what must be said there; neither is ever shown."""

    href: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


def named(pointer: Pointer) -> dict[str, str | int]:
    """An object as the protocol names it."""
    return {"oid": pointer.sha256, "size": pointer.size}


def asked(pointer: Pointer, operation: str = "download") -> bytes:
    """The body that asks for one object: to `download` it, or to `upload` it."""
    wanted = named(pointer)
    return json.dumps({"operation": operation, "transfers": ["basic"], "objects": [wanted], "hash_algo": "sha256"}).encode()


def told(content: bytes, pointer: Pointer, path: str, name: str, shown: Callable[[str], str]) -> Action:
    """Where the answer says that the object lies. Raises Refusals, or Unreachable for an error that may pass."""
    found = _action(_told(content, pointer, path, name, lambda error: _not_given(error, path, name, shown)), "download", path, name)
    if found is None:
        _refuse(f"{name} does not say where {path} lies.")
    return found


def told_for_upload(
    content: bytes, pointer: Pointer, path: str, name: str, shown: Callable[[str], str]
) -> tuple[Action | None, Action | None]:
    """Where the object is to be put (None: the server has it already), and where to ask afterwards whether it came (None: nowhere).

    Raises Refusals, or Unreachable for an error that may pass.
    """
    actions = _told(content, pointer, path, name, lambda error: _not_taken(error, path, name, shown))
    return _action(actions, "upload", path, name), _action(actions, "verify", path, name)


def _told(content: bytes, pointer: Pointer, path: str, name: str, refused: Callable[[Any], NoReturn]) -> Any:
    """The actions that the answer names for the object."""
    data = _object(content)
    if data is None or data.get("transfer", "basic") != "basic" or data.get("hash_algo", "sha256") != "sha256":
        _refuse(f"{name} does not answer as an LFS server does; correct TOWPATH_LFS_URL.")
    objects = data.get("objects")
    found = [one for one in objects if isinstance(one, dict) and one.get("oid") == pointer.sha256] if isinstance(objects, list) else []
    if len(found) != 1:
        _refuse(f"{name} does not say where {path} lies.")
    if error := found[0].get("error"):
        refused(error)
    if found[0].get("size", pointer.size) != pointer.size:
        _refuse(f"{path} has another size at {name} than its pointer says ({pointer.size} bytes).")
    return found[0].get("actions")


def _action(actions: Any, which: str, path: str, name: str) -> Action | None:
    action = actions.get(which) if isinstance(actions, dict) else None
    if action is None:
        return None
    href, headers = (action.get("href"), action.get("header") or {}) if isinstance(action, dict) else (None, {})
    if not isinstance(href, str) or not isinstance(headers, dict):
        _refuse(f"{name} does not say where {path} lies.")
    for key, value in headers.items():
        if not isinstance(value, str) or not _NAME.fullmatch(key) or not _VALUE.fullmatch(value) or _is_ours(key, value, which):
            _refuse(f"{name} wants a header with {path} that is not sent.")
    return Action(href, {key.lower(): value for key, value in headers.items()})


def _is_ours(key: str, value: str, which: str) -> bool:
    """GitLab wants uploads in chunks, which is as good as any other way."""
    chunked = which == "upload" and (key.lower(), value.lower()) == ("transfer-encoding", "chunked")
    return key.lower() in _OURS and not chunked


def _not_taken(error: Any, path: str, name: str, shown: Callable[[str], str]) -> NoReturn:
    code, said = _said(error, shown)
    if isinstance(code, int) and (code >= 500 or code == 429):
        raise Unreachable(f"sending {path} to {name}: it answers {said}")
    _refuse(f"{name} does not take {path}: it answers {said}.")


def _said(error: Any, shown: Callable[[str], str]) -> tuple[Any, str]:
    code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, None)
    return code, shown(f"{code}: {message}" if isinstance(message, str) else str(code))


def _not_given(error: Any, path: str, name: str, shown: Callable[[str], str]) -> NoReturn:
    code, said = _said(error, shown)
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
