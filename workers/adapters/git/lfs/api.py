"""The large files of an LFS server: its batch API says where an object lies, then it is downloaded (git-lfs, docs/api/batch.md, basic-transfers.md).

The server is the operator's; what it answers is checked all the same. Our credentials go to its own site alone, and the addresses and headers that
it gives, which may hold tokens, are never shown.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import httpx

from workers.adapters.git.lfs.batch import LARGEST_ANSWER, MEDIA, Action, asked, reason_of, told
from workers.adapters.git.lfs.pointer import Pointer
from workers.adapters.git.login import Logins
from workers.adapters.git.refusals import Refusals
from workers.adapters.git.urls import RemoteUrl, shown
from workers.ports.errors import Unreachable

TIMEOUT = 30.0
SLOWEST = 64 * 1024
"""Bytes per second that a download must reach on the whole, a minute aside: whoever trickles must not hold a worker for ever."""

_TRIES = 2
_MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_LATER = (408, 425, 429, 500, 502, 503, 504, 507, 509)


class Server:
    """The LFS server at an address (http or https). `timeout` is in seconds, for connecting and for each pause.

    The credentials are those of the address, or what `logins` gives for each object.
    """

    def __init__(self, url: RemoteUrl, timeout: float = TIMEOUT, logins: Logins | None = None) -> None:
        self._url = url
        self._site = httpx.URL(url.address)
        self._timeout = timeout
        self._logins = logins
        self._secrets = url.secrets
        self._login = httpx.BasicAuth(url.user, url.password) if url.secrets else None

    def pieces(self, pointer: Pointer, path: str) -> Iterator[bytes]:
        """The content as it comes, at most one byte more than the pointer says. Raises Refusals or Unreachable."""
        self._log_in()
        with self._client() as client:
            yield from _Transfer(self, client, pointer, path).pieces()

    def send(self, pointer: Pointer, path: str, content: Callable[[], Iterator[bytes]]) -> None:
        """Put an object there, unless the server has it already; `content` begins anew with each call. Raises Refusals or Unreachable."""
        from workers.adapters.git.lfs.sending import Sending  # noqa: PLC0415  # only retrainings send

        self._log_in()
        with self._client() as client:
            Sending(self, client, pointer, path).send(content)

    def log_in_again(self) -> bool:
        """Take another login after one that was refused; False where there is none to be had. Raises WorldError."""
        if self._logins is None:
            return False
        self._logins.forget()
        self._log_in()
        return True

    def _log_in(self) -> None:
        if self._logins:
            login = self._logins.login()
            self._secrets = (login.password,)
            self._login = httpx.BasicAuth(login.user, login.password)

    def _client(self) -> httpx.Client:
        headers = {"Accept-Encoding": "identity", "User-Agent": "towpath"}
        return httpx.Client(headers=headers, timeout=self._timeout, follow_redirects=False, verify=ssl.create_default_context())

    def shown(self, text: str) -> str:
        """Words of the server as people may see them."""
        return shown(text, self._secrets, 200)

    @property
    def name(self) -> str:
        """Its site, for people."""
        return f"the LFS server {self._site.scheme}://{self._site.netloc.decode()}"

    @property
    def batch(self) -> str:
        """Where the batch API is."""
        return f"{self._url.address.rstrip('/')}/objects/batch"

    def login_for(self, url: httpx.URL) -> httpx.Auth | None:
        """Our credentials, if the address is of the server's own site."""
        own = (url.scheme, url.netloc) == (self._site.scheme, self._site.netloc)
        return self._login if own else None

    def fit(self, base: httpx.URL, href: str, path: str) -> httpx.URL:
        """An address that the server gives, if it may be followed: http or https, and never from https down to http. Raises Refusals."""
        try:
            url = base.join(href)
        except (httpx.InvalidURL, TypeError) as exc:
            raise Refusals(f"{self.name} gives an address for {path} that is none.") from exc
        if url.scheme not in ("http", "https") or not url.host or (url.scheme == "http" and self._site.scheme == "https"):
            raise Refusals(
                f"{self.name} sends whoever wants {path} to an address that is not followed (its scheme is {self.shown(url.scheme)!r})."
            )
        return url


