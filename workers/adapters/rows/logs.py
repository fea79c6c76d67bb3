"""The logs that are taken up: the request log of the demo's model server, and the payload log of KServe.

Source: https://kserve.github.io/website (inference logger), https://github.com/cloudevents/spec (CloudEvents 1.0, JSON).
"""

from __future__ import annotations

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from workers.adapters.rows import lines, tensors
from workers.adapters.rows.files import File
from workers.adapters.rows.lines import BadLine
from workers.adapters.rows.tensors import BadTensor, Columns

_ENDINGS = (".jsonl", ".json", ".ndjson", ".log")
_REQUEST, _RESPONSE = "org.kubeflow.serving.inference.request", "org.kubeflow.serving.inference.response"
_VERSION = re.compile(r"v\d+\.\d+\.\d+[\w.+-]{0,100}", re.ASCII)
MOST_WAITING = 20_000
"""Requests whose response has not come yet, at most; the oldest one then goes on without."""


@dataclass(frozen=True)
class Rows:
    """Rows of one request: when it was, by which version it was answered (None: nobody says), and the values by column."""

    seen: datetime
    version: str | None
    rows: int
    columns: Columns


class Log(Protocol):
    """A format: which files belong together, and what a line of theirs says."""

    def unit(self, file: File) -> str | None:
        """What a file is part of and is read with; None for a file of another kind."""

    def reading(self) -> Reading:
        """Reads one unit from its beginning."""


class Reading(Protocol):
    """Takes the lines of a unit one by one."""

    def take(self, line: bytes | None) -> Iterator[Rows]:
        """The rows that are complete now. Raises BadLine or BadTensor."""

    def rest(self) -> Iterator[Rows]:
        """What is left at the end."""


class RequestLog:
    """`<model>/<date>/<hour>-<random>.jsonl`, with a request and its answer in each line."""

    def __init__(self, model: str) -> None:
        self._folder = f"{quote(model, safe='')}/"

    def unit(self, file: File) -> str | None:
        """Each file by itself."""
        return file.name if file.name.startswith(self._folder) and file.name.endswith(".jsonl") else None

    def reading(self) -> Reading:
        """A line is complete by itself."""
        return _Requests()


class _Requests:
    def take(self, line: bytes | None) -> Iterator[Rows]:
        said = lines.read(line)
        rows, columns = tensors.of_v2(said.get("inputs"))
        answered, outputs = tensors.of_v2(said.get("outputs", []))
        if outputs and answered != rows:
            raise BadTensor("an answer of another length than its request")
        yield Rows(lines.instant(said.get("time")), _version(said.get("version")), rows, _joined(columns, outputs))

    def rest(self) -> Iterator[Rows]:
        return iter(())


class PayloadLog:
    """Any folders of files with CloudEvents: one in each line, or one in each file. Those of a folder belong together."""

    def unit(self, file: File) -> str | None:
        """The folder: request and response may be in different files of it."""
        return (file.name.rpartition("/")[0] or ".") if file.name.endswith(_ENDINGS) else None

    def reading(self) -> Reading:
        """Events are joined by their ids."""
        return _Events()


class _Events:
    def __init__(self) -> None:
        self._requests: OrderedDict[str, Rows] = OrderedDict()
        self._responses: OrderedDict[str, tuple[str | None, int, Columns]] = OrderedDict()

    def take(self, line: bytes | None) -> Iterator[Rows]:
        said = lines.read(line)
        kind, key = said.get("type"), said.get("id")
        if kind not in (_REQUEST, _RESPONSE) or not isinstance(key, str):
            raise BadLine("no request or response of KServe")
        body = _body(said)
        if kind == _REQUEST:
            self._requests[key] = Rows(lines.instant(said.get("time")), None, *_table(body, "inputs", "instances"))
        else:
            self._responses[key] = (_version(body.get("model_version")), *_table(body, "outputs", "predictions"))
        if key in self._requests and key in self._responses:
            yield _answered(self._requests.pop(key), *self._responses.pop(key))
        if len(self._requests) > MOST_WAITING:
            yield self._requests.popitem(last=False)[1]
        if len(self._responses) > MOST_WAITING:
            self._responses.popitem(last=False)

    def rest(self) -> Iterator[Rows]:
        """Requests without a response are rows all the same."""
        yield from self._requests.values()


def _answered(request: Rows, version: str | None, rows: int, outputs: Columns) -> Rows:
    fits = rows == request.rows
    return Rows(request.seen, version, request.rows, _joined(request.columns, outputs) if fits else request.columns)


def _joined(inputs: Columns, outputs: Columns) -> Columns:
    return {**outputs, **inputs}


def _body(event: dict[str, Any]) -> dict[str, Any]:
    """The data of an event: an object, or its JSON as text or in base64."""
    data = event.get("data")
    try:
        if isinstance(encoded := event.get("data_base64"), str):
            data = base64.b64decode(encoded, validate=True)
        if isinstance(data, str | bytes):
            data = json.loads(data)
    except (ValueError, RecursionError):
        raise BadLine("an event whose data is no JSON") from None
    if not isinstance(data, dict):
        raise BadLine("an event without data")
    return data


def _table(body: dict[str, Any], v2: str, v1: str) -> tuple[int, Columns]:
    return tensors.of_v2(body[v2]) if v2 in body else tensors.of_v1(body.get(v1), v1)


def _version(value: Any) -> str | None:
    """A version in our words; servers that number theirs otherwise do not say which one of ours it is."""
    return value if isinstance(value, str) and _VERSION.fullmatch(value) else None
