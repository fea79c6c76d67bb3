"""One large file on its way to an LFS server: asked for, put, and asked after (git-lfs, docs/api/batch.md and basic-transfers.md).

The addresses and headers that the server gives may hold tokens and are never shown; our own credentials go to its own site alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, NoReturn

import httpx

from workers.adapters.git.lfs.batch import LARGEST_ANSWER, MEDIA, Action, asked, named, reason_of, told_for_upload
from workers.adapters.git.lfs.pointer import Pointer
from workers.adapters.git.refusals import Refusals
from workers.ports.errors import Unreachable

if TYPE_CHECKING:
    from workers.adapters.git.lfs.api import Server

_TRIES = 2
_LATER = (408, 425, 429, 500, 502, 503, 504, 509)
_FULL = 507


class Sending:
    """An object for a server."""

    def __init__(self, server: Server, client: httpx.Client, pointer: Pointer, path: str) -> None:
        self._server = server
        self._client = client
        self._pointer = pointer
        self._path = path

    def send(self, content: Callable[[], Iterator[bytes]]) -> None:
        """Put it there, unless it is there. A connection that breaks is tried once more, from the beginning."""
        for left in reversed(range(_TRIES)):
            try:
                return self._sent(content)
            except httpx.TransportError as exc:
                if not left:
                    raise Unreachable(f"sending {self._path} to {self._server.name}: {type(exc).__name__}") from exc
        return None

    def _sent(self, content: Callable[[], Iterator[bytes]]) -> None:
        upload, verify = self._where()
        if upload is None:
            return
        headers = {"content-type": "application/octet-stream", **upload.headers}
        if headers.get("transfer-encoding", "").lower() == "chunked":
            del headers["transfer-encoding"]  # httpx sends in chunks whatever has no length, and says so itself
        else:
            headers["content-length"] = str(self._pointer.size)
        self._asked("PUT", upload, headers, content())
        if verify:
            spoken = {"accept": MEDIA, "content-type": MEDIA, **verify.headers}
            self._asked("POST", verify, spoken, json.dumps(named(self._pointer)).encode())

    def _where(self) -> tuple[Action | None, Action | None]:
        server = self._server
        for may in (True, False):
            batch = httpx.URL(server.batch)
            headers = {"Accept": MEDIA, "Content-Type": MEDIA}
            body = asked(self._pointer, "upload")
            with self._client.stream("POST", batch, content=body, headers=headers, auth=server.login_for(batch)) as answer:
                content = self._small(answer)
            if answer.status_code == 200:
                return told_for_upload(content, self._pointer, self._path, server.name, server.shown)
            if not (answer.status_code == 401 and may and server.log_in_again()):
                break
        return self._refuse(answer.status_code, content)

    def _asked(self, method: str, action: Action, headers: Mapping[str, str], content: Iterator[bytes] | bytes) -> None:
        url = self._server.fit(httpx.URL(self._server.batch), action.href, self._path)
        login = None if "authorization" in headers else self._server.login_for(url)
        with self._client.stream(method, url, content=content, headers=dict(headers), auth=login) as answer:
            said = self._small(answer)
        if answer.status_code not in (200, 201, 202, 204):
            self._refuse(answer.status_code, said)

    def _small(self, answer: httpx.Response) -> bytes:
        content = b""
        for part in answer.iter_raw():
            content += part
            if len(content) > LARGEST_ANSWER:
                raise Refusals(f"{self._server.name} says more about {self._path} than an answer may hold.")
        return content

    def _refuse(self, status: int, content: bytes) -> NoReturn:
        """Turn an answer that is no success into words. Raises Unreachable when it may be another one later, else Refusals."""
        name = self._server.name
        said = f"{status}: {words}" if (words := self._server.shown(reason_of(content))) else str(status)
        if status in _LATER:
            raise Unreachable(f"sending {self._path} to {name}: it answers {said}")
        if status in (401, 403):
            raise Refusals(
                f"{name} does not let Towpath write {self._path} ({said}); an operator must let it push there (TOWPATH_LFS_URL)."
            )
        if status == _FULL:
            raise Refusals(f"{name} has no room for {self._path} ({said}).")
        raise Refusals(f"{name} does not take {self._path}: it answers {said}.")