class _Transfer:
    """One object on its way. A connection that breaks is taken up once more where it broke."""

    def __init__(self, server: Server, client: httpx.Client, pointer: Pointer, path: str) -> None:
        self._server = server
        self._client = client
        self._pointer = pointer
        self._path = path
        self._got = 0
        self._may_log_in_again = True
        self._until = time.monotonic() + 60 + pointer.size / SLOWEST

    def pieces(self) -> Iterator[bytes]:
        for left in reversed(range(_TRIES)):
            try:
                yield from self._rest(self._where())
            except httpx.TransportError as exc:
                if not left or time.monotonic() > self._until:
                    raise Unreachable(f"bringing {self._path} from {self._server.name}: {type(exc).__name__}") from exc
            else:
                return

    def _where(self) -> Action:
        server, body = self._server, asked(self._pointer)
        login = server.login_for(httpx.URL(server.batch))
        with self._client.stream(
            "POST", server.batch, content=body, headers={"Accept": MEDIA, "Content-Type": MEDIA}, auth=login
        ) as answer:
            content = self._small(answer)
            if answer.status_code == 200:
                return told(content, self._pointer, self._path, server.name, server.shown)
        may, self._may_log_in_again = self._may_log_in_again, False
        if answer.status_code == 401 and may and server.log_in_again():
            return self._where()
        return self._refuse(answer, content)

    def _rest(self, download: Action) -> Iterator[bytes]:
        with self._opened(download) as answer:
            skip = self._skipped(answer)
            for part in answer.iter_raw():
                fresh, skip = part[skip:], max(0, skip - len(part))
                self._got += len(fresh)
                yield fresh
                if self._got > self._pointer.size:
                    return
                if time.monotonic() > self._until:
                    raise Unreachable(f"bringing {self._path} from {self._server.name}: it is too slow")

    def _skipped(self, answer: httpx.Response) -> int:
        """How many bytes come once more. Raises Refusals when the whole is not as long as it must be."""
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Refusals(f"{self._server.name} gives {self._path} in an encoding that was not asked for.")
        begins = f"bytes {self._got}-"
        if answer.status_code == 206 and not answer.headers.get("Content-Range", "").startswith(begins):
            raise Refusals(f"{self._server.name} gives another part of {self._path} than was asked for.")
        skip = 0 if answer.status_code == 206 else self._got
        length = answer.headers.get("Content-Length", "")
        if length.isascii() and length.isdigit() and int(length) + self._got - skip != self._pointer.size:
            raise Refusals(
                f"{self._path} has {int(length) + self._got - skip} bytes at {self._server.name}, but its pointer says {self._pointer.size}."
            )
        return skip

    @contextmanager
    def _opened(self, download: Action) -> Iterator[httpx.Response]:
        """The answer to a download, after redirects: headers that the server gave for one site go to no other."""
        url, headers = self._server.fit(httpx.URL(self._server.batch), download.href, self._path), dict(download.headers)
        for _ in range(_MOST_REDIRECTS + 1):
            login = None if "authorization" in headers else self._server.login_for(url)
            resumed = {"Range": f"bytes={self._got}-"} if self._got else {}
            with self._client.stream("GET", url, headers={**headers, **resumed}, auth=login) as answer:
                if answer.status_code in _REDIRECTS:
                    onward = self._server.fit(url, answer.headers.get("Location", ""), self._path)
                    headers = headers if (onward.scheme, onward.netloc) == (url.scheme, url.netloc) else {}
                    url = onward
                    continue
                if answer.status_code not in (200, 206):
                    self._refuse(answer, b"")
                yield answer
                return
        raise Refusals(f"{self._server.name} sends whoever wants {self._path} from one address to the next.")

    def _small(self, answer: httpx.Response) -> bytes:
        content = b""
        for part in answer.iter_raw():
            content += part
            if len(content) > LARGEST_ANSWER or time.monotonic() > self._until:
                raise Refusals(f"{self._server.name} says more about {self._path} than an answer may hold.")
        return content

    def _refuse(self, answer: httpx.Response, content: bytes) -> NoReturn:
        """Turn an answer that is no success into words. Raises Unreachable when it may be another one later, else Refusals."""
        status, name = answer.status_code, self._server.name
        said = f"{status}: {words}" if (words := self._server.shown(reason_of(content))) else str(status)
        if status in _LATER:
            raise Unreachable(f"bringing {self._path} from {name}: it answers {said}")
        if status in (401, 403):
            raise Refusals(f"{name} does not let Towpath read {self._path} ({said}); an operator must give it access (TOWPATH_LFS_URL).")
        if status in (404, 410):
            raise Refusals(f"{name} does not have {self._path} ({said}); push it with `git lfs push`, or correct TOWPATH_LFS_URL.")
        raise Refusals(f"{name} does not give {self._path}: it answers {said}.")
