"""The Open Inference Protocol V2 over REST as a target speaks it: its addresses, its bodies, and what its answers mean.

Sources: the protocol's "inference REST" and "model repository" documents, and Triton's "model_repository_unload/load" parameters, with which a load
carries the files. On top of them the extension `towpath_default`: `POST .../versions/{version}/default` names the version that answers a caller
who names none, the model's metadata tells it (`parameters`: `default_version`, `digest`, `fence`), and a change with an older `fence` gets 409 with
`parameters.result` = `stale_fence`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from workers.adapters.targets.exchange import Exchange, Reply
from workers.adapters.targets.golden import NotJson
from workers.ports.errors import RefusedByHost, Unclear, Unreachable
from workers.ports.target import Applied, Live, Wanted

EXTENSION = "towpath_default"
LOAD_TIMEOUTS = 6
"""Opening a model takes longer than moving a pointer."""

_LATER = frozenset({408, 425, 429})
_DENIED = frozenset({401, 403})


@dataclass(frozen=True)
class Operation:
    """Who asks: the id by which the same request is recognised, and the fence that orders generations."""

    id: str
    fence: int

    @property
    def parameters(self) -> dict[str, Any]:
        """As they go into a body."""
        return {"operation_id": self.id, "fence": self.fence}


@dataclass(frozen=True)
class Said:
    """What the other side says of a change: DONE, STALE or REFUSED with its reason."""

    result: Applied
    text: str = ""


@dataclass(frozen=True)
class Held:
    """A version that is loaded; `digest` is None when it is not told."""

    digest: str | None


class Dialogue:
    """A talk with one server for the length of one call. `changed` says whether anything that changes something may have reached it.

    Reads raise Unreachable, or RefusedByHost when the answer is a no or no answer of this protocol.
    """

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.changed = False

    def require_default(self) -> None:
        """Raise RefusedByHost when the server cannot be told which version answers by default."""
        content = self._read("/v2")
        extensions = content.get("extensions") if content is not None else None
        if not isinstance(extensions, list):
            raise RefusedByHost(f"{self._name}: its address does not answer the Open Inference Protocol V2.")
        if EXTENSION not in extensions:
            raise RefusedByHost(
                f"{self._name}: its server does not announce {EXTENSION}, so it cannot be told which version answers by default; nothing was sent to it."
            )

    def live(self, artifact: str) -> Live:
        """What is served by default."""
        content = self._read(_model(artifact))
        if content is None:
            return Live(None, None, None)
        told = _parameters(content)
        fence = told.get("fence")
        if fence is not None and type(fence) is not int:
            raise self._garbled("its fence is not a whole number")
        return Live(self._text(told, "default_version"), self._text(told, "digest"), fence)

    def held(self, artifact: str, label: str) -> Held | None:
        """What is loaded under a label, or None."""
        content = self._read(_version(artifact, label))
        return None if content is None else Held(self._text(_parameters(content), "digest"))

    def load(self, wanted: Wanted, files: Mapping[str, bytes], operation: Operation) -> Said:
        """Bring the files beside what runs. Raises Unreachable, or Unclear when the answer was lost."""
        body = load_body(wanted, files, operation)
        return self._change(f"{_repository(wanted.version.artifact)}/load", body, LOAD_TIMEOUTS)

    def make_default(self, artifact: str, label: str, operation: Operation) -> Said:
        """Let a loaded version answer by default. Raises Unreachable, or Unclear when the answer was lost."""
        path = f"{_repository(artifact)}/versions/{quote(label, safe='')}/default"
        return self._change(path, _body(operation.parameters))

    def unload(self, artifact: str, label: str, operation: Operation) -> Said:
        """Drop a version. Raises Unreachable, or Unclear when the answer was lost."""
        return self._change(f"{_repository(artifact)}/unload", _body({"version": label, **operation.parameters}))

    def infer(self, artifact: str, label: str | None, body: bytes) -> Reply:
        """Ask for a prediction of a version, or on the way that clients take when `label` is None. A model's own failure is a reply."""
        place = _model(artifact) if label is None else _version(artifact, label)
        reply = self._exchange.ask(f"{place}/infer", body)
        if reply.status in _LATER or 502 <= reply.status <= 504:
            raise Unreachable(f"{self._name}: it answers {self._exchange.about(reply)}")
        if reply.status in _DENIED or 300 <= reply.status < 400:
            raise self._denied(reply)
        return reply

    def about(self, reply: Reply) -> str:
        """What an answer that is no success says, in words."""
        return self._exchange.about(reply)

    def clean(self, text: str) -> str:
        """`text` from the other side, fit to be shown."""
        return self._exchange.clean(text)

    @property
    def _name(self) -> str:
        return self._exchange.name

    def _read(self, path: str) -> Mapping[str, Any] | None:
        """The JSON object at `path`, None for 404."""
        reply = self._exchange.get(path)
        if reply.status == 404:
            return None
        if reply.status in _LATER or reply.status >= 500:
            raise Unreachable(f"{self._name}: it answers {self._exchange.about(reply)}")
        if reply.status != 200:
            raise self._denied(reply)
        try:
            return reply.content
        except NotJson as exc:
            raise self._garbled(str(exc)) from exc

    def _change(self, path: str, body: bytes, timeouts: int = 1) -> Said:
        try:
            reply = self._exchange.change(path, body, timeouts)
        except Unclear:
            self.changed = True
            raise
        self.changed = True
        return self._said(reply)

    def _said(self, reply: Reply) -> Said:
        """What an answer to a change means: an error of the server (5xx) or of what stands before it tells nothing of the change."""
        if 200 <= reply.status < 300:
            return Said(Applied.DONE)
        if reply.status >= 500 or reply.status in _LATER:
            raise Unclear(f"{self._name}: it answers {self._exchange.about(reply)}")
        if reply.status == 409 and reply.parameters.get("result") == "stale_fence":
            return Said(Applied.STALE, self._exchange.about(reply))
        if 300 <= reply.status < 400:
            return Said(Applied.REFUSED, f"{reply.status}: a redirect, which is not followed")
        return Said(Applied.REFUSED, self._exchange.about(reply))

    def _text(self, told: Mapping[str, Any], key: str) -> str | None:
        value = told.get(key)
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= 256):
            raise self._garbled(f"its {key} is not a text")
        return value

    def _denied(self, reply: Reply) -> RefusedByHost:
        what = f"{reply.status}: a redirect, which is not followed" if 300 <= reply.status < 400 else self._exchange.about(reply)
        return RefusedByHost(f"{self._name}: it answers {what}.")

    def _garbled(self, why: str) -> RefusedByHost:
        return RefusedByHost(f"{self._name}: its answer is not of the Open Inference Protocol V2: {why}.")


def load_body(wanted: Wanted, files: Mapping[str, bytes], operation: Operation) -> bytes:
    """The body of a load: `file:<label>/<path>` parameters in base64, and a `config` that names the file to open, when it is known."""
    parameters = {f"file:{wanted.label}/{path}": base64.b64encode(content).decode() for path, content in files.items()}
    entry = wanted.version.entry or (next(iter(files)) if len(files) == 1 else None)
    if entry is not None:
        parameters["config"] = json.dumps({"default_model_filename": entry})
    return _body({**parameters, **operation.parameters})


def read_files(files: Mapping[str, Path], most: int) -> dict[str, bytes] | None:
    """The content of each file by its path in the version; None when they hold more than `most` bytes together. Raises OSError."""
    if sum(path.stat().st_size for path in files.values()) > most:
        return None
    return {name: path.read_bytes() for name, path in files.items()}


def _body(parameters: Mapping[str, Any]) -> bytes:
    return json.dumps({"parameters": parameters}).encode()


def _parameters(content: Mapping[str, Any]) -> Mapping[str, Any]:
    found = content.get("parameters")
    return found if isinstance(found, dict) else {}


def _model(artifact: str) -> str:
    return f"/v2/models/{quote(artifact, safe='')}"


def _version(artifact: str, label: str) -> str:
    return f"{_model(artifact)}/versions/{quote(label, safe='')}"


def _repository(artifact: str) -> str:
    return f"/v2/repository/models/{quote(artifact, safe='')}"
